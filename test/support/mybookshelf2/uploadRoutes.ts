// The routes that take a file in.
import { randomBytes } from 'node:crypto';
import { failure, json, type Answer } from './answers.ts';
import { resolveFormat } from './formats.ts';
import { isObject, withoutNulls } from './json.ts';
import type { Call, RestServer } from './routes.ts';
import { extensionOf, storedFileName } from './storedNames.ts';
import { timeText } from './timeText.ts';

const keysOfCheck: readonly string[] = ['size', 'hash', 'mime_type', 'extension'];
const largestBatch = 200;

interface Candidate {
  readonly size: number;
  readonly mimeType: string;
  readonly extension: string | undefined;
}

/** `POST /api/upload/check` */
export function checkUpload({ json: body }: Call, server: RestServer): Answer {
  if (!isObject(body)) return failure(400);
  const { size, hash, mime_type: mimeType, extension } = body;
  const validSize = typeof size === 'string' ? Number(size) >= 1 : typeof size === 'number' && size >= 1;
  if (!validSize || typeof mimeType !== 'string' || Array.from(mimeType).length > 255) return failure(400);
  // A size that is a string passes the validation, and breaks what comes after it; so does any other set of keys.
  if (typeof size !== 'number' || !('hash' in body)) return failure(500);
  if (Object.keys(body).some(key => !keysOfCheck.includes(key))) return failure(500);
  const candidate = { size, mimeType, extension: typeof extension === 'string' ? extension : undefined };
  const error = refusal(candidate, typeof hash === 'string' ? hash : undefined, server);
  return json(error === undefined ? { result: 'ok' } : { error });
}

/** `POST /api/upload/check-batch` */
export function checkBatch({ json: body }: Call, server: RestServer): Answer {
  if (!server.checkBatch) return failure(404);
  if (!Array.isArray(body) || body.length > largestBatch) return failure(400);
  const results: unknown[] = [];
  for (const element of body as unknown[]) {
    if (!isObject(element)) return failure(500);
    const { size = 0, hash, mime_type: mimeType, extension } = element;
    if (typeof size !== 'number') return failure(500);
    const candidate = {
      size,
      mimeType: typeof mimeType === 'string' ? mimeType : '',
      extension: typeof extension === 'string' ? extension : undefined,
    };
    const error = unfit(candidate, server) ?? null;
    // Without a hash any file of this size counts, whatever its content.
    const known =
      typeof hash === 'string' && hash !== ''
        ? server.tables.source(hash, size) !== undefined
        : server.tables.hasSize(size);
    results.push({ exists: error === null && known, error });
  }
  return json({ results });
}

/** `POST /api/upload` */
export function receiveUpload({ file }: Call, { tables, ...server }: RestServer): Answer {
  if (!file) return failure(400);
  if (file.fileName === '') return json({ error: 'no file' });
  const storedName = storedFileName(file.fileName);
  // Nothing of the name is left: the server tries to write to the folder itself. An empty file has no hash there.
  if (storedName === '' || file.size === 0) return failure(500);
  const candidate = { size: file.size, mimeType: file.contentType, extension: extensionOf(storedName) };
  const error = refusal(candidate, file.hash, { tables, ...server });
  if (error !== undefined) return json({ error });
  const stored = `tmp${randomBytes(4).toString('hex')}/${storedName}`;
  tables.addStoredFile({ file: stored, storedName, hash: file.hash, size: file.size });
  return json({ result: 'ok', file: stored });
}

/** `GET /api/uploads-meta/<id>` */
export function uploadMeta({ params }: Call, { tables, user }: RestServer): Answer {
  const upload = tables.upload(Number(params[0]));
  if (!upload) return json({ message: 'There is no such upload.' }, 404);
  return json(
    withoutNulls({
      id: upload.id,
      file: upload.file,
      load_source: upload.loadSource,
      format: upload.format.id,
      size: upload.size,
      hash: upload.hash,
      cover: upload.hasCover,
      created: timeText(upload.created),
      modified: timeText(upload.created),
      created_by: user.id,
      modified_by: user.id,
      meta: upload.meta,
    }),
  );
}

/** Why a file is not taken, tested in this order: its size, its format, whether it is there already. */
function refusal(candidate: Candidate, hash: string | undefined, server: RestServer): string | undefined {
  const exists = hash !== undefined && server.tables.source(hash, candidate.size) !== undefined;
  return unfit(candidate, server) ?? (exists ? 'file already exists' : undefined);
}

function unfit({ size, mimeType, extension }: Candidate, { maxBytes }: RestServer): string | undefined {
  if (size > maxBytes) return 'file too big';
  const format = resolveFormat(mimeType, extension);
  return 'error' in format ? format.error : undefined;
}
