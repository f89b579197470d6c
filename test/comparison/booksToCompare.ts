import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import { zipSync } from 'fflate';
import { bookPackages, booksFolder } from '../../scripts/debianBooks.ts';
import { formatByExtension } from '../../src/engine/books/bookType.ts';
import type { BookFormat } from '../../src/protocol/bookFormat.ts';
import { catalogue } from '../../src/samples/catalogue.ts';
import { makeEpub } from '../../src/samples/epub.ts';
import { makeFb2 } from '../../src/samples/fb2.ts';
import { makeMobi } from '../../src/samples/mobi.ts';
import { makePdf } from '../../src/samples/pdf.ts';
import type { SampleBook } from '../../src/samples/sampleBook.ts';
import { madeBooks } from '../support/books/madeBooks.ts';
import { pdfOfQpdf } from '../support/books/pdfOfQpdf.ts';
import {
  appendToPdf,
  makeEncryptedPdf,
  makePdfBook,
  pdfEncryptions,
  utf16String,
  xmpList,
  xmpPacket,
  xmpTitle,
} from '../support/books/pdfWriter.ts';

export interface BookToCompare {
  /** The same in every run: what the list of differences calls it. */
  readonly name: string;
  readonly format: BookFormat;
  readonly read: () => Buffer;
}

const makers: Record<string, [BookFormat, (book: SampleBook) => Buffer]> = {
  epub: ['epub', makeEpub],
  mobi: ['mobi', makeMobi],
  'fb2 utf-8': ['fb2', book => makeFb2(book)],
  'fb2 windows-1251': ['fb2', book => makeFb2(book, 'windows-1251')],
  'fb2.zip': ['fb2.zip', book => Buffer.from(zipSync({ 'book.fb2': makeFb2(book) }))],
  pdf: ['pdf', makePdf],
};

/** Sample books in every format and encoding; each language is in many of them. */
export function sampleBooks(): BookToCompare[] {
  return Object.entries(makers).flatMap(([kind, [format, make]], shift) =>
    catalogue
      // Half a second a book: every format gets others of them.
      .filter((entry, index) => index % 8 === shift || (entry.authors.length > 1 && index % 2 === shift % 2))
      .map(entry => ({
        name: `made: ${kind}, ${entry.title}`,
        format,
        read: () => make({ ...entry, paragraphs: ['One paragraph.'] }),
      })),
  );
}

/** Books in every format but PDF, and in the ways in which these say things. */
export function booksMadeAnyWay(): BookToCompare[] {
  return madeBooks.map(({ name, format, body }) => ({ name: `made: ${name}`, format, read: () => body }));
}

