import { decodeWindows1252 } from '../windows1252.ts';
import { partOf, type BookBytes } from './bookBytes.ts';
import type { FoundMetadata } from './bookMetadata.ts';
import { maxAuthors, UnreadableBookError } from './bookMetadata.ts';
import { isbnIn } from './isbn.ts';
import { displayNames } from './personName.ts';

// A MOBI is a PalmDB, a list of records of which record 0 describes the book: a PalmDOC header of 16 bytes,
// the MOBI header, and the EXTH header with its entries. All numbers are big-endian. Every offset is what a
// stranger wrote, so nothing is read without a look at the bounds.

const recordCountAt = 76;
const recordListAt = 78;
const recordListEntry = 8;
/** With the places of the first two records. */
const palmHeaderBytes = recordListAt + 2 * recordListEntry;
const usualRecordBytes = 8192;
const utf8Encoding = 65001;
const exthAuthor = 100;
const exthPublisher = 101;
const exthIsbn = 104;
const exthDate = 106;
const exthAsin = 113;
const exthTitle = 503;
const exthLanguage = 524;
const exthTypes: ReadonlySet<number> = new Set([
  exthAuthor,
  exthPublisher,
  exthIsbn,
  exthDate,
  exthAsin,
  exthTitle,
  exthLanguage,
]);
const maxExthEntries = 1000;
const maxTextBytes = 8192;

/** MOBI, PRC, AZW3 and Palm texts: EXTH entries for title, authors and language, else the full name and the locale. */
export function readMobi(body: BookBytes): FoundMetadata {
  const start = body.slice(0, palmHeaderBytes);
  const kind = start.toString('latin1', 60, 68);
  if (kind === 'TEXtREAd') return readPalmDoc(start);
  if (kind !== 'BOOKMOBI') throw new UnreadableBookError('it has no MOBI header');
  const record = firstRecord(body, start);
  // All that counts lies in here as a rule, and is read at once.
  const header = record.slice(0, usualRecordBytes);
  if (header.toString('latin1', 16, 20) !== 'MOBI' || header.length < 96) {
    throw new UnreadableBookError('it has no MOBI header');
  }
  const decode = header.readUInt32BE(28) === utf8Encoding ? decodeUtf8 : decodeWindows1252;
  const fullName = textBytes(record, header.readUInt32BE(84), header.readUInt32BE(88));
  const exth = exthEntries(record, header);
  const texts = (type: number) => exth.filter(entry => entry.type === type).map(entry => decode(entry.value));
  return {
    title: texts(exthTitle)[0] ?? (fullName.length > 0 ? decode(fullName) : undefined),
    authors: texts(exthAuthor).slice(0, maxAuthors).flatMap(displayNames),
    language: texts(exthLanguage)[0] ?? languageOfLocale.get(header.readUInt32BE(92) & 0xff),
    publisher: texts(exthPublisher)[0],
    date: texts(exthDate)[0],
    identifiers: identifiersOf(texts(exthIsbn)[0], texts(exthAsin)[0]),
  };
}

function identifiersOf(isbnText: string | undefined, asin: string | undefined): Record<string, string> {
  const isbn = isbnIn(isbnText ?? '');
  return {
    ...(isbn === undefined ? {} : { isbn }),
    // Programs put an identifier of their own there, too.
    ...(asin !== undefined && /^B[\dA-Z]{9}$/.test(asin) ? { 'mobi-asin': asin } : {}),
  };
}

/** A Palm text has nothing but the name of its database: 31 bytes, with underscores for blanks. */
function readPalmDoc(body: Buffer): FoundMetadata {
  const name = body.subarray(0, 32);
  const end = name.indexOf(0);
  const title = decodeWindows1252(name.subarray(0, end === -1 ? 31 : end)).replaceAll('_', ' ');
  return { title, authors: [], language: undefined };
}

function decodeUtf8(bytes: Buffer): string {
  return bytes.toString('utf8');
}

function textBytes(record: BookBytes, at: number, length: number): Buffer {
  return record.slice(at, at + Math.min(length, maxTextBytes));
}

/** From its place to that of the second record, both as the list says. */
function firstRecord(body: BookBytes, header: Buffer): BookBytes {
  if (header.length < recordListAt + recordListEntry) throw new UnreadableBookError('it is cut off');
  const start = header.readUInt32BE(recordListAt);
  const secondAt = recordListAt + recordListEntry;
  const hasSecond = header.readUInt16BE(recordCountAt) > 1 && secondAt + 4 <= header.length;
  const end = hasSecond ? header.readUInt32BE(secondAt) : body.length;
  return partOf(body, start, end > start ? end : body.length);
}

interface ExthEntry {
  type: number;
  value: Buffer;
}

function exthEntries(record: BookBytes, header: Buffer): ExthEntry[] {
  const entries: ExthEntry[] = [];
  if (header.length < 132 || (header.readUInt32BE(128) & 0x40) === 0) return entries;
  let at = 16 + header.readUInt32BE(20);
  const start = record.slice(at, at + 12);
  if (start.length < 12 || start.toString('latin1', 0, 4) !== 'EXTH') return entries;
  const count = Math.min(start.readUInt32BE(8), maxExthEntries);
  at += 12;
  for (let index = 0; index < count; index++) {
    const entry = record.slice(at, at + 8);
    const length = entry.length < 8 ? 0 : entry.readUInt32BE(4);
    // Shorter than its own header: the rest cannot be found any more.
    if (length < 8) break;
    const type = entry.readUInt32BE();
    if (exthTypes.has(type)) entries.push({ type, value: textBytes(record, at + 8, length - 8) });
    at += length;
  }
  return entries;
}

/** Windows' numbers of languages, without the countries; the languages that MOBIs are written in. */
const languageOfLocale: ReadonlyMap<number, string> = new Map([
  [1, 'ar'],
  [2, 'bg'],
  [3, 'ca'],
  [4, 'zh'],
  [5, 'cs'],
  [6, 'da'],
  [7, 'de'],
  [8, 'el'],
  [9, 'en'],
  [10, 'es'],
  [11, 'fi'],
  [12, 'fr'],
  [13, 'he'],
  [14, 'hu'],
  [15, 'is'],
  [16, 'it'],
  [17, 'ja'],
  [18, 'ko'],
  [19, 'nl'],
  [20, 'no'],
  [21, 'pl'],
  [22, 'pt'],
  [24, 'ro'],
  [25, 'ru'],
  [26, 'hr'],
  [27, 'sk'],
  [28, 'sq'],
  [29, 'sv'],
  [30, 'th'],
  [31, 'tr'],
  [33, 'id'],
  [34, 'uk'],
  [35, 'be'],
  [36, 'sl'],
  [37, 'et'],
  [38, 'lv'],
  [39, 'lt'],
  [41, 'fa'],
  [42, 'vi'],
  [43, 'hy'],
  [45, 'eu'],
  [57, 'hi'],
]);
