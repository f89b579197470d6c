import { createHash } from 'node:crypto';

// Sample e-books and tars, made by code: for a first look at the program, and for its tests. What this folder
// promises: every file is valid, and the same input gives the same bytes on every machine and every day. So
// nothing here reads the clock, a random source or the time zone, and nothing is compressed by zlib, whose
// output differs between versions and processors.

/** One author. Whoever goes by a single name (Voltaire, 魯迅) has it in `last` and an empty `first`. */
export interface SampleAuthor {
  first: string;
  last: string;
}

/** What a sample e-book is made of, whatever its format. */
export interface SampleBook {
  title: string;
  authors: SampleAuthor[];
  /** ISO 639-1, such as `en`. */
  language: string;
  series?: { name: string; index: number };
  /** Plain text, one string for each paragraph. */
  paragraphs: string[];
}

export const publisherName = 'Tarshelf sample books';

/** The author as a title page has it: `Jane Austen`. */
export function authorName(author: SampleAuthor): string {
  return author.first === '' ? author.last : `${author.first} ${author.last}`;
}

/** The author as a catalogue sorts it: `Austen, Jane`. */
export function authorSortName(author: SampleAuthor): string {
  return author.first === '' ? author.last : `${author.last}, ${author.first}`;
}

/** A UUID (version 5 in form) that belongs to this title, its authors and language, whatever the format. */
export function bookUuid(book: SampleBook): string {
  const hex = digestOf(book);
  const variant = ((Number.parseInt(hex.slice(16, 18), 16) & 0x3f) | 0x80).toString(16);
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `5${hex.slice(13, 16)}`,
    `${variant}${hex.slice(18, 20)}`,
    hex.slice(20, 32),
  ].join('-');
}

/** 32 bits that belong to this title, its authors and language. */
export function bookNumber(book: SampleBook): number {
  return Number.parseInt(digestOf(book).slice(32, 40), 16);
}

function digestOf(book: SampleBook): string {
  const identity = JSON.stringify([book.title, book.authors.map(authorName), book.language]);
  return createHash('sha1').update(identity).digest('hex');
}

export function escapeXml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
