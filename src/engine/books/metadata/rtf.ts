import { latin1, type BookBytes } from './bookBytes.ts';
import type { FoundMetadata } from './bookMetadata.ts';
import { UnreadableBookError } from './bookMetadata.ts';
import { namesIn } from './personName.ts';

/** The information group stands behind fonts, colours and styles, and before the text. */
const maxHeadBytes = 512 * 1024;
/** Of most books that is enough. */
const usualHeadBytes = 96 * 1024;
const maxInfoBytes = 64 * 1024;
const maxTextLength = 4096;

/** RTF: the group `\info`. Bytes are in the code page that the head names; other letters are numbered in Unicode. */
export function readRtf(body: BookBytes): FoundMetadata {
  const usual = latin1(body, 0, usualHeadBytes);
  const found = infoIn(usual, usual.length === body.length);
  if (found) return found;
  const rest = infoIn(latin1(body, 0, maxHeadBytes), true);
  if (!rest) throw new UnreadableBookError('it has no information group');
  return rest;
}

/** What the group says; undefined where there is none, or where the head is not all there is and may end within it. */
function infoIn(head: string, isAll: boolean): FoundMetadata | undefined {
  const info = head.indexOf('{\\info');
  if (info === -1 || (!isAll && info + maxInfoBytes > head.length)) return undefined;
  const group = head.slice(info, info + maxInfoBytes);
  const codePage = /\\ansicpg(\d{3,5})/.exec(head.slice(0, 4096))?.[1] ?? '1252';
  const fieldOf = (name: string): Field | undefined => {
    const start = new RegExp(`\\{\\\\${name}(?![a-z])`).exec(group);
    return start ? fieldAt(head, info + start.index + start[0].length, codePage) : undefined;
  };
  const title = fieldOf('title');
  const author = fieldOf('author');
  const company = fieldOf('company');
  if (!isAll && [title, author, company].some(field => field?.isEnded === false)) return undefined;
  return {
    title: title?.text,
    authors: namesIn(author?.text ?? ''),
    language: undefined,
    publisher: company?.text,
  };
}

interface Field {
  readonly text: string;
  /** False where the head ends first. */
  readonly isEnded: boolean;
}

/** A group from behind its name to its end. */
function fieldAt(rtf: string, from: number, codePage: string): Field {
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
  let match = token.exec(rtf);
  for (; match && text.length < maxTextLength; match = token.exec(rtf)) {
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
  return { text, isEnded: match !== null };
}

function decode(bytes: Buffer, codePage: string): string {
  try {
    return new TextDecoder(codePage === '65001' ? 'utf-8' : `windows-${codePage}`).decode(bytes);
  } catch {
    return bytes.toString('latin1');
  }
}
