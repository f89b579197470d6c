import { createHash, randomUUID } from 'node:crypto';
import { constants, createReadStream } from 'node:fs';
import { access, lstat, mkdir, readdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import pLimit from 'p-limit';
import type { BookKey } from '../../../protocol/bookKey.ts';
import { oneLine, systemCode, TarshelfError } from '../../../protocol/errors.ts';
import { sentence } from '../../../protocol/sentences.ts';
import { renameOver, syncFolder, writeChunksDurably } from '../../system/durableFiles.ts';
import { formatByExtension } from '../../books/bookType.ts';
import { FileLock } from '../../system/fileLock.ts';
import { makeFolder } from '../../system/makeFolder.ts';
import { isAlive } from '../../system/processes.ts';
import { isBusy, sqliteCode } from '../../system/sqliteErrors.ts';
import {
  DestinationUnusable,
  type Book,
  type Destination,
  type KnownKey,
  type LostBook,
} from '../destination.ts';
import { faultOfFile } from './bookFile.ts';
import { libraryPaths, pathIdentity } from './libraryPaths.ts';
import { blockedMs, WriteTurns } from './writeTurns.ts';

const schema = `
  create table if not exists meta (name text primary key, value text not null) strict;
  create table if not exists books (
    sha1 text not null,
    size integer not null,
    format text not null,
    path text not null,
    path_identity text not null unique,
    title text not null,
    authors text not null,
    author_sort text,
    language text,
    series text,
    series_index real,
    publisher text,
    published text,
    identifiers text,
    source_tar text not null,
    source_member text not null,
    added_at text not null,
    unique (sha1, size)
  ) strict;
  -- Who is writing which path: between processes, and across a kill between a file and its row.
  create table if not exists reservations (
    path_identity text primary key,
    sha1 text not null,
    size integer not null,
    path text
  ) strict;
  create index if not exists reservations_by_key on reservations (sha1, size);
`;

const patienceForMakingMs = 60_000;
/** Longer than any of our own processes writes at a time, and than all of them together keep one waiting. */
const patienceForOthersMs = 10_000;
/** Making a name or a row durable takes as long for many as for one, so as many as wait share it. */
const storedTogether = 12;
const keysInSlice = 5000;
/** More of them at a time gain nothing: so many threads of the system look at files. */
const filesLookedAt = 8;

/** System errors after which the next book cannot be stored either. */
const unusable: Readonly<Record<string, string>> = {
  ENOSPC: sentence('diskFull'),
  EDQUOT: sentence('quotaUsedUp'),
  EROFS: sentence('diskReadOnly'),
  EACCES: sentence('notPermitted'),
  EPERM: sentence('notPermitted'),
  ENOENT: sentence('folderGone'),
  ENOTDIR: sentence('folderGone'),
  EIO: sentence('diskErrors'),
};

/** SQLite's result codes for such troubles. */
const sqliteFailures: Readonly<Record<number, string>> = {
  5: sentence('databaseBusy'),
  8: sentence('diskReadOnly'),
  10: sentence('diskErrors'),
  // Also what it says where a disk fails while a page is read.
  11: sentence('databaseDamaged'),
  13: sentence('diskFull'),
  14: sentence('notPermitted'),
  26: sentence('databaseDamaged'),
};

/** Those of them that are of the database itself. */
const ofDatabase: ReadonlySet<number> = new Set([5, 11, 26]);

/**
 * The embedded library: `library.db` with a row for each book, and the files under `books/`.
 *
 * The order of writing is what keeps it true at any kill: the bytes go to a temporary file and are made
 * durable, the path is reserved, the file takes its name, the name is made durable, the row comes last. So a row never lacks
 * its file. A file whose row is missing is found by its reservation when its book comes again, whatever that is called then: a key
 * has one reserved path at a time. A power cut may take a reservation back; then the file is found by its bytes, under its name only.
 *
 * The last two steps are taken for all books that wait for them:
 *
 *   copy ─ reserve ─ rename ─┐
 *   copy ─ reserve ─ rename ─┼─ names durable ─ rows, in one transaction
 *   copy ─ reserve ─ rename ─┘
 */
export class Library implements Destination {
  readonly id: string;
  readonly storesTogether = storedTogether;
  readonly #folder: string;
  readonly #database: DatabaseSync;
  /** The same one, for what need not outlive a power cut. */
  readonly #passing: DatabaseSync;
  readonly #has: StatementSync;
  readonly #keysAfter: StatementSync;
  readonly #pathTakenBy: StatementSync;
  readonly #reserve: StatementSync;
  readonly #unreserve: StatementSync;
  readonly #reservationsOf: StatementSync;
  readonly #reservationsWithRow: StatementSync;
  readonly #insert: StatementSync;
  readonly #move: StatementSync;
  readonly #turns: WriteTurns;
  #renamed: RenamedBook[] = [];
  #isFinishing = false;

  private constructor(folder: string, database: DatabaseSync, passing: DatabaseSync, turns: WriteTurns) {
    this.#folder = folder;
    this.#turns = turns;
    this.#database = database;
    this.#passing = passing;
    this.#has = database.prepare('select path from books where sha1 = ? and size = ?');
    this.#keysAfter = database.prepare(
      'select rowid, sha1, size from books where rowid > ? order by rowid limit ?',
    );
    this.#pathTakenBy = passing.prepare(
      `select sha1, size from books where path_identity = :identity
       union all select sha1, size from reservations where path_identity = :identity`,
    );
    this.#reserve = passing.prepare(
      'insert or replace into reservations (path_identity, sha1, size, path) values (?, ?, ?, ?)',
    );
    this.#reservationsOf = passing.prepare(
      'select path_identity, path from reservations where sha1 = ? and size = ?',
    );
    this.#reservationsWithRow = passing.prepare(
      `select sha1, size, r.path_identity, r.path, b.path as row_path, b.path_identity as row_identity
       from reservations r join books b using (sha1, size)`,
    );
    this.#unreserve = database.prepare('delete from reservations where path_identity = ?');
    this.#insert = database.prepare(
      `insert into books (sha1, size, format, path, path_identity, title, authors, author_sort, language, series,
         series_index, publisher, published, identifiers, source_tar, source_member, added_at)
       values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    );
    this.#move = database.prepare(
      'update books set path = ?, path_identity = ?, format = ? where sha1 = ? and size = ?',
    );
    this.id = `library:${idOf(database)}`;
  }

  /**
   * Makes the library of a folder, or opens the one that is there.
   *
   * @throws TarshelfError `LIBRARY_NOT_WRITABLE`; DestinationUnusable where it is the database that is in the way
   */
  static async make(folder: string): Promise<Library> {
    try {
      await makeFolder(join(folder, 'books'));
      await makeFolder(join(folder, 'tmp'));
      // One at a time: turning a new database to WAL fails at once where another process does so, too.
      const lock = await FileLock.take(join(folder, 'making.lock'), patienceForMakingMs);
      if (!lock) throw new Error('another process is making it and does not end');
      try {
        return await Library.#connect(folder, patienceForOthersMs);
      } finally {
        lock.release();
      }
    } catch (thrown) {
      if (isOfDatabase(thrown)) throw unusableFor(folder, thrown) ?? thrown;
      throw new TarshelfError(
        'LIBRARY_NOT_WRITABLE',
        sentence('libraryUnwritable', folder, oneLine(thrown)),
        { cause: thrown },
      );
    }
  }

  /**
   * Opens a library that is there. Several processes may hold it at once. It is never made anew here: where its
   * disk is unplugged, a second one would grow in its place.
   *
   * @param patienceMs how long others may be writing to it before it counts as unusable
   * @throws DestinationUnusable
   */
  static async open(folder: string, { patienceMs = patienceForOthersMs } = {}): Promise<Library> {
    try {
      await access(join(folder, 'library.db'), constants.W_OK);
      return await Library.#connect(folder, patienceMs);
    } catch (thrown) {
      throw unusableFor(folder, thrown) ?? thrown;
    }
  }

  /** Where the library is as this version makes it, nothing is written: others may be writing for long. */
  static async #connect(folder: string, patienceMs: number): Promise<Library> {
    const path = join(folder, 'library.db');
    const turns = new WriteTurns(patienceMs);
    const opened: DatabaseSync[] = [];
    const open = (setUp: string): DatabaseSync => {
      const database = new DatabaseSync(path, { timeout: blockedMs });
      opened.push(database);
      database.exec(setUp);
      return database;
    };
    return await turns.take(() => {
      try {
        // FULL: a committed row survives a power cut, as its file does.
        const database = open('pragma journal_mode = wal; pragma synchronous = full;');
        database.exec(schema);
        addMissingColumns(database);
        return new Library(folder, database, open('pragma synchronous = normal;'), turns);
      } catch (thrown) {
        for (const database of opened.splice(0)) database.close();
        throw thrown;
      }
    });
  }

  /** Removes what killed processes left half-written or twice. */
  async removeLeftovers(): Promise<void> {
    const folder = join(this.#folder, 'tmp');
    for (const name of await readdir(folder)) {
      const pid = Number(name.split('-', 1)[0]);
      if (!isAlive(pid)) await rm(join(folder, name), { force: true });
    }
    try {
      await this.#turns.take(() => this.#removeDoubles());
    } catch (thrown) {
      throw this.#failure(thrown);
    }
  }

  /**
   * Goes by row numbers. One is given twice only after the row that had the highest was deleted, which we never
   * do; a book that is missed for it is found when it comes to be stored.
   */
  async readKeys(
    onKey: (key: KnownKey) => void,
    since: string | null,
    signal?: AbortSignal,
  ): Promise<string | null> {
    let last = Number(since ?? 0);
    for (;;) {
      const rows = this.#asked(() => this.#keysAfter.all(last, keysInSlice));
      for (const row of rows) onKey({ sha1: String(row['sha1']), sizeBytes: Number(row['size']) });
      last = Number(rows.at(-1)?.['rowid'] ?? last);
      if (rows.length < keysInSlice) return String(last);
      // The engine answers its workers in between.
      await setImmediate(undefined, { signal });
    }
  }

  #asked<T>(question: () => T): T {
    try {
      return question();
    } catch (thrown) {
      throw this.#failure(thrown);
    }
  }

  async findLost(onLost: (book: LostBook) => void, signal?: AbortSignal): Promise<void> {
    const rowsAfter = this.#database.prepare(
      'select rowid, sha1, size, source_tar from books where rowid > ? order by rowid limit ?',
    );
    for (let last = 0; ;) {
      const rows = this.#asked(() => rowsAfter.all(last, keysInSlice));
      const keys = rows.map(row => ({ sha1: String(row['sha1']), sizeBytes: Number(row['size']) }));
      const faults = await this.faults(keys, signal);
      for (const [index, key] of keys.entries())
        if (typeof faults[index] === 'string') onLost({ key, tar: String(rows[index]?.['source_tar']) });
      last = Number(rows.at(-1)?.['rowid'] ?? last);
      if (rows.length < keysInSlice) return;
    }
  }

  async faults(keys: readonly BookKey[], signal?: AbortSignal): Promise<(string | null)[]> {
    try {
      // Where all of it is gone, it is the disk, and no book.
      await access(join(this.#folder, 'books'));
      const looks = pLimit(filesLookedAt);
      return await looks.map(keys, async ({ sha1, sizeBytes }) => {
        signal?.throwIfAborted();
        const path = this.#has.get(sha1, sizeBytes)?.['path'];
        if (path === undefined) return null;
        return await faultOfFile(join(this.#folder, String(path)), sizeBytes);
      });
    } catch (thrown) {
      throw this.#failure(thrown);
    }
  }

  async store(book: Book): Promise<'uploaded' | 'already_exists'> {
    try {
      const path = this.#has.get(book.key.sha1, book.key.sizeBytes)?.['path'];
      if (typeof path !== 'string') return await this.#add(book);
      const fault = await faultOfFile(join(this.#folder, path), book.key.sizeBytes);
      return fault === null ? 'already_exists' : await this.#add(book, path);
    } catch (thrown) {
      throw this.#failure(thrown);
    }
  }

  #failure(thrown: unknown): unknown {
    // What a failing disk gave for pages is not to be gone by when it is well again.
    if (isOfDatabase(thrown) && !isBusy(thrown))
      for (const each of [this.#database, this.#passing]) each.exec('pragma shrink_memory');
    return unusableFor(this.#folder, thrown) ?? thrown;
  }

  close(): void {
    this.#passing.close();
    this.#database.close();
  }

  /** @param lost the path in the book's row, whose file is gone or another one */
  async #add(book: Book, lost: string | null = null): Promise<'uploaded' | 'already_exists'> {
    // The pid tells later whose it was; see removeLeftovers.
    const temporary = join(this.#folder, 'tmp', `${String(process.pid)}-${randomUUID()}.part`);
    if (book.copyTo) await book.copyTo(temporary);
    else await writeChunksDurably(temporary, book.body());
    try {
      const place = await this.#turns.take(() => this.#choosePath(book, lost));
      // Another ingest into this library had the same book in hand, and was first.
      if (!place) return 'already_exists';
      await renameOver(temporary, join(this.#folder, place.path));
      const outcome = await this.#finish(book, place.path, lost);
      if (outcome === 'already_exists' || place.hasOthers)
        await this.#turns.take(() => this.#removeDoubles());
      return outcome;
    } finally {
      await rm(temporary, { force: true });
    }
  }

  /**
   * Finds and reserves a path that no other book has, whether by a row, a reservation or just on the disk. One that is reserved
   * for this book goes first: its file may be there from before a kill, and another process may have the same book in hand.
   *
   * @param lost the path in the book's row, where that does not count
   * @returns null where the book has a row by now
   */
  async #choosePath(book: Book, lost: string | null): Promise<Place | null> {
    const { key } = book;
    const reserved = new Map<string, string[]>();
    for (const { path_identity: identity, path } of this.#reservationsOf.all(key.sha1, key.sizeBytes))
      reserved.set(String(identity), await this.#reservedPaths(identity, path));
    for (const path of [...reserved.values(), libraryPaths(book.metadata, book.format, key)].flat()) {
      const file = join(this.#folder, path);
      await this.#makeFolder(dirname(file));
      // A file that nobody has a row for may be the user's own, or ours from before a kill.
      if ((await whatIsAt(file, key)) === 'another') continue;
      const identity = pathIdentity(path);
      const answer = this.#reservePath(path, identity, key, reserved, lost);
      if (answer === 'reserved')
        return { path, hasOthers: Array.from(reserved.keys()).some(other => other !== identity) };
      if (answer === 'stored') return null;
      if (answer === 'reservedMeanwhile') return this.#choosePath(book, lost);
    }
    throw new TarshelfError('UPLOAD_FAILED', sentence('bookNamesTaken', book.member, this.#folder));
  }

  /** The path of a reservation. One of an earlier version has its identity alone, and is looked for on the disk. */
  async #reservedPaths(identity: unknown, path: unknown): Promise<string[]> {
    if (typeof path === 'string') return [path];
    let found = ['books'];
    for (const name of String(identity).split('/').slice(1)) {
      const within = found.map(async folder => {
        const names = await namesIn(join(this.#folder, folder));
        return names.filter(each => pathIdentity(each) === name).map(each => `${folder}/${each}`);
      });
      found = (await Promise.all(within)).flat();
    }
    return found;
  }

  /**
   * Removes second files of books, whose reservations are still there: of a kill, when their books have come again under other names.
   * A reservation outlives its file, so that nobody else takes a path from which a file is removed.
   */
  async #removeDoubles(): Promise<void> {
    for (const row of this.#reservationsWithRow.all()) {
      const key = { sha1: String(row['sha1']), sizeBytes: Number(row['size']) };
      const identity = row['path_identity'];
      // On some disks two names of one identity are one file.
      if (identity !== row['row_identity']) {
        const paths = await this.#reservedPaths(identity, row['path']);
        const removed = paths.map(path => this.#removeDouble(path, String(row['row_path']), key));
        // What cannot be removed now is found again as long as it is reserved.
        if (!(await Promise.allSettled(removed)).every(each => each.status === 'fulfilled' && each.value))
          continue;
      }
      await this.#turns.take(() => this.#unreserve.run(String(identity)));
    }
  }

  /** @returns whether the second file is gone, or none; false where the book's own file is not what its row says */
  async #removeDouble(path: string, rowPath: string, key: BookKey): Promise<boolean> {
    const [second, own] = [join(this.#folder, path), join(this.#folder, rowPath)];
    // Where that is lost, somebody may be about to store it again at the other path.
    if ((await faultOfFile(own, key.sizeBytes)) !== null) return false;
    if ((await whatIsAt(second, key)) !== 'book') return true;
    if ((await whatIsAt(own, key)) !== 'book') return false;
    const [one, other] = await Promise.all([lstat(second, { bigint: true }), lstat(own, { bigint: true })]);
    if (one.dev !== other.dev || one.ino !== other.ino) await rm(second, { force: true });
    return true;
  }

  /** One level only: where the library's disk is unplugged, nothing may grow in its place. */
  async #makeFolder(folder: string): Promise<void> {
    try {
      await mkdir(folder);
    } catch (thrown) {
      if (systemCode(thrown) === 'EEXIST') return;
      throw thrown;
    }
  }

  /** Makes the name of a book's file durable, and adds its row, unless it has one already that is not lost. */
  #finish(book: Book, path: string, lost: string | null): Promise<Outcome> {
    return new Promise((resolve, reject) => {
      this.#renamed.push({ book, path, lost, resolve, reject });
      if (!this.#isFinishing) void this.#finishAll();
    });
  }

  async #finishAll(): Promise<void> {
    this.#isFinishing = true;
    while (this.#renamed.length > 0) {
      const renamed = this.#renamed;
      this.#renamed = [];
      // A folder may be new, too, and made by another process, which is not yet so far.
      const folders = renamed.map(({ path }) => dirname(join(this.#folder, path)));
      const all = new Set(folders.flatMap(folder => [folder, dirname(folder)]));
      const failures = new Map<string, unknown>();
      await Promise.all(
        Array.from(all, async folder => {
          await syncFolder(folder).catch((thrown: unknown) => failures.set(folder, thrown));
        }),
      );
      const durable = renamed.filter(({ reject }, index) => {
        const folder = folders[index] ?? '';
        const failed = [folder, dirname(folder)].find(one => failures.has(one));
        if (failed !== undefined) reject(failures.get(failed));
        return failed === undefined;
      });
      if (durable.length > 0) await this.#addRows(durable);
    }
    this.#isFinishing = false;
  }

  /** Whether a book has a row, other than the one whose file is lost. */
  #isStored({ sha1, sizeBytes }: BookKey, lost: string | null): boolean {
    const path = this.#has.get(sha1, sizeBytes)?.['path'];
    return path !== undefined && path !== lost;
  }

  /** @param known the reservations of the book, by identity, that its paths were chosen by */
  #reservePath(
    path: string,
    identity: string,
    key: BookKey,
    known: ReadonlyMap<string, unknown>,
    lost: string | null,
  ): 'reserved' | 'taken' | 'stored' | 'reservedMeanwhile' {
    return transaction(this.#passing, () => {
      if (this.#isStored(key, lost)) return 'stored';
      const reserved = this.#reservationsOf.all(key.sha1, key.sizeBytes);
      if (reserved.some(row => !known.has(String(row['path_identity'])))) return 'reservedMeanwhile';
      const taken = this.#pathTakenBy.get({ identity });
      if (taken && (taken['sha1'] !== key.sha1 || taken['size'] !== key.sizeBytes)) return 'taken';
      this.#reserve.run(identity, key.sha1, key.sizeBytes, path);
      return 'reserved';
    });
  }

  async #addRows(renamed: readonly RenamedBook[]): Promise<void> {
    let outcomes: Outcome[];
    try {
      outcomes = await this.#turns.take(() =>
        transaction(this.#database, () =>
          renamed.map(({ book, path, lost }) => this.#addRow(book, path, lost)),
        ),
      );
    } catch (thrown) {
      if (renamed.length > 1 && !isBusy(thrown)) for (const one of renamed) await this.#addRows([one]);
      else for (const { reject } of renamed) reject(thrown);
      return;
    }
    renamed.forEach(({ resolve }, index) => {
      resolve(outcomes[index] ?? 'uploaded');
    });
  }

  #addRow(book: Book, path: string, lost: string | null): Outcome {
    const { key, metadata } = book;
    const identity = pathIdentity(path);
    // Then a file of another path is a double, and is reserved until it is removed.
    if (this.#isStored(key, lost)) return 'already_exists';
    this.#unreserve.run(identity);
    // It may have been reserved for a copy whose name said another format.
    const format = formatByExtension(path) ?? book.format;
    if (lost !== null) {
      this.#move.run(path, identity, format, key.sha1, key.sizeBytes);
      return 'uploaded';
    }
    this.#insert.run(
      key.sha1,
      key.sizeBytes,
      format,
      path,
      identity,
      metadata.title,
      metadata.authors.map(author => author.name).join(' & '),
      metadata.authors.map(author => author.sortName).join(' & '),
      metadata.language,
      metadata.series?.name ?? null,
      metadata.series?.index ?? null,
      metadata.publisher,
      metadata.date,
      identifiersText(metadata.identifiers),
      book.tar,
      book.member.replaceAll('\0', ''),
      new Date().toISOString(),
    );
    return 'uploaded';
  }
}

type Outcome = 'uploaded' | 'already_exists';

/** Where the file of a book goes. */
interface Place {
  readonly path: string;
  /** Other paths are reserved for it, too. */
  readonly hasOthers: boolean;
}

/** A book whose file has its name, and whose row is to come. */
interface RenamedBook {
  readonly book: Book;
  readonly path: string;
  /** The path in its row, where that is to be changed. */
  readonly lost: string | null;
  readonly resolve: (outcome: Outcome) => void;
  readonly reject: (thrown: unknown) => void;
}

/** IMMEDIATE: what is read in it cannot be changed by another process before it writes. */
function transaction<T>(database: DatabaseSync, work: () => T): T {
  database.exec('begin immediate');
  try {
    const result = work();
    database.exec('commit');
    return result;
  } catch (thrown) {
    try {
      database.exec('rollback');
    } catch {
      // On a full disk or a failing one SQLite has rolled back by itself; what matters is why.
    }
    throw thrown;
  }
}

/** Of the library, as it was first opened; nothing is written where it is there. */
function idOf(database: DatabaseSync): string {
  const stored = database.prepare(`select value from meta where name = 'id'`);
  if (!stored.get())
    database.prepare(`insert or ignore into meta (name, value) values ('id', ?)`).run(randomUUID());
  return String(stored.get()?.['value']);
}

/** Columns that libraries of earlier versions do not have. */
const laterColumns = [
  ['books', 'author_sort', 'text'],
  ['books', 'series', 'text'],
  ['books', 'series_index', 'real'],
  ['books', 'publisher', 'text'],
  ['books', 'published', 'text'],
  ['books', 'identifiers', 'text'],
  ['reservations', 'path', 'text'],
] as const;

function addMissingColumns(database: DatabaseSync): void {
  const isThere = database.prepare('select 1 from pragma_table_info(?) where name = ?');
  const missing = (): (typeof laterColumns)[number][] =>
    laterColumns.filter(([table, name]) => !isThere.get(table, name));
  if (missing().length === 0) return;
  // Another process may be about it; who comes second finds nothing left to do.
  database.exec('begin immediate');
  try {
    for (const [table, name, type] of missing())
      database.exec(`alter table ${table} add column ${name} ${type}`);
    database.exec('commit');
  } catch (thrown) {
    database.exec('rollback');
    throw thrown;
  }
}

/** As calibre writes them: `isbn:9780306406157,uri:…`; null for none. */
function identifiersText(identifiers: Readonly<Record<string, string>>): string | null {
  const all = Object.entries(identifiers).map(([scheme, value]) => `${scheme}:${value}`);
  return all.length === 0 ? null : all.join(',');
}

/** Says that no book can be stored, when that is what an error means; else null. */
function unusableFor(folder: string, thrown: unknown): DestinationUnusable | null {
  const why = unusable[systemCode(thrown) ?? ''] ?? sqliteFailures[sqliteCode(thrown) ?? 0];
  if (why === undefined) return null;
  return new DestinationUnusable(sentence('libraryUnusable', folder, why), { cause: thrown });
}

/** Whether neither another folder nor the right to write would help: what a person has to mend is the database. */
function isOfDatabase(thrown: unknown): boolean {
  return ofDatabase.has(sqliteCode(thrown) ?? 0);
}

/** None where there is no such folder. */
async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (thrown) {
    if (['ENOENT', 'ENOTDIR'].includes(systemCode(thrown) ?? '')) return [];
    throw thrown;
  }
}

/** Whether nothing is at a path, the very bytes of a book, or anything else. */
async function whatIsAt(file: string, key: BookKey): Promise<'nothing' | 'book' | 'another'> {
  let sizeBytes: number;
  try {
    const stat = await lstat(file);
    if (!stat.isFile()) return 'another';
    sizeBytes = stat.size;
  } catch (thrown) {
    if (systemCode(thrown) === 'ENOENT') return 'nothing';
    throw thrown;
  }
  if (sizeBytes !== key.sizeBytes) return 'another';
  const hash = createHash('sha1');
  for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer);
  return hash.digest('hex') === key.sha1 ? 'book' : 'another';
}
