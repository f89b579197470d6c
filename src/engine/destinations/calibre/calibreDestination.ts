import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { access, mkdir, open, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { oneLine, systemCode, TarshelfError } from '../../../protocol/errors.ts';
import type { CalibreDeclined } from '../../../protocol/ingestOptions.ts';
import { sentence } from '../../../protocol/sentences.ts';
import {
  DestinationUnusable,
  type Book,
  type Destination,
  type DestinationListener,
  type KnownKey,
} from '../destination.ts';
import { Calibredb, isContentServer, lastLine, type CalibreLibrary, type ListedBook } from './calibredb.ts';
import { keyIdentifier, opfText } from './opf.ts';
import { CalibreTurn } from './turn.ts';

/** Books go to calibre together up to so many: starting its program takes as long as adding thirty. */
const largestCall = { books: 100, bytes: 256 * 1024 * 1024 };

type Outcome = 'uploaded' | 'already_exists';

interface Waiting {
  readonly book: Book;
  readonly signal: AbortSignal | undefined;
  readonly resolve: (outcome: Outcome) => void;
  readonly reject: (reason: unknown) => void;
}

/** A book that lies in a folder of its own beside an OPF, ready for calibre. */
interface LaidDown extends Waiting {
  readonly folder: string;
}

/**
 * A calibre library, by way of calibre's own program, so that its database is written by nobody but calibre.
 *
 * A book bears its SHA-1 as the identifier `tarshelf` (and, where it became a further format of a book that was
 * there, as `tarshelf-<format>`). That, and nothing else, tells later that calibre has it. Each book of a call
 * stands in a folder of its own beside an OPF, from which calibre takes all metadata and the identifier in the
 * same step in which it adds the book.
 *
 *   waiting ──call──▶ added ─────────────────▶ uploaded     with `add-anyway` those that are there are asked for
 *                └──▶ declined (title and authors are there)
 *                        ├─ the same bytes are there ──▶ already_exists, and the identifier is noted
 *                        ├─ `decline` ─────────────────▶ fails as DECLINED
 *                        └─ `add-format` ──call────────▶ merged or added ──▶ uploaded
 */
export class CalibreDestination implements Destination {
  readonly id: string;
  readonly storesTogether = largestCall.books;
  readonly #library: CalibreLibrary;
  readonly #program: Calibredb;
  readonly #whenDeclined: CalibreDeclined;
  readonly #listener: DestinationListener;
  readonly #waiting: Waiting[] = [];
  #working = false;

  private constructor(
    id: string,
    library: CalibreLibrary,
    program: Calibredb,
    whenDeclined: CalibreDeclined,
    listener: DestinationListener,
  ) {
    this.id = id;
    this.#library = library;
    this.#program = program;
    this.#whenDeclined = whenDeclined;
    this.#listener = listener;
  }

  /**
   * Opens a library; calibre makes a new one in an empty folder.
   *
   * @throws DestinationUnusable
   */
  static async make(
    library: CalibreLibrary,
    whenDeclined: CalibreDeclined,
    program = new Calibredb(library),
    signal?: AbortSignal,
  ): Promise<CalibreDestination> {
    await inTurn(signal, () => program.list(['title'], 'id:1', signal));
    return CalibreDestination.open(library, whenDeclined, program);
  }

  /**
   * Opens a library that is there. It is never made anew here: where its disk is unplugged, a second one would
   * grow in its place.
   *
   * @throws DestinationUnusable
   */
  static async open(
    library: CalibreLibrary,
    whenDeclined: CalibreDeclined,
    program = new Calibredb(library),
    listener: DestinationListener = {},
  ): Promise<CalibreDestination> {
    await checkIsThere(library.location);
    return new CalibreDestination(libraryId(library.location), library, program, whenDeclined, listener);
  }

  async readKeys(
    onKey: (key: KnownKey) => void,
    _since: string | null,
    signal?: AbortSignal,
  ): Promise<string | null> {
    const books = await inTurn(signal, async () => {
      await checkIsThere(this.#library.location);
      return this.#program.list(['identifiers'], null, signal);
    });
    for (const book of books) for (const sha1 of keysOf(book)) onKey({ sha1 });
    return null;
  }

  store(book: Book, signal?: AbortSignal): Promise<Outcome> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ book, signal, resolve, reject });
      if (!this.#working) void this.#work();
    });
  }

  close(): void {
    // Nothing is held between two calls.
  }

  /** Takes what waits, call after call, until nothing does. */
  async #work(): Promise<void> {
    this.#working = true;
    // Those that are stored together come in one call, not the first of them in one of its own.
    await new Promise(setImmediate);
    while (this.#waiting.length > 0) {
      const call = this.#nextCall();
      try {
        await inTurn(call[0]?.signal, folder => this.#add(call, folder), this.#listener);
      } catch (thrown) {
        for (const { reject } of call) reject(thrown);
      }
    }
    this.#working = false;
  }

  #nextCall(): Waiting[] {
    let bytes = 0;
    let count = 0;
    for (const { book } of this.#waiting) {
      bytes += book.key.sizeBytes;
      if (count > 0 && (bytes > largestCall.bytes || count === largestCall.books)) break;
      count++;
    }
    return this.#waiting.splice(0, count);
  }

  /** Brings one call's books to their outcomes. What it throws is the fate of those without one. */
  async #add(call: readonly Waiting[], within: string): Promise<void> {
    await checkIsThere(this.#library.location);
    const signal = call[0]?.signal;
    const laidDown: LaidDown[] = [];
    const addsAnyway = this.#whenDeclined === 'add-anyway';
    // calibre declines none then, and a call that was cut short, here or in a process that was killed, has added some.
    const there = addsAnyway ? await this.#keysThere(call, signal) : new Set<string>();
    for (const waiting of call) {
      if (there.has(waiting.book.key.sha1)) {
        waiting.resolve('already_exists');
        continue;
      }
      const folder = join(within, waiting.book.key.sha1);
      try {
        await layDown(waiting.book, folder);
        laidDown.push({ ...waiting, folder });
      } catch (thrown) {
        waiting.reject(thrown);
      }
    }
    if (laidDown.length === 0) return;
    const anyway = addsAnyway ? ['--duplicates'] : [];
    const result = await this.#program.run(
      'add',
      ['-1', ...anyway, ...laidDown.map(one => one.folder)],
      signal,
    );
    const said = `${result.stdout}\n${result.stderr}`;
    const declined = laidDown.filter(one => said.includes(join(one.folder, 'metadata.opf')));
    const added = laidDown.filter(one => !declined.includes(one));
    if (result.exitCode === 0 && idsAfter('Added book ids', said).length === added.length) {
      for (const { resolve } of added) resolve('uploaded');
    } else {
      await this.#settle(added, lastLine(result), signal);
    }
    for (const one of declined) {
      try {
        one.resolve(await this.#reconsider(one, signal));
      } catch (thrown) {
        one.reject(thrown);
        if (thrown instanceof DestinationUnusable) throw thrown;
      }
    }
  }

  /** Tells by the library itself what became of books of which the program did not say it. */
  async #settle(books: readonly LaidDown[], why: string, signal: AbortSignal | undefined): Promise<void> {
    const there = await this.#keysThere(books, signal);
    for (const { book, resolve, reject } of books) {
      if (there.has(book.key.sha1)) resolve('uploaded');
      else reject(new TarshelfError('UPLOAD_FAILED', sentence('calibreNotAdded', book.member, why)));
    }
  }

  /** Those of the books' keys that the library has. */
  async #keysThere(books: readonly Waiting[], signal: AbortSignal | undefined): Promise<Set<string>> {
    const keys = books.map(({ book }) => book.key.sha1);
    // One expression for all: calibre goes through all of its books for each that it is given.
    const search = `identifiers:"=${keyIdentifier}:~^(${keys.join('|')})$"`;
    return new Set((await this.#program.list(['identifiers'], search, signal)).flatMap(keysOf));
  }

  /** calibre has a book of this title by these authors. Is it this one? */
  async #reconsider(one: LaidDown, signal: AbortSignal | undefined): Promise<Outcome> {
    const { book, folder } = one;
    const { title } = book.metadata;
    const alike = await this.#program.list(
      ['title', 'formats', 'identifiers'],
      `title:"=${title.replace(/[\\"]/g, '\\$&')}"`,
      signal,
    );
    for (const other of alike) {
      if (keysOf(other).includes(book.key.sha1)) return 'already_exists';
      if (!(await this.#hasBytes(other, book))) continue;
      await this.#noteKey(other.id, book, signal);
      return 'already_exists';
    }
    if (this.#whenDeclined === 'decline') {
      throw new TarshelfError('DECLINED', sentence('calibreDeclined', book.member, title));
    }
    const result = await this.#program.run('add', ['-1', '--automerge', 'new_record', folder], signal);
    const said = `${result.stdout}\n${result.stderr}`;
    const [merged] = idsAfter('Merged book ids', said);
    if (merged !== undefined) await this.#noteKey(merged, book, signal);
    else if (idsAfter('Added book ids', said).length === 0) {
      throw new TarshelfError('UPLOAD_FAILED', sentence('calibreNotAdded', book.member, lastLine(result)));
    }
    return 'uploaded';
  }

  /** Whether one of a book's files is this very one; of a content server's files that cannot be told. */
  async #hasBytes(other: ListedBook, { key, format }: Book): Promise<boolean> {
    if (isContentServer(this.#library.location)) return false;
    for (const path of other.formats ?? []) {
      if (path.toLowerCase().endsWith(`.${format}`) && (await sha1Of(path)) === key.sha1) return true;
    }
    return false;
  }

  /** Adds our identifier to those that a book has. */
  async #noteKey(id: number, { key, format }: Book, signal: AbortSignal | undefined): Promise<void> {
    const [listed] = await this.#program.list(['identifiers'], `id:${String(id)}`, signal);
    const identifiers = { ...listed?.identifiers };
    const type = identifiers[keyIdentifier] === undefined ? keyIdentifier : `${keyIdentifier}-${format}`;
    identifiers[type] = key.sha1;
    const text = Object.entries(identifiers)
      .map(([name, value]) => `${name}:${value}`)
      .join(',');
    const result = await this.#program.run(
      'set_metadata',
      [String(id), '--field', `identifiers:${text}`],
      signal,
    );
    if (result.exitCode !== 0) {
      throw new TarshelfError(
        'UPLOAD_FAILED',
        `calibre did not note the identifier of a book (${lastLine(result)}). It is tried again by the next run.`,
      );
    }
  }
}

