import { fileTypeFromBuffer } from 'file-type';
import { skipReasons, type SkipReason } from '../../protocol/skipReason.ts';
import { isAppleDouble, isNamedLikeAppleDouble } from './appleDouble.ts';
import { looksLikeXml, xmlRootName } from './xmlBytes.ts';

// What lives in this folder: what a member of a tar is (this file), and what a book calls itself (metadata/).
// What it promises: plain functions of a name and of bytes, without I/O. A member's folders never have a say
// in what it is; a known book extension decides without a look at the bytes, unless macOS may have put it on
// something else (appleDouble.ts), and everything else goes by its bytes, whatever it is called. Whatever the bytes are, the answer is a format or a reason, never an error.

/** Formats, by the extension that a book of theirs is stored under. */
export const bookFormats = [
  'pdf',
  'txt',
  'pdb',
  'rtf',
  'doc',
  'mobi',
  'prc',
  'epub',
  'odt',
  'djvu',
  'html',
  'htm',
  'chm',
  'lit',
  'fb2',
  'docx',
  'azw3',
  'cbz',
  'fb2.zip',
] as const;
export type BookFormat = (typeof bookFormats)[number];

export type Detection =
  | { readonly kind: 'book'; readonly format: BookFormat }
  | { readonly kind: 'skipped'; readonly reason: SkipReason };

/** How many of a member's first bytes {@link detectBook} wants to see; fewer when the member is shorter. */
export const headLength = 4100;

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

/** Whether {@link detectBook} goes by the bytes of this member. If not, it takes an empty `head` as well. */
export function needsHead(name: string, sizeBytes: number): boolean {
  return sizeBytes > 0 && (formatByExtension(name) === undefined || isNamedLikeAppleDouble(name));
}

/**
 * What a member is.
 *
 * @param name path of the member within its tar
 * @param sizeBytes size of the whole member
 * @param head its first {@link headLength} bytes, or all of them when it is shorter
 */
export async function detectBook(name: string, sizeBytes: number, head: Buffer): Promise<Detection> {
  if (sizeBytes === 0) return skipped('empty');
  if (isNamedLikeAppleDouble(name) && isAppleDouble(head)) return skipped('attributes of a file on macOS');
  const byExtension = formatByExtension(name);
  if (byExtension !== undefined) return book(byExtension);
  return detectByOwnRules(head) ?? (await detectByFileType(head));
}

function book(format: BookFormat): Detection {
  return bookOf.get(format) ?? { kind: 'book', format };
}

function skipped(reason: SkipReason): Detection {
  return skippedFor.get(reason) ?? { kind: 'skipped', reason };
}

const zipEntry = Buffer.from('PK\x03\x04', 'latin1');
const zipWithoutEntries = Buffer.from('PK\x05\x06', 'latin1');
// The name of the first entry of a ZIP, directly followed by its bytes, as the EPUB standard wants them.
const epubMimetype = Buffer.from('mimetypeapplication/epub+zip', 'latin1');
const bookMobi = Buffer.from('BOOKMOBI', 'latin1');
const mobiHeader = Buffer.from('MOBI', 'latin1');
const pdf = Buffer.from('%PDF', 'latin1');
const pdfWithVersion = Buffer.from('%PDF-', 'latin1');
const rtf = Buffer.from('{\\rtf', 'latin1');
const djvu = Buffer.from('AT&TFORM', 'latin1');
const chm = Buffer.from('ITSF', 'latin1');
const lit = Buffer.from('ITOLITLS', 'latin1');
const compoundFile = Buffer.from('d0cf11e0a1b11ae1', 'hex');
const wordDocument = Buffer.from('WordDocument', 'utf16le');
const gzip = Buffer.from([0x1f, 0x8b]);

function has(head: Buffer, signature: Buffer, at: number): boolean {
  const end = at + signature.length;
  return end <= head.length && head.compare(signature, 0, signature.length, at, end) === 0;
}

/**
 * What can be told at once. These come first because most members without an extension are one of them, and
 * because the rules are stricter than those of file-type: more than a signature makes a DOC or a FictionBook.
 */
function detectByOwnRules(head: Buffer): Detection | undefined {
  if (has(head, bookMobi, 60)) return book(isKindleFormat8(head) ? 'azw3' : 'mobi');
  if (has(head, pdf, 0)) return book('pdf');
  if (has(head, zipEntry, 0)) return has(head, epubMimetype, 30) ? book('epub') : undefined;
  if (has(head, zipWithoutEntries, 0)) return skipped('zip without a book');
  if (has(head, rtf, 0)) return book('rtf');
  if (has(head, lit, 0)) return book('lit');
  if (has(head, chm, 0)) return book('chm');
  if (has(head, djvu, 0)) return isDjvuDocument(head) ? book('djvu') : skipped('unknown');
  if (has(head, compoundFile, 0)) return isWordDocument(head) ? book('doc') : skipped('unknown');
  if (looksLikeXml(head) && xmlRootName(head) === 'FictionBook') return book('fb2');
  // Readers allow anything before a PDF's header, as long as that begins within the first 1024 bytes.
  if (head.subarray(0, 1023 + pdfWithVersion.length).includes(pdfWithVersion)) return book('pdf');
  if (looksLikeXml(head)) {
    const root = xmlRootName(head);
    return root?.toLowerCase() === 'html' ? skipped('unknown') : skipped('xml without a book');
  }
  // file-type would unpack what is in there.
  if (has(head, gzip, 0)) return skipped('unknown');
  return undefined;
}

/** AZW3 says so in the version of its MOBI header, which may lie behind the head: then it counts as MOBI. */
function isKindleFormat8(head: Buffer): boolean {
  if (head.length < 82) return false;
  const record = head.readUInt32BE(78);
  return (
    has(head, mobiHeader, record + 16) && record + 40 <= head.length && head.readUInt32BE(record + 36) === 8
  );
}

/** One page or many; the other forms of DjVu are parts of a document. */
function isDjvuDocument(head: Buffer): boolean {
  const form = head.toString('latin1', 12, 16);
  return form === 'DJVU' || form === 'DJVM';
}

/** Tables, slides, installers and thumbnails are compound files too. */
function isWordDocument(head: Buffer): boolean {
  const firstStreamIsWord = head.length >= 514 && head.readUInt16LE(512) === 0xa5ec;
  return firstStreamIsWord || head.includes(wordDocument);
}

async function detectByFileType(head: Buffer): Promise<Detection> {
  let found;
  try {
    found = await fileTypeFromBuffer(head);
  } catch {
    // A damaged head that file-type stumbles over: it is none of the formats that it was asked for.
    found = undefined;
  }
  const zip = has(head, zipEntry, 0);
  switch (found?.ext) {
    case 'epub':
    case 'docx':
    case 'odt':
      if (zip) return book(found.ext);
      break;
    case 'bmp':
      // Two letters are too little: "BMW" is a word. The four bytes after the size are always zero.
      return head.length >= 10 && head.readUInt32LE(6) === 0 ? skipped('image') : skipped('unknown');
    default:
      break;
  }
  if (zip) return skipped('zip without a book');
  return skipped(found?.mime.startsWith('image/') ? 'image' : 'unknown');
}