/** PDFs in every form that ours and calibre's tools read. */
export function madePdfs(): BookToCompare[] {
  const info = '/Title (Emma) /Author (Jane Austen) /Producer (Tests)';
  const xmp = xmpPacket(
    xmpTitle('Замок') +
      xmpList('dc:creator', ['Франц Кафка', 'Макс Брод']) +
      xmpList('dc:language', ['de-DE']) +
      xmpList('dc:publisher', ['Kurt Wolff']) +
      xmpList('dc:date', ['1926-05-04']) +
      '<prism:isbn>978-0-306-40615-7</prism:isbn>' +
      '<calibre:series rdf:parseType="Resource"><rdf:value>Saga</rdf:value><calibreSI:series_index>2.00</calibreSI:series_index></calibre:series>',
  );
  const whole = makePdfBook({ info });
  const damaged = (from: RegExp, to: string): Buffer =>
    Buffer.from(whole.toString('latin1').replace(from, to), 'latin1');
  const dated = (changed: string): Buffer =>
    makePdfBook({
      info: '/Title (Info) /Author (I) /ModDate (D:20200601120000Z)',
      xmp: xmpPacket(
        `${xmpTitle('XMP')}${xmpList('dc:creator', ['X'])}<xmp:MetadataDate>${changed}</xmp:MetadataDate>`,
      ),
    });
  const forms: Record<string, () => Buffer> = {
    'object streams': () => makePdfBook({ info, xmp }, 'streams'),
    hybrid: () => makePdfBook({ info, xmp }, 'hybrid'),
    'XMP alone': () => makePdfBook({ xmp }),
    'XMP in UTF-16': () => makePdfBook({ xmp: Buffer.from(xmp, 'utf16le') }),
    'XMP newer': () => dated('2021-01-01T00:00:00Z'),
    'Info newer': () => dated('2019-01-01T00:00:00Z'),
    'saved again': () => appendToPdf(whole, new Map([[4, '<< /Title (Emma again) /Author (J. Austen) >>']])),
    'no metadata': () => makePdfBook({}),
    'UTF-16': () =>
      makePdfBook({
        info: `/Title ${utf16String('Война и мир 😀')} /Author ${utf16String('Лев Толстой & Кто-то')}`,
      }),
    'UTF-8': () => makePdfBook({ info: '/Title (\xef\xbb\xbfCaf\xc3\xa9)' }),
    PDFDocEncoding: () => makePdfBook({ info: '/Title (\x8dCaf\xe9\x8e \x84 \xa0)' }),
    'several authors': () =>
      makePdfBook({ info: '/Title (T) /Author (Ilya Ilf, and Yevgeny Petrov with Others)' }),
    'authors with commas': () => makePdfBook({ info: '/Title (T) /Author (Ilf, Ilya; Petrov, Yevgeny)' }),
    'a comma': () => makePdfBook({ info: '/Title (T) /Author (Austen, Jane)' }),
    ampersands: () => makePdfBook({ info: '/Title (T) /Author (Barnes && Noble & Sons)' }),
    'ISBN in keywords': () => makePdfBook({ info: '/Title (T) /Keywords (novel, 978-0-306-40615-7)' }),
    'startxref leads nowhere': () => damaged(/startxref\n\d+/, 'startxref\n99999999'),
    'no startxref': () => damaged(/startxref/, 'startxxxx'),
    'something before the header': () => Buffer.concat([Buffer.from('HTTP/1.1 200 OK\r\n\r\n'), whole]),
    'with a password': () => makeEncryptedPdf('AES of 128 bits', 'secret', { title: 'T', author: 'A' }),
  };
  for (const kind of pdfEncryptions) {
    forms[`encrypted, ${kind}`] = () => makeEncryptedPdf(kind, '', { title: 'Emma', author: 'Jane Austen' });
  }
  for (const name of ['emptyPassword', 'linearized', 'linearizedTable'] as const) {
    forms[`by qpdf, ${name}`] = () => pdfOfQpdf(name);
  }
  return Object.entries(forms).map(([form, read]) => ({ name: `made: pdf, ${form}`, format: 'pdf', read }));
}

const endings = '{epub,pdf,fb2,mobi,azw3,odt,docx,epub.gz,pdf.gz}';

/** Books of Debian's packages, and those of calibre itself. The same book in two packages is two. */
export function debianBooks(): BookToCompare[] {
  return [
    ...booksIn('/usr/share/calibre/quick_start', 'calibre'),
    ...bookPackages.flatMap(name => booksIn(path.join(booksFolder, name), name)),
  ];
}

function booksIn(folder: string, packageName: string): BookToCompare[] {
  const files = globSync(`**/*.${endings}`, { cwd: folder, withFileTypes: true })
    .filter(file => file.isFile())
    .map(file => path.join(file.parentPath, file.name))
    .sort();
  return files.flatMap(file => {
    const packed = file.endsWith('.gz');
    const format = formatByExtension(packed ? file.slice(0, -'.gz'.length) : file);
    if (format === undefined) return [];
    const name = `${packageName}: ${path.relative(folder, file).split(path.sep).slice(-2).join('/')}`;
    return [{ name, format, read: () => (packed ? gunzipSync(readFileSync(file)) : readFileSync(file)) }];
  });
}
