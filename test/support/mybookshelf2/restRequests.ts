// One REST request from its first byte to its answer, with the fault that it meets on the way.
import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { failure, type Answer } from './answers.ts';
import type { FaultKind, Faults } from './faults.ts';
import { boundaryOf, MultipartError, readMultipart } from './multipart.ts';
import type { RequestCounts } from './requestCounts.ts';
import { routes, type Call, type ReceivedFile, type RestServer, type Route } from './routes.ts';
import { isSignIn } from './signIn.ts';
import { bearerToken } from './tokens.ts';

export interface RestRequestOptions {
  readonly server: RestServer;
  readonly faults: Faults;
  readonly counts: RequestCounts;
  readonly latencyMs: number;
}

/** Reads the request and answers it. Rejects when the connection breaks, or the server stops. */
export async function answerRequest(
  request: IncomingMessage,
  response: ServerResponse,
  options: RestRequestOptions,
): Promise<void> {
  const { server, faults, counts, latencyMs } = options;
  const url = new URL(request.url ?? '/', 'http://localhost');
  const path = decoded(url.pathname);
  const matching = routes.filter(route => route.path.test(path));
  const route = matching.find(({ method }) => method === request.method);
  if (!route) {
    await drain(request);
    send(response, failure(matching.length > 0 ? 405 : 404));
    return;
  }

  const over = counts.begin(route.name);
  try {
    const fault = faults.next(route.name);
    if (fault === 'cutBefore') {
      await drain(request, Number(request.headers['content-length'] ?? 0) / 2);
      request.socket.destroy();
      return;
    }
    const refusal = refusalBefore(request, url, route, fault, options);
    const body = refusal ? undefined : await readBody(request, route);
    if (refusal) await drain(request);
    await server.wait(latencyMs + (fault === 'slow' ? faults.slowMs : 0));
    if (!body) {
      send(response, refusal ?? failure(400));
      return;
    }
    const params = route.path.exec(path)!.slice(1);
    const call: Call = { params, query: url.searchParams, headers: request.headers, ...body };
    if (fault === 'duplicateMeanwhile') storeMeanwhile(call, server);
    const answer = await route.answer(call, server);
    countSignIn(call, route, answer, counts);
    if (fault === 'cutAfter') request.socket.destroy();
    else send(response, fault === 'error500After' ? failure(500) : answer);
  } finally {
    over();
  }
}

type Body = Pick<Call, 'json' | 'file'>;

/** The answer to a request that is refused whatever its body says; the body is read to its end all the same. */
function refusalBefore(
  request: IncomingMessage,
  url: URL,
  route: Route,
  fault: FaultKind | undefined,
  { server, faults }: RestRequestOptions,
): Answer | undefined {
  if (fault === 'error500') return failure(500);
  if (fault === 'unavailable') return failure(503, { 'Retry-After': String(faults.retryAfterSeconds) });
  if (fault === 'expired') return failure(401);
  if (route.name !== 'POST /login') {
    const token =
      bearerToken(request.headers.authorization) ?? url.searchParams.get('bearer_token') ?? undefined;
    if (server.tokens.userOfAccess(token) === undefined) return failure(401);
  }
  const tooLarge = Number(request.headers['content-length'] ?? 0) > server.maxBytes;
  return tooLarge || fault === 'tooLarge' ? failure(413) : undefined;
}

/** What a request carries, or undefined when that cannot be read. */
async function readBody(request: IncomingMessage, route: Route): Promise<Body | undefined> {
  const nothing: Body = { json: undefined, file: undefined };
  // The server goes by Content-Length alone: without one there is no body for it, as in chunked requests.
  if (request.method === 'GET' || request.headers['content-length'] === undefined) {
    await drain(request);
    return nothing;
  }
  if (route.name === 'POST /api/upload') return await readFile(request);
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  if (!/^application\/json\s*(;|$)/i.test(request.headers['content-type'] ?? '')) return nothing;
  try {
    return { json: JSON.parse(Buffer.concat(chunks).toString()) as unknown, file: undefined };
  } catch {
    return undefined;
  }
}

/** The first file of the name `file`, hashed as it comes by. */
async function readFile(request: IncomingMessage): Promise<Body | undefined> {
  const boundary = boundaryOf(request.headers['content-type']);
  if (boundary === undefined) {
    await drain(request);
    return undefined;
  }
  const hash = createHash('sha1');
  let size = 0;
  let found: Pick<ReceivedFile, 'fileName' | 'contentType'> | undefined;
  try {
    // What is left after a broken part is still read, for which the request must survive the end of the loop.
    const body = request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>;
    await readMultipart(body, boundary, ({ name, fileName, contentType }) => {
      if (found || name !== 'file' || fileName === undefined) return undefined;
      found = { fileName, contentType };
      return bytes => {
        hash.update(bytes);
        size += bytes.length;
      };
    });
  } catch (error) {
    if (!(error instanceof MultipartError)) throw error;
    await drain(request);
    return undefined;
  }
  return { json: undefined, file: found && { ...found, size, hash: hash.digest('hex') } };
}

/** Reads a body and keeps nothing of it: to its end, or until this many bytes have come. */
async function drain(request: IncomingMessage, bytes = Infinity): Promise<void> {
  if (request.readableEnded || bytes === 0) return;
  let seen = 0;
  await new Promise<void>((resolve, reject) => {
    request.on('data', (chunk: Buffer) => {
      seen += chunk.length;
      if (seen >= bytes) resolve();
    });
    request.once('end', resolve);
    request.once('error', reject);
    request.once('close', () => {
      reject(new Error('The connection broke in the middle of a body.'));
    });
  });
}

function send(response: ServerResponse, { status, contentType, body, headers }: Answer): void {
  response.writeHead(status, {
    'Content-Type': contentType,
    'Content-Length': Buffer.byteLength(body),
    ...headers,
  });
  response.end(body);
}

/** As if another client had added the file that this request is about to add. */
function storeMeanwhile({ json }: Call, { tables }: RestServer): void {
  const uploadId = (json as { upload_id?: unknown } | undefined)?.upload_id;
  const upload = typeof uploadId === 'number' ? tables.upload(uploadId) : undefined;
  if (upload && !tables.source(upload.hash, upload.size)) {
    tables.seedSource({ hash: upload.hash, size: upload.size, format: upload.format.extension });
  }
}

function countSignIn(call: Call, route: Route, answer: Answer, counts: RequestCounts): void {
  if (route.name !== 'POST /login' || !answer.body.includes('access_token')) return;
  if (isSignIn(call.json) === 'login') counts.logins++;
  else counts.refreshes++;
}

/** The path with its %XX decoded; a `+` stays one. */
function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}