/** Waits for our turn with calibre's program, and ends it whatever becomes of the work. */
async function inTurn<T>(
  signal: AbortSignal | undefined,
  work: (folder: string) => Promise<T>,
  listener: DestinationListener = {},
): Promise<T> {
  let turn: CalibreTurn;
  const hasTurn = listener.onQueued?.();
  try {
    turn = await CalibreTurn.take(signal);
  } catch (thrown) {
    if (signal?.aborted === true) throw thrown;
    throw new DestinationUnusable(
      `There is no place for the books on their way to calibre (${oneLine(thrown)}). Free some space in the folder for temporary files, or make it writable.`,
      { cause: thrown },
    );
  } finally {
    hasTurn?.();
  }
  try {
    return await work(turn.folder);
  } finally {
    await turn.end();
  }
}

async function layDown(book: Book, folder: string): Promise<void> {
  try {
    await mkdir(folder);
    const handle = await open(join(folder, `book.${book.format}`), 'wx');
    try {
      for await (const chunk of book.body()) await handle.writeFile(chunk);
    } finally {
      await handle.close();
    }
    await writeFile(join(folder, 'metadata.opf'), opfText(book.metadata, book.key.sha1));
  } catch (thrown) {
    if (systemCode(thrown) !== 'ENOSPC') throw thrown;
    throw new DestinationUnusable(
      `There is no room for the books on their way to calibre (${folder}). Free some space in the folder for temporary files.`,
      { cause: thrown },
    );
  }
}

