import type { SampleBook } from './sampleBook.ts';
import { authorName, bookNumber, bookUuid, escapeXml, publisherName } from './sampleBook.ts';

// A MOBI is a PalmDB: a header, a list of records, the records. Record 0 describes the book (PalmDOC header,
// MOBI header, EXTH header, full name); the text follows in records of 4096 bytes, then the three records
// that Kindle readers expect at the end. Nothing is compressed.

const textRecordSize = 4096;
const palmHeaderSize = 78;
const mobiHeaderSize = 232;
const exthOffset = 16 + mobiHeaderSize;
const none = 0xffffffff;
/** 2024-01-15 12:00 UTC, in seconds since 1970. */
const created = 1_705_320_000;

/** Numbers of languages in the MOBI header; the EXTH header has the ISO code as well. */
const localeNumbers: Readonly<Record<string, number>> = {
  zh: 4,
  cs: 5,
  de: 7,
  en: 9,
  es: 10,
  fr: 12,
  it: 16,
  ja: 17,
  nl: 19,
  pl: 21,
  pt: 22,
  ru: 25,
  uk: 34,
};

/** A MOBI of version 6 with its text in UTF-8. */
export function makeMobi(book: SampleBook): Buffer {
  const text = Buffer.from(textHtml(book), 'utf8');
  const textRecords = splitText(text);
  const afterText = 1 + textRecords.length;
  const records = [
    descriptionRecord(book, text.length, textRecords.length, {
      afterText,
      flis: afterText,
      fcis: afterText + 1,
    }),
    ...textRecords,
    flisRecord(),
    fcisRecord(text.length),
    Buffer.from([0xe9, 0x8e, 0x0d, 0x0a]),
  ];
  return Buffer.concat([palmHeader(book, records), ...records]);
}

function palmHeader(book: SampleBook, records: readonly Buffer[]): Buffer {
  // Two zero bytes stand between the list and the first record.
  const header = Buffer.alloc(palmHeaderSize + records.length * 8 + 2);
  header.write(databaseName(book), 0, 'latin1');
  header.writeUInt32BE(created, 36);
  header.writeUInt32BE(created, 40);
  header.write('BOOKMOBI', 60, 'latin1');
  header.writeUInt32BE(records.length * 2 - 1, 68);
  header.writeUInt16BE(records.length, 76);
  let offset = header.length;
  for (const [index, record] of records.entries()) {
    const at = palmHeaderSize + index * 8;
    header.writeUInt32BE(offset, at);
    header.writeUInt32BE(index * 2, at + 4);
    offset += record.length;
  }
  return header;
}

/** Up to 31 ASCII characters. The title where it is ASCII, else a name of ours. */
function databaseName(book: SampleBook): string {
  const name = book.title.replaceAll(/[^A-Za-z0-9]+/g, '_').slice(0, 31);
  return /[A-Za-z]/.test(name) ? name : `Sample_${bookNumber(book).toString(16)}`;
}

function textHtml(book: SampleBook): string {
  const authors = escapeXml(book.authors.map(authorName).join(', '));
  const text = book.paragraphs.map(paragraph => `<p>${escapeXml(paragraph)}</p>`).join('');
  const head = `<head><title>${escapeXml(book.title)}</title><guide></guide></head>`;
  return `<html>${head}<body><h1>${escapeXml(book.title)}</h1><p><i>${authors}</i></p>${text}<mbp:pagebreak/></body></html>`;
}

/**
 * Records of 4096 bytes. Where a character lies across the end of one, its missing bytes stand there as well as
 * in the next record, so that a reader can show a record's end alone; the last byte says how many these are.
 */
function splitText(text: Buffer): Buffer[] {
  const records: Buffer[] = [];
  for (let start = 0; start < text.length; start += textRecordSize) {
    const end = Math.min(start + textRecordSize, text.length);
    let whole = end;
    while (((text[whole] ?? 0) & 0xc0) === 0x80) whole++;
    records.push(Buffer.concat([text.subarray(start, whole), Buffer.from([whole - end])]));
  }
  return records;
}

