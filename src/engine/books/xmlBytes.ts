import type { BookBytes } from './metadata/bookBytes.ts';
import { ownBytes } from './ownBytes.ts';
import { decodeWindows1252 } from './windows1252.ts';

const declaration = /^\s*<\?xml\s[^>]*?\bencoding\s*=\s*["']([A-Za-z][\w.:-]*)["']/;

/**
 * The encoding of an XML text, as the XML standard finds it: byte-order mark, then the zero bytes of UTF-16,
 * then the declaration; else UTF-8. The answer is one that TextDecoder knows.
 */
function xmlEncoding(start: Buffer): string {
  const [b0 = 0x20, b1 = 0x20, b2 = 0x20, b3 = 0x20] = start;
  if (b0 === 0xef && b1 === 0xbb && b2 === 0xbf) return 'utf-8';
  if (b0 === 0xfe && b1 === 0xff) return 'utf-16be';
  if (b0 === 0xff && b1 === 0xfe) return 'utf-16le';
  if (b0 === 0 && b1 !== 0 && b2 === 0 && b3 !== 0) return 'utf-16be';
  if (b0 !== 0 && b1 === 0 && b2 !== 0 && b3 === 0) return 'utf-16le';
  const label = declaration.exec(start.toString('latin1', 0, 256))?.[1];
  if (label === undefined) return 'utf-8';
  try {
    const { encoding } = new TextDecoder(label);
    // Who could read this declaration byte by byte has no UTF-16 before him, whatever it says.
    return encoding.startsWith('utf-16') ? 'utf-8' : encoding;
  } catch {
    // An encoding that nobody knows: the ASCII part of the text is readable all the same.
    return 'utf-8';
  }
}

const chunkBytes = 8192;
/** Most that is looked for stands at the very start. */
const firstChunkBytes = 2048;

/** Reads and decodes an XML text piece by piece, so that whoever has seen enough can stop. At most `maxBytes` of it. */
export function* decodeXml(body: BookBytes, maxBytes: number): Generator<string, void, undefined> {
  const end = Math.min(body.length, maxBytes);
  const encoding = xmlEncoding(body.slice(0, 256));
  const decoder = encoding === 'windows-1252' ? undefined : new TextDecoder(encoding);
  for (let at = 0; at < end;) {
    const chunk = body.slice(at, Math.min(at + (at === 0 ? firstChunkBytes : chunkBytes), end));
    // The file ends before its book does.
    if (chunk.length === 0) return;
    yield decoder ? decoder.decode(ownBytes(chunk), { stream: true }) : decodeWindows1252(chunk);
    at += chunk.length;
  }
}

/** Whether bytes begin as XML begins, after white space and a byte-order mark, in UTF-16 or by the byte. */
export function looksLikeXml(head: Buffer): boolean {
  // None of the bytes passed over here begins any other format that we know.
  for (let at = 0; at < head.length && at < 256; at++) {
    switch (head[at]) {
      case 0x3c: {
        // `<` begins a name, a declaration or a comment.
        const next = head[at + 1] === 0 ? head[at + 2] : head[at + 1];
        return next !== undefined && startsMarkup(next);
      }
      case 0x00:
      case 0x09:
      case 0x0a:
      case 0x0d:
      case 0x20:
      case 0xef:
      case 0xbb:
      case 0xbf:
      case 0xfe:
      case 0xff:
        break;
      default:
        return false;
    }
  }
  return false;
}

function startsMarkup(byte: number): boolean {
  const letter = byte | 0x20;
  return (
    byte === 0x3f || byte === 0x21 || byte === 0x5f || (letter >= 0x61 && letter <= 0x7a) || byte >= 0x80
  );
}

const whiteSpace = /[\s\ufeff]*/y;
const doctypeEnd = /[^[>]*(?:\[[^\]]*\]\s*)?>/y;
const startTag = /<(?:[\w.-]+:)?([\w.-]+)(?=[\s/>])/y;

/**
 * The name of the first element, without prefix. Undefined when it does not begin within these bytes, or when
 * they are not XML.
 */
export function xmlRootName(head: Buffer): string | undefined {
  const encoding = xmlEncoding(head);
  // Names that we look for are ASCII, so only UTF-16 needs a decoder.
  const text = encoding.startsWith('utf-16')
    ? new TextDecoder(encoding).decode(head)
    : head.toString('latin1', encoding === 'utf-8' && head[0] === 0xef ? 3 : 0);
  let at = 0;
  for (;;) {
    at = endOf(whiteSpace, text, at) ?? at;
    if (text.startsWith('<?', at)) {
      at = after('?>', text, at);
    } else if (text.startsWith('<!--', at)) {
      at = after('-->', text, at + 4);
    } else if (/^<!doctype/i.test(text.slice(at, at + 9))) {
      at = endOf(doctypeEnd, text, at) ?? text.length;
    } else {
      startTag.lastIndex = at;
      return startTag.exec(text)?.[1];
    }
    if (at >= text.length) return undefined;
  }
}

function endOf(sticky: RegExp, text: string, at: number): number | undefined {
  sticky.lastIndex = at;
  return sticky.test(text) ? sticky.lastIndex : undefined;
}

function after(mark: string, text: string, from: number): number {
  const at = text.indexOf(mark, from);
  return at === -1 ? text.length : at + mark.length;
}