async function checkIsThere(location: string): Promise<void> {
  if (isContentServer(location)) return;
  try {
    await access(join(location, 'metadata.db'));
  } catch (thrown) {
    throw new DestinationUnusable(sentence('calibreLibraryMissing', location, oneLine(thrown)), {
      cause: thrown,
    });
  }
}

/** A library keeps the id that calibre gave it wherever it is moved to. */
function libraryId(location: string): string {
  if (isContentServer(location)) return `calibre:${location}`;
  try {
    const database = new DatabaseSync(join(location, 'metadata.db'), { readOnly: true, timeout: 10_000 });
    try {
      const uuid = database.prepare('select uuid from library_id').get()?.['uuid'];
      return `calibre:${typeof uuid === 'string' ? uuid : location}`;
    } finally {
      database.close();
    }
  } catch (thrown) {
    throw new DestinationUnusable(sentence('calibreLibraryUnreadable', location, oneLine(thrown)), {
      cause: thrown,
    });
  }
}

/** The keys under which we know the files of a book. */
function keysOf({ identifiers = {} }: ListedBook): string[] {
  return Object.entries(identifiers)
    .filter(([type]) => type === keyIdentifier || type.startsWith(`${keyIdentifier}-`))
    .map(([, sha1]) => sha1);
}

function idsAfter(label: string, text: string): number[] {
  const ids = new RegExp(`^${label}: ([\\d, ]+)$`, 'm').exec(text)?.[1];
  return ids === undefined ? [] : ids.split(',').map(Number);
}

async function sha1Of(path: string): Promise<string | null> {
  const hash = createHash('sha1');
  try {
    for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  } catch {
    // A file that calibre lists and that is not there is not this book.
    return null;
  }
  return hash.digest('hex');
}