function descriptionRecord(
  book: SampleBook,
  textLength: number,
  textRecordCount: number,
  numbers: { afterText: number; flis: number; fcis: number },
): Buffer {
  const exth = exthHeader(book);
  const fullName = Buffer.from(book.title, 'utf8');
  const fullNameOffset = exthOffset + exth.length;
  const record = Buffer.alloc(align(fullNameOffset + fullName.length + 2));

  // PalmDOC header: no compression, no encryption.
  record.writeUInt16BE(1, 0);
  record.writeUInt32BE(textLength, 4);
  record.writeUInt16BE(textRecordCount, 8);
  record.writeUInt16BE(textRecordSize, 10);

  record.write('MOBI', 16, 'latin1');
  record.writeUInt32BE(mobiHeaderSize, 20);
  // A book, in UTF-8, of version 6, with none of the indexes.
  record.writeUInt32BE(2, 24);
  record.writeUInt32BE(65001, 28);
  record.writeUInt32BE(bookNumber(book), 32);
  record.writeUInt32BE(6, 36);
  record.fill(0xff, 40, 80);
  record.writeUInt32BE(numbers.afterText, 80);
  record.writeUInt32BE(fullNameOffset, 84);
  record.writeUInt32BE(fullName.length, 88);
  record.writeUInt32BE(localeNumbers[book.language] ?? 0, 92);
  record.writeUInt32BE(6, 104);
  // No image.
  record.writeUInt32BE(none, 108);
  // An EXTH header follows.
  record.writeUInt32BE(0x50, 128);
  record.writeUInt32BE(none, 164);
  // No DRM.
  record.writeUInt32BE(none, 168);
  record.writeUInt16BE(1, 192);
  record.writeUInt16BE(numbers.afterText - 1, 194);
  record.writeUInt32BE(1, 196);
  record.writeUInt32BE(numbers.fcis, 200);
  record.writeUInt32BE(1, 204);
  record.writeUInt32BE(numbers.flis, 208);
  record.writeUInt32BE(1, 212);
  record.writeUInt32BE(none, 224);
  record.writeUInt32BE(none, 232);
  record.writeUInt32BE(none, 236);
  // Each text record ends with what is left of a character that lies across its end.
  record.writeUInt32BE(1, 240);
  record.writeUInt32BE(none, 244);

  exth.copy(record, exthOffset);
  fullName.copy(record, fullNameOffset);
  return record;
}

/** `EXTH`, its length without the filling, the number of entries, the entries; filled to whole words. */
function exthHeader(book: SampleBook): Buffer {
  const entries = [
    ...book.authors.map(author => exthEntry(100, authorName(author))),
    exthEntry(101, publisherName),
    exthEntry(106, '2024-01-15'),
    exthEntry(112, `urn:uuid:${bookUuid(book)}`),
    exthEntry(501, 'EBOK'),
    exthEntry(503, book.title),
    exthEntry(524, book.language),
  ];
  const body = Buffer.concat(entries);
  const header = Buffer.alloc(align(12 + body.length));
  header.write('EXTH', 0, 'latin1');
  header.writeUInt32BE(12 + body.length, 4);
  header.writeUInt32BE(entries.length, 8);
  body.copy(header, 12);
  return header;
}

function exthEntry(type: number, text: string): Buffer {
  const value = Buffer.from(text, 'utf8');
  const entry = Buffer.alloc(8 + value.length);
  entry.writeUInt32BE(type, 0);
  entry.writeUInt32BE(entry.length, 4);
  value.copy(entry, 8);
  return entry;
}

function flisRecord(): Buffer {
  return wordsRecord('FLIS', [8, 0x00410000, 0, none, 0x00010003, 3, 1, none]);
}

function fcisRecord(textLength: number): Buffer {
  return wordsRecord('FCIS', [0x14, 0x10, 1, 0, textLength, 0, 0x20, 8, 0x00010001, 0]);
}

function wordsRecord(name: string, words: readonly number[]): Buffer {
  const record = Buffer.alloc(4 + words.length * 4);
  record.write(name, 0, 'latin1');
  for (const [index, word] of words.entries()) record.writeUInt32BE(word, 4 + index * 4);
  return record;
}

function align(length: number): number {
  return Math.ceil(length / 4) * 4;
}
