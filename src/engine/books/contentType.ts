import type { BookFormat } from '../../protocol/bookFormat.ts';
import type { SkipReason } from '../../protocol/skipReason.ts';
import { headLength } from '../archive/headLength.ts';
import type { ByteReader } from './byteReader.ts';
import { looksLikeXml, xmlRootName } from './xmlBytes.ts';
import { zipFormat } from './zipType.ts';

/** What bytes are for sure, whatever their file is called; `unsure` where they could be anything. */
export type Content =
  | { readonly kind: 'book'; readonly format: BookFormat }
  | { readonly kind: 'skipped'; readonly reason: SkipReason }
  | { readonly kind: 'unsure' };

/** Comments may stand before the root of an XML text, but no book has more of them. */
const longestProlog = 64 * 1024;

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

const palmDoc = Buffer.from('TEXtREAd', 'latin1');
const unsure: Content = { kind: 'unsure' };

/**
 * What a member is by its bytes: by its head, and where that is too general (a ZIP, an XML text, a Palm database) by
 * what stands further behind. Whatever the bytes are, little is read of them, and the answer is no error.
 */
export async function detectContent(bytes: ByteReader): Promise<Content> {
  return await contentBehind(await bytes.read(0, headLength), bytes);
}

/**
 * The same of one that begins with `head`, which is there already.
 *
 * @param bytes all of it
 */
export async function contentBehind(head: Buffer, bytes: ByteReader): Promise<Content> {
  const sure = contentOfHead(head);
  if (sure) return sure;
  if (has(head, bookMobi, 60)) return book((await isKindleFormat8(bytes, head)) ? 'azw3' : 'mobi');
  if (has(head, zipEntry, 0)) return await detectZip(bytes);
  if (!looksLikeXml(head)) return await detectImage(head);
  const root = await rootName(bytes, head);
  if (root === 'FictionBook') return book('fb2');
  if (hasPdfHeader(head)) return book('pdf');
  return root?.toLowerCase() === 'html' ? book('html') : skipped('xml without a book');
}

/** The same by the head alone; null where that is too general. */
export function contentOfHead(head: Buffer): Content | null {
  if (has(head, bookMobi, 60)) return null;
  if (has(head, palmDoc, 60)) return book('pdb');
  if (has(head, pdf, 0)) return book('pdf');
  if (has(head, zipEntry, 0)) return has(head, epubMimetype, 30) ? book('epub') : null;
  if (has(head, zipWithoutEntries, 0)) return skipped('zip without a book');
  if (has(head, rtf, 0)) return book('rtf');
  if (has(head, lit, 0)) return book('lit');
  if (has(head, chm, 0)) return book('chm');
  if (has(head, djvu, 0)) return isDjvuDocument(head) ? book('djvu') : skipped('unknown');
  // What else is a compound file may be told by its directory, which stands anywhere.
  if (has(head, compoundFile, 0)) return isWordDocument(head) ? book('doc') : unsure;
  if (looksLikeXml(head)) return null;
  if (hasPdfHeader(head)) return book('pdf');
  // file-type would unpack what is in there.
  if (has(head, gzip, 0)) return skipped('unknown');
  return beginsAsText(head) ? unsure : null;
}

/** Readers allow anything before a PDF's header, as long as that begins within the first 1024 bytes. */
function hasPdfHeader(head: Buffer): boolean {
  return head.subarray(0, 1023 + pdfWithVersion.length).includes(pdfWithVersion);
}

/**
 * Whether its first bytes are UTF-8 without a control character, as those of no image are: all have sizes or bytes of no
 * text before that, and what is shorter is not all of one. To look for images costs more than all the rest that is done with a small text.
 */
function beginsAsText(head: Buffer): boolean {
  const end = Math.min(head.length, textBeginning);
  let following = 0;
  for (let at = 0; at < end; at++) {
    const byte = head[at] ?? 0;
    if (following > 0) {
      if (byte >> 6 !== 0b10) return false;
      following--;
    } else if (byte >= 0x80) {
      following = byte >> 5 === 0b110 ? 1 : byte >> 4 === 0b1110 ? 2 : byte >> 3 === 0b11110 ? 3 : -1;
      if (following < 0) return false;
    } else if (byte === 0x7f || (byte < 0x20 && byte !== 0x09 && byte !== 0x0a && byte !== 0x0d))
      return false;
  }
  return true;
}

const textBeginning = 64;

function book(format: BookFormat): Content {
  return { kind: 'book', format };
}

function skipped(reason: SkipReason): Content {
  return { kind: 'skipped', reason };
}

function has(head: Buffer, signature: Buffer, at: number): boolean {
  const end = at + signature.length;
  // Most differ in the first byte, and a call of the system's comparison costs more than to see that.
  return (
    end <= head.length &&
    head[at] === signature[0] &&
    head.compare(signature, 0, signature.length, at, end) === 0
  );
}

async function detectZip(bytes: ByteReader): Promise<Content> {
  const format = await zipFormat(bytes);
  if (format === null) return unsure;
  return format === 'none' ? skipped('zip without a book') : book(format);
}

/** The root of an XML text; undefined where there is none, or none within the bound. */
async function rootName(bytes: ByteReader, head: Buffer): Promise<string | undefined> {
  const root = xmlRootName(head);
  if (root !== undefined || bytes.sizeBytes <= head.length) return root;
  return xmlRootName(await bytes.read(0, longestProlog));
}

/** AZW3 says so in the version of its MOBI header, which stands in the first record. */
async function isKindleFormat8(bytes: ByteReader, head: Buffer): Promise<boolean> {
  if (head.length < 82) return false;
  const record = head.readUInt32BE(78);
  const header =
    record + 40 <= head.length ? head.subarray(record, record + 40) : await bytes.read(record, 40);
  return header.length === 40 && has(header, mobiHeader, 16) && header.readUInt32BE(36) === 8;
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

/** Of what file-type knows, only pictures are sure enough to overrule a name. */
async function detectImage(head: Buffer): Promise<Content> {
  // Loaded by the first one that may be a picture: in most tars there is none.
  const { fileTypeFromBuffer } = await import('file-type');
  let found;
  try {
    found = await fileTypeFromBuffer(head);
  } catch {
    // A damaged head that file-type stumbles over: it is none of the formats that it was asked for.
    return unsure;
  }
  if (!found?.mime.startsWith('image/')) return unsure;
  // Two letters are too little: "BMW" is a word. The four bytes after the size are always zero.
  if (found.ext === 'bmp' && !(head.length >= 10 && head.readUInt32LE(6) === 0)) return unsure;
  return skipped('image');
}
