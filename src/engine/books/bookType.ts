import { bookFormats, type BookFormat } from '../../protocol/bookFormat.ts';
import { skipReasons, type SkipReason } from '../../protocol/skipReason.ts';
import { headLength } from '../archive/headLength.ts';
import { isAppleDouble, isNamedLikeAppleDouble } from './appleDouble.ts';
import type { ByteReader } from './byteReader.ts';
import { contentBehind, contentOfHead, detectContent, type Content } from './contentType.ts';
import { isPlainText } from './plainText.ts';

// What lives in this folder: what a member of a tar is (this file), and what a book calls itself (metadata/).
// What it promises: what decides is plain functions of a name and of bytes, which come from whoever asks (bookBytes.ts in
// metadata/ reads files, ebookMeta.ts starts a program, and nothing else does). A member's folders never have a say in what it is; a known book extension decides without a look at the bytes, unless macOS may have put it on
// something else (appleDouble.ts), and everything else goes by its bytes, whatever it is called. Whatever the bytes are, the answer is a format or a reason, never an error.

export type Detection =
  | { readonly kind: 'book'; readonly format: BookFormat }
  | { readonly kind: 'skipped'; readonly reason: SkipReason };

// There are millions of members, and few answers: each answer is made once.
const bookOf = new Map<BookFormat, Detection>(bookFormats.map(format => [format, { kind: 'book', format }]));
const skippedFor = new Map<SkipReason, Detection>(
  skipReasons.map(reason => [reason, { kind: 'skipped', reason }]),
);
const formatOfExtension = new Map<string, BookFormat>(
  bookFormats.filter(format => format !== 'fb2.zip').map(format => [format, format]),
);
const longestExtension = Math.max(...Array.from(formatOfExtension.keys(), extension => extension.length));

const slash = '/'.charCodeAt(0);

/** The format that the extension of a member's name stands for, in whatever case; undefined without one. */
export function formatByExtension(name: string): BookFormat | undefined {
  const dot = name.lastIndexOf('.');
  const length = name.length - dot - 1;
  // A dot at the very start of the base name makes a hidden file, not an extension.
  if (dot <= 0 || length > longestExtension || name.charCodeAt(dot - 1) === slash) return undefined;
  const extension = name.slice(dot + 1).toLowerCase();
  if (extension === 'zip') return isFb2Name(name, dot) ? 'fb2.zip' : undefined;
  return formatOfExtension.get(extension);
}

function isFb2Name(name: string, end: number): boolean {
  const dot = end - '.fb2'.length;
  return dot > 0 && name.charCodeAt(dot - 1) !== slash && name.slice(dot, end).toLowerCase() === '.fb2';
}

/** What a member is, where that is told without a look at its bytes; null for any other. */
function detectByName(name: string, sizeBytes: number): Detection | null {
  if (sizeBytes === 0) return skipped('empty');
  if (isNamedLikeAppleDouble(name)) return null;
  const byExtension = formatByExtension(name);
  return byExtension === undefined ? null : book(byExtension);
}

/**
 * What a member is, where that is told by its name, or by what it begins with without a look at anything else; null for any other.
 *
 * @param head as much of it as {@link headLength}, or all of it; null where it is not at hand
 */
export function detectAtOnce(name: string, sizeBytes: number, head: Buffer | null): Detection | null {
  const byName = detectByName(name, sizeBytes);
  if (byName || !head || isNamedLikeAppleDouble(name)) return byName;
  const content = contentOfHead(beginningOf(head));
  return content && namelessBy(content);
}

/**
 * What a member is, before all of it is read: by its extension without a look at its bytes, else by them.
 *
 * @param name path of the member within its tar
 */
export async function detectBook(name: string, bytes: ByteReader): Promise<Detection> {
  const byName = detectByName(name, bytes.sizeBytes);
  if (byName) return byName;
  if (isNamedLikeAppleDouble(name) && isAppleDouble(await bytes.read(0, 4)))
    return skipped('attributes of a file on macOS');
  const byExtension = formatByExtension(name);
  if (byExtension !== undefined) return book(byExtension);
  const content = await detectContent(bytes);
  const byContent = namelessBy(content);
  if (byContent) return byContent;
  if (!mayBeNamelessText(name)) return skipped('unknown');
  if (content.kind === 'book') return book('html');
  return isPlainText(await bytes.read(0, headLength)) ? book('txt') : skipped('unknown');
}

/**
 * What a member with the extension of a book is once its bytes are at hand: its content where that is sure, else
 * what its extension says.
 */
export async function correctedBook(byExtension: BookFormat, bytes: ByteReader): Promise<Detection> {
  const head = await bytes.read(0, headLength);
  return correctedBy(byExtension, head, await contentBehind(head, bytes));
}

/** The same for the whole of a small body in memory; null where it takes more than a look at its head. */
export function correctedAtOnce(byExtension: BookFormat, body: Buffer): Detection | null {
  const head = beginningOf(body);
  const content = contentOfHead(head);
  return content && correctedBy(byExtension, head, content);
}

/** What has no extension of a book is by its content; null for what may be a text. */
function namelessBy(content: Content): Detection | null {
  if (content.kind === 'skipped') return skipped(content.reason);
  // Pages of a web site and the notes beside books have extensions of their own, or names that are known.
  return content.kind === 'unsure' || content.format === 'html' ? null : book(content.format);
}

function beginningOf(bytes: Buffer): Buffer {
  return bytes.length <= headLength ? bytes : bytes.subarray(0, headLength);
}

function correctedBy(byExtension: BookFormat, head: Buffer, content: Content): Detection {
  switch (content.kind) {
    case 'unsure':
      return book(byExtension);
    case 'book': {
      // A text may speak of the header of a PDF before it comes to anything else.
      const isText = textFormats.has(byExtension) && content.format === 'pdf';
      if (isText && !beginsAsPdf.test(head.toString('latin1', 0, 64))) return book(byExtension);
      return book(sameFormat[byExtension] === content.format ? byExtension : content.format);
    }
    case 'skipped':
      // Only what is surely none: a comic of one page is a ZIP, and a text may begin with a tag.
      return content.reason === 'image' || (content.reason === 'zip without a book' && byExtension !== 'cbz')
        ? skipped(content.reason)
        : book(byExtension);
    default:
      return content satisfies never;
  }
}

/** Extensions that are other names of a format: what has them keeps them. */
const sameFormat: Readonly<Partial<Record<BookFormat, BookFormat>>> = { prc: 'mobi', htm: 'html' };

const textFormats: ReadonlySet<BookFormat> = new Set(['txt', 'html', 'htm', 'fb2', 'rtf'] as const);
const beginsAsPdf = /^(?:\xef\xbb\xbf)?\s*%PDF-/;

/** Names that programs and packagers give to texts which are no books. */
const knownText =
  /^(?:read[-_ ]?me|licen[cs]e|copying|authors|contributors|changelog|changes|news|todo|install|notice|makefile|dockerfile|index|contents|manifest|version|.*sums?)$/i;

/** Whether a text of this name can be a book: one without an extension, as in archives that number their books. */
function mayBeNamelessText(name: string): boolean {
  const base = name.slice(name.lastIndexOf('/') + 1);
  return !base.startsWith('.') && !/\.[^. ]*[a-z][^. ]*$/i.test(base) && !knownText.test(base);
}

function book(format: BookFormat): Detection {
  return bookOf.get(format) ?? { kind: 'book', format };
}

function skipped(reason: SkipReason): Detection {
  return skippedFor.get(reason) ?? { kind: 'skipped', reason };
}
