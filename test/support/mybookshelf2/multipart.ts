// A reader of multipart/form-data that keeps nothing: what arrives is handed on, so that a file of any size passes in
// bounded memory. Between two chunks it holds back only as many bytes as could be the beginning of a boundary.

export interface PartHeader {
  readonly name: string | undefined;
  /** Undefined where the part is a field and no file; empty where the file has no name. */
  readonly fileName: string | undefined;
  /** Lower case and without parameters; empty when not stated. */
  readonly contentType: string;
}

export type PartSink = (bytes: Buffer) => void;

/** The body breaks the rules of multipart. */
export class MultipartError extends Error {}

const longestHeader = 16 * 1024;
const lineBreak = Buffer.from('\r\n');

/** The boundary that the content type names, or undefined when it is no form. */
export function boundaryOf(contentType: string | undefined): string | undefined {
  const match = /^multipart\/form-data\s*;.*?boundary=(?:"([^"]+)"|([^\s;]+))/i.exec(contentType ?? '');
  return match?.[1] ?? match?.[2];
}

/** Reads a body to its end. For each part, `onPart` says where its bytes go, or undefined to pass over them. */
export async function readMultipart(
  body: AsyncIterable<Buffer>,
  boundary: string,
  onPart: (header: PartHeader) => PartSink | undefined,
): Promise<void> {
  const delimiter = Buffer.from(`\r\n--${boundary}`);
  let state: 'bytes' | 'afterDelimiter' | 'header' | 'end' = 'bytes';
  // The delimiter begins with a line break, which the first one of a body does not need.
  let held: Buffer = lineBreak;
  let sink: PartSink | undefined;

  for await (const chunk of body) {
    if (state === 'end') continue;
    held = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
    for (let more = true; more;) {
      switch (state) {
        case 'bytes': {
          const at = held.indexOf(delimiter);
          const sure = at === -1 ? Math.max(0, held.length - delimiter.length + 1) : at;
          if (sure > 0) sink?.(held.subarray(0, sure));
          held = held.subarray(at === -1 ? sure : at + delimiter.length);
          more = at !== -1;
          if (more) state = 'afterDelimiter';
          break;
        }
        case 'afterDelimiter': {
          more = held.length >= 2;
          if (!more) break;
          if (held.subarray(0, 2).equals(lineBreak)) state = 'header';
          else if (held.subarray(0, 2).toString('latin1') === '--') state = 'end';
          else throw new MultipartError('neither a part nor the end follows a boundary');
          // The line break stays: a part without any header line has the blank line right here.
          break;
        }
        case 'header': {
          const at = held.indexOf('\r\n\r\n');
          if (at === -1 && held.length > longestHeader)
            throw new MultipartError('the header of a part is too long');
          more = at !== -1;
          if (!more) break;
          sink = onPart(partHeader(held.toString('utf8', 0, at)));
          held = held.subarray(at + 4);
          state = 'bytes';
          break;
        }
        case 'end':
          held = Buffer.alloc(0);
          more = false;
          break;
      }
    }
  }
  if (state !== 'end') throw new MultipartError('the body ends before its last boundary');
}

function partHeader(text: string): PartHeader {
  const lines = new Map<string, string>();
  for (const line of text.split('\r\n')) {
    const colon = line.indexOf(':');
    if (colon > 0) lines.set(line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim());
  }
  const disposition = lines.get('content-disposition') ?? '';
  return {
    name: parameter(disposition, 'name'),
    fileName: parameter(disposition, 'filename'),
    contentType: (lines.get('content-type') ?? '').split(';', 1)[0]!.trim().toLowerCase(),
  };
}

function parameter(header: string, name: string): string | undefined {
  const match = new RegExp(`;\\s*${name}=(?:"((?:\\\\.|[^"\\\\])*)"|([^;\\s]*))`, 'i').exec(header);
  if (!match) return undefined;
  // Browsers and fetch write a quote as %22, older clients with a backslash before it.
  return (match[1]?.replace(/\\(["\\])/g, '$1') ?? match[2] ?? '').replaceAll('%22', '"');
}
