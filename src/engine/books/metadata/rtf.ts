import type { FoundMetadata } from './bookMetadata.ts';
import { UnreadableBookError } from './bookMetadata.ts';
import { namesIn } from './personName.ts';

/** The information group stands behind fonts, colours and styles, and before the text. */
const maxHeadBytes = 512 * 1024;
const maxTextLength = 4096;

/** RTF: the group `\info`. Bytes are in the code page that the head names; other letters are numbered in Unicode. */
export function readRtf(body: Buffer): FoundMetadata {
  const head = body.toString('latin1', 0, maxHeadBytes);
  const info = head.indexOf('{\\info');
  if (info === -1) throw new UnreadableBookError('it has no information group');
  const codePage = /\\ansicpg(\d{3,5})/.exec(head.slice(0, 4096))?.[1] ?? '1252';
  const field = (name: string): string | undefined => {
    const start = new RegExp(`\\{\\\\${name}(?![a-z])`).exec(head.slice(info, info + 64 * 1024));
    return start ? textOf(head, info + start.index + start[0].length, codePage) : undefined;
  };
  return {
    title: field('title'),
    authors: namesIn(field('author') ?? ''),
    language: undefined,
    publisher: field('company'),
  };
}

/** The text of a group from behind its name to its end. */
function textOf(rtf: string, from: number, codePage: string): string {
  let text = '';
  let bytes: number[] = [];
  let depth = 0;
  // After a character in Unicode stands what older readers show in its place.
  let toSkip = 0;
  const flush = (): void => {
    if (bytes.length > 0) text += decode(Buffer.from(bytes), codePage);
    bytes = [];
  };
  const token = /\\u(-?\d+) ?|\\'([\da-f]{2})|\\([a-z]+)(-?\d+)? ?|\\([^a-z])|([{}])|([^\\{}]+)/gi;
  token.lastIndex = from;
  for (let match = token.exec(rtf); match && text.length < maxTextLength; match = token.exec(rtf)) {
    const [, unicode, hex, , , symbol, brace, plain] = match;
    if (brace === '{') depth++;
    else if (brace === '}' && depth-- === 0) break;
    else if (unicode !== undefined) {
      flush();
      text += String.fromCharCode(Number(unicode) & 0xffff);
      toSkip = 1;
    } else if (hex !== undefined) {
      if (toSkip > 0) toSkip--;
      else bytes.push(parseInt(hex, 16));
    } else if (plain !== undefined || symbol !== undefined) {
      const shown = (plain ?? symbol ?? '').replace(/[\r\n]/g, '').slice(toSkip, maxTextLength);
      toSkip = 0;
      for (const character of shown) bytes.push(character.charCodeAt(0) & 0xff);
    }
  }
  flush();
  return text;
}

function decode(bytes: Buffer, codePage: string): string {
  try {
    return new TextDecoder(codePage === '65001' ? 'utf-8' : `windows-${codePage}`).decode(bytes);
  } catch {
    return bytes.toString('latin1');
  }
}
