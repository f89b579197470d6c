import { decodeWindows1252 } from '../windows1252.ts';
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
const utf8Encoding = 65001;
const exthAuthor = 100;
const exthPublisher = 101;
const exthIsbn = 104;
const exthDate = 106;
const exthAsin = 113;
const exthTitle = 503;
const exthLanguage = 524;
const maxExthEntries = 1000;
const maxTextBytes = 8192;

/** MOBI, PRC, AZW3 and Palm texts: EXTH entries for title, authors and language, else the full name and the locale. */
export function readMobi(body: Buffer): FoundMetadata {
  if (body.toString('latin1', 60, 68) === 'TEXtREAd') return readPalmDoc(body);
  if (body.toString('latin1', 60, 68) !== 'BOOKMOBI') throw new UnreadableBookError('it has no MOBI header');
  const record = firstRecord(body);
  if (record.toString('latin1', 16, 20) !== 'MOBI' || record.length < 96) {
    throw new UnreadableBookError('it has no MOBI header');
  }
  const decode = record.readUInt32BE(28) === utf8Encoding ? decodeUtf8 : decodeWindows1252;
  const fullNameAt = record.readUInt32BE(84);
  const fullName = slice(record, fullNameAt, record.readUInt32BE(88));
  const exth = exthEntries(record);
  const texts = (type: number) => exth.filter(entry => entry.type === type).map(entry => decode(entry.value));
  return {
    title: texts(exthTitle)[0] ?? (fullName.length > 0 ? decode(fullName) : undefined),
    authors: texts(exthAuthor).slice(0, maxAuthors).flatMap(displayNames),
    language: texts(exthLanguage)[0] ?? languageOfLocale.get(record.readUInt32BE(92) & 0xff),
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

function slice(record: Buffer, at: number, length: number): Buffer {
  return record.subarray(at, at + Math.min(length, maxTextBytes));
}

function firstRecord(body: Buffer): Buffer {
  if (body.length < recordListAt + recordListEntry) throw new UnreadableBookError('it is cut off');
  const start = body.readUInt32BE(recordListAt);
  const secondAt = recordListAt + recordListEntry;
  const hasSecond = body.readUInt16BE(recordCountAt) > 1 && secondAt + 4 <= body.length;
  const end = hasSecond ? body.readUInt32BE(secondAt) : body.length;
  return body.subarray(start, end > start ? end : body.length);
}

interface ExthEntry {
  type: number;
  value: Buffer;
}

function exthEntries(record: Buffer): ExthEntry[] {
  const entries: ExthEntry[] = [];
  const hasExth = record.length >= 132 && (record.readUInt32BE(128) & 0x40) !== 0;
  let at = 16 + record.readUInt32BE(20);
  if (!hasExth || record.toString('latin1', at, at + 4) !== 'EXTH' || at + 12 > record.length) return entries;
  const count = Math.min(record.readUInt32BE(at + 8), maxExthEntries);
  at += 12;
  for (let index = 0; index < count && at + 8 <= record.length; index++) {
    const length = record.readUInt32BE(at + 4);
    // Shorter than its own header: the rest cannot be found any more.
    if (length < 8) break;
    entries.push({ type: record.readUInt32BE(at), value: slice(record, at + 8, length - 8) });
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
