import { createHash, randomBytes } from 'node:crypto';
import { mkdir, readFile, rename, rm, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { keyText } from '../protocol/bookKey.ts';
import { oneLine, systemCode, TarshelfError } from '../protocol/errors.ts';
import type { CatalogueEntry } from './catalogue.ts';
import { catalogue } from './catalogue.ts';
import { makeEpub } from './epub.ts';
import { makeFb2 } from './fb2.ts';
import { makeMobi } from './mobi.ts';
import { makeJpeg, makeJson, makePlainZip, makeUnknownBinary } from './nonBooks.ts';
import { makePdf } from './pdf.ts';
import { writeParagraphs } from './prose.ts';
import type { SampleBook } from './sampleBook.ts';
import { authorSortName, bookNumber } from './sampleBook.ts';
import { SeededRandom } from './seededRandom.ts';
import type { TarFormat, TarMember } from './tarWriter.ts';
import { encodeTar } from './tarWriter.ts';

export type SampleFormat = 'epub' | 'mobi' | 'fb2' | 'pdf';

/** What is in the sample tars, counted while they were made. */
export interface SampleTruth {
  /** `members` counts files, not directories. */
  tars: { name: string; sizeBytes: number; members: number }[];
  /** Every book once; unique by (sha1, sizeBytes). */
  books: { sha1: string; sizeBytes: number; format: SampleFormat }[];
  /** Members that are books, duplicates counted. */
  bookMembers: number;
  /** `bookMembers` less the number of `books`. */
  duplicates: number;
  /** Members that are files and no books. */
  skipped: number;
}

/** A member of a sample tar; `format` is null for what is no book, directories included. */
export interface SampleMember extends TarMember {
  format: SampleFormat | null;
}

export interface SampleTar {
  name: string;
  format: TarFormat;
  members: SampleMember[];
}

/** How one tar is filled. */
interface TarPlan {
  name: string;
  format: TarFormat;
  /** Books that no earlier tar has. */
  newBooks: number;
  /** Books that an earlier tar has as well. */
  fromEarlier: number;
  /** Books that this tar has already, under another name. */
  twice: number;
  /** How members are named: numbers alone, or also titles, with folders of authors or without. */
  naming: 'numbers' | 'titles' | 'mixed';
}

const plans: readonly TarPlan[] = [
  { name: 'books-2024-01.tar', format: 'gnu', newBooks: 26, fromEarlier: 0, twice: 2, naming: 'numbers' },
  { name: 'books-2024-02.tar', format: 'pax', newBooks: 22, fromEarlier: 4, twice: 1, naming: 'titles' },
  { name: 'books-2024-03.tar', format: 'ustar', newBooks: 20, fromEarlier: 5, twice: 2, naming: 'mixed' },
  { name: 'books-2024-04.tar', format: 'gnu', newBooks: 18, fromEarlier: 6, twice: 1, naming: 'titles' },
  { name: 'books-2024-05.tar', format: 'pax', newBooks: 16, fromEarlier: 8, twice: 2, naming: 'mixed' },
  { name: 'books-2024-06.tar', format: 'ustar', newBooks: 6, fromEarlier: 14, twice: 1, naming: 'numbers' },
];

function formatsOf(work: CatalogueEntry): SampleFormat[] {
  // A PDF without embedded fonts shows Chinese and Japanese only where the reader has the Asian fonts and
  // tables; a sample that opens as a blank page would look broken.
  return ['zh', 'ja'].includes(work.language) ? ['epub', 'mobi', 'fb2'] : ['epub', 'mobi', 'fb2', 'pdf'];
}

/**
 * Writes the sample tars into the folder, which is made if need be; whatever else is in it stays as it is. A
 * tar that is there already with the same bytes is not written again, so its time of change stays too. Throws
 * TarshelfError `USAGE` for a file of another content under the name of a sample tar, before anything is
 * written, and for a folder that cannot be written to.
 */
export async function makeSampleTars(folder: string): Promise<SampleTruth> {
  const tars = sampleTars().map(tar => ({ ...tar, bytes: encodeTar(tar.members, tar.format) }));
  try {
    await mkdir(folder, { recursive: true });
    const missing = [];
    for (const tar of tars) {
      const present = await readIfPresent(join(folder, tar.name));
      if (present === undefined) missing.push(tar);
      else if (!present.equals(tar.bytes)) {
        throw new TarshelfError(
          'USAGE',
          `${join(folder, tar.name)} exists and is not the sample of this version: delete it or choose another folder.`,
        );
      }
    }
    for (const tar of missing) await writeWhole(join(folder, tar.name), tar.bytes, newestTime(tar.members));
  } catch (error) {
    if (error instanceof TarshelfError) throw error;
    throw new TarshelfError(
      'USAGE',
      `The sample books cannot be written to ${folder}: ${oneLine(error)}. Choose a folder that you can write to.`,
      { cause: error },
    );
  }
  return truthOf(tars);
}

/** The same tars in memory, with every member's bytes. */
export function sampleTars(): SampleTar[] {
  const random = new SeededRandom('tarshelf sample books');
  const unused = random.shuffle(catalogue.flatMap(work => formatsOf(work).map(format => ({ work, format }))));
  const placed: Content[] = [];
  let nextNumber = 16470000;
  return plans.map((plan, index) => {
    const fresh = unused.splice(0, plan.newBooks).map(({ work, format }) => makeBook(work, format));
    const earlier = random.shuffle(placed).slice(0, plan.fromEarlier);
    const again = random.shuffle(fresh).slice(0, plan.twice);
    placed.push(...fresh);
    const contents = random.shuffle([...fresh, ...earlier, ...again, ...makeNonBooks(index)]);
    const files = contents.map((content, order) => ({
      content,
      name: memberName(plan, content, order, nextNumber + order),
    }));
    nextNumber += contents.length;
    return { name: plan.name, format: plan.format, members: toMembers(files, plan, index) };
  });
}

/** The bytes of a member and what a good name for it would be made of. */
interface Content {
  body: Buffer;
  format: SampleFormat | null;
  /** Null for a file that only has a number. */
  title: { author: string; text: string; language: string } | null;
  /** Without the dot; empty for a file that has none. */
  extension: string;
}

function makeBook(work: CatalogueEntry, format: SampleFormat): Content {
  // All volumes of a series have one text: their FB2s are equal in size and differ in a digit, which shows
  // whether somebody takes size for identity.
  const random = new SeededRandom(`${work.language} ${work.series?.name ?? work.title}`);
  const isLong = random.integer(1, 8) === 1;
  const paragraphs = writeParagraphs(work.language, isLong ? 60 : random.integer(3, 7), random);
  const author = work.authors.map(authorSortName).join(' & ');
  return {
    body: encodeBook({ ...work, paragraphs }, format),
    format,
    title: { author, text: work.title, language: work.language },
    extension: format,
  };
}

function encodeBook(book: SampleBook, format: SampleFormat): Buffer {
  switch (format) {
    case 'epub':
      return makeEpub(book);
    case 'mobi':
      return makeMobi(book);
    case 'fb2':
      // Old Russian FB2s are seldom in UTF-8.
      return makeFb2(book, book.language === 'ru' && bookNumber(book) % 2 === 0 ? 'windows-1251' : 'utf-8');
    case 'pdf':
      return makePdf(book);
  }
}

function makeNonBooks(index: number): Content[] {
  const part = index + 1;
  const named = (text: string, extension: string, body: Buffer): Content => ({
    body,
    format: null,
    title: { author: '', text, language: '' },
    extension,
  });
  const numbered = (body: Buffer): Content => ({ body, format: null, title: null, extension: '' });
  const contents = [named('metadata', 'json', makeJson(part))];
  contents.push(index % 2 === 0 ? numbered(makeJpeg()) : named('cover', 'jpg', makeJpeg()));
  if (index % 2 === 1) contents.push(named('notes', 'zip', makePlainZip(part)));
  if (index % 3 === 0) contents.push(numbered(makePlainZip(part)));
  if (index % 3 === 1) contents.push(numbered(Buffer.alloc(0)));
  if (index % 3 === 2) contents.push(numbered(makeUnknownBinary(part)));
  return contents;
}

const longFolder = 'sample library of novels, tales, plays and verse from all the languages of the shelf';
const longEnding = {
  en: '(complete sample edition with notes on the text, a life of the author and an index of names)',
  ru: '(полное издание с примечаниями, жизнеописанием автора и указателем имён)',
};

/** The path in the tar, by a pattern that changes from member to member. */
function memberName(plan: TarPlan, content: Content, order: number, number: number): string {
  const root = plan.name.replace(/\.tar$/, '');
  const { title } = content;
  const extension = order % 5 === 4 ? content.extension.toUpperCase() : content.extension;
  if (title !== null && content.format === null) return `${root}/${title.text}.${content.extension}`;
  const byTitle = { numbers: false, titles: order % 4 !== 3, mixed: order % 2 === 0 }[plan.naming];
  if (title === null || !byTitle) {
    const withExtension = content.extension !== '' && order % 6 === 5;
    return `${root}/${String(number)}${withExtension ? `.${extension}` : ''}`;
  }
  const author = fileName(title.author);
  const text = fileName(title.text);
  switch (order % 3) {
    case 0:
      return `${root}/${author} - ${text}.${extension}`;
    case 1:
      return `${root}/${title.language}/${author}/${text}.${extension}`;
    default: {
      // Over 100 characters: in several folders, which all formats can hold, or in one name, which ustar cannot.
      if (plan.format === 'ustar') return `${root}/${longFolder}/${author}/${text}.${extension}`;
      const ending = title.language === 'ru' ? longEnding.ru : longEnding.en;
      return `${root}/${author} - ${text} ${ending}.${extension}`;
    }
  }
}

/** The text as a name that every file system takes. */
function fileName(text: string): string {
  return text.replaceAll(/[\\/:*?"<>|]/g, '_');
}

function toMembers(
  files: readonly { content: Content; name: string }[],
  plan: TarPlan,
  index: number,
): SampleMember[] {
  const members: SampleMember[] = [];
  const names = new Set<string>();
  const add = (name: string, body: Buffer, format: SampleFormat | null): void => {
    // Half seconds where the format has them, so that its members have an extended header each.
    const fraction = plan.format === 'pax' ? 500 : 0;
    const mtime = new Date(Date.UTC(2024, index, 1, 8, members.length) + fraction);
    names.add(name);
    members.push({ name, body, mtime, format });
  };
  for (const { content, name } of files) {
    for (let slash = name.indexOf('/'); slash !== -1; slash = name.indexOf('/', slash + 1)) {
      const directory = name.slice(0, slash + 1);
      if (!names.has(directory)) add(directory, Buffer.alloc(0), null);
    }
    // The same book twice, and both times by its title.
    const free = names.has(name) ? name.replace(/\.[^./]+$/, ' (2)$&') : name;
    if (names.has(free)) throw new RangeError(`${plan.name}: two members are named ${free}`);
    add(free, content.body, content.format);
  }
  return members;
}

function truthOf(tars: readonly (SampleTar & { bytes: Buffer })[]): SampleTruth {
  const books = new Map<string, SampleTruth['books'][number]>();
  let bookMembers = 0;
  let skipped = 0;
  const filesOf = (tar: SampleTar): SampleMember[] =>
    tar.members.filter(member => !member.name.endsWith('/'));
  for (const { body, format } of tars.flatMap(filesOf)) {
    if (format === null) {
      skipped++;
      continue;
    }
    bookMembers++;
    const key = { sha1: createHash('sha1').update(body).digest('hex'), sizeBytes: body.length };
    books.set(keyText(key), { ...key, format });
  }
  return {
    tars: tars.map(tar => ({ name: tar.name, sizeBytes: tar.bytes.length, members: filesOf(tar).length })),
    books: [...books.values()],
    bookMembers,
    duplicates: bookMembers - books.size,
    skipped,
  };
}

function newestTime(members: readonly SampleMember[]): Date {
  return new Date(Math.max(...members.map(member => member.mtime.getTime())));
}

async function readIfPresent(path: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path);
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** Under another name first: nobody ever sees half a tar, also not after a kill in the middle. */
async function writeWhole(path: string, bytes: Buffer, time: Date): Promise<void> {
  const temporary = `${path}.${randomBytes(4).toString('hex')}.tmp`;
  try {
    await writeFile(temporary, bytes, { flag: 'wx' });
    await utimes(temporary, time, time);
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}
