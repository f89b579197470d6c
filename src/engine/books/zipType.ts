import type { BookFormat } from '../../protocol/bookFormat.ts';
import type { ByteReader } from './byteReader.ts';
import { looksLikeXml, xmlRootName } from './xmlBytes.ts';
import type { ZipEntry } from './zip.ts';
import { readZipDirectory, peekZipEntry } from './zipDirectory.ts';

const imageName = /\.(?:jpe?g|png|gif|webp|avif|bmp|tiff?|jxl|jp2)$/i;
/** What programs lay down beside the pages of a comic. */
const besidePages =
  /(?:^|\/)(?:comicinfo\.xml|thumbs\.db|desktop\.ini|\.ds_store|\._[^/]*|[^/]+\.nfo|[^/]+\.sfv)$/i;
/** What opens these is one format, whatever else is in the ZIP. */
const mimetypes: Readonly<Record<string, BookFormat>> = {
  'application/epub+zip': 'epub',
  'application/vnd.oasis.opendocument.text': 'odt',
};
const startBytes = 4096;

/** The format of the book that a ZIP is; `none` where it is none, null where its directory cannot be read. */
export async function zipFormat(bytes: ByteReader): Promise<BookFormat | 'none' | null> {
  const members = await readZipDirectory(bytes);
  if (!members) return null;
  const files = members.filter(member => !member.name.endsWith('/') && !member.name.startsWith('__MACOSX/'));
  const names = new Set(files.map(file => file.name));
  const mimetype = files.find(file => file.name === 'mimetype');
  if (mimetype) {
    const says = (await peekZipEntry(bytes, mimetype, 256))?.toString('latin1').replace(/^\xef\xbb\xbf/, '');
    const format = mimetypes[says?.trim() ?? ''];
    if (format) return format;
  }
  // Made by programs that forget the mimetype, or by hand.
  if (names.has('META-INF/container.xml') || files.some(file => /\.opf$/i.test(file.name))) return 'epub';
  if (names.has('[Content_Types].xml') && names.has('word/document.xml')) return 'docx';
  const [only, ...others] = files;
  if (only && others.length === 0 && (await isFictionBook(bytes, only))) return 'fb2.zip';
  // Notes of whoever packed it may lie beside the one book.
  const books = files.filter(file => /\.fb2$/i.test(file.name));
  if (books[0] && books.length === 1 && files.length <= 3 && (await isFictionBook(bytes, books[0])))
    return 'fb2.zip';
  const pages = files.filter(file => imageName.test(file.name) && !besidePages.test(file.name));
  const isComic =
    pages.length > 1 && files.every(file => imageName.test(file.name) || besidePages.test(file.name));
  return isComic ? 'cbz' : 'none';
}

async function isFictionBook(bytes: ByteReader, member: ZipEntry): Promise<boolean> {
  const start = await peekZipEntry(bytes, member, startBytes);
  // Where it cannot be looked at, its name is all there is.
  if (!start) return /\.fb2$/i.test(member.name);
  return looksLikeXml(start) && xmlRootName(start) === 'FictionBook';
}
