import { createHash, randomUUID } from 'node:crypto';
import { lstat, mkdtemp, open, readdir, rm } from 'node:fs/promises';
import { hostname, userInfo } from 'node:os';
import { join } from 'node:path';
import { oneLine, systemCode } from '../../../protocol/errors.ts';
import { isAlive } from '../../system/processes.ts';
import { DestinationUnusable, type Book } from '../destination.ts';

const folderStart = 'tarshelf-mybookshelf2-';
const folderName = /^tarshelf-mybookshelf2-(\d+)-/;

/** A container may be used from several machines and by several users, each with process numbers of its own. */
const machine = createHash('sha1').update(`${hostname()}\n${userInfo().username}`).digest('hex').slice(0, 8);
const bookName = /^tarshelf-([\da-f]{8})-(\d+)-[\da-f-]{36}\./;

/** Whether a file of this name is a book of a process of this machine and user that has ended. */
export function isLeftBehind(name: string): boolean {
  const [, itsMachine, pid] = bookName.exec(name) ?? [];
  return itsMachine === machine && !isAlive(Number(pid));
}

/** A book as a file, in a folder of its own into which nobody else can look. */
export class TemporaryBook {
  /** Of the file; nothing else anywhere is called so. */
  readonly name: string;
  readonly path: string;
  readonly #folder: string;

  private constructor(folder: string, name: string) {
    this.#folder = folder;
    this.name = name;
    this.path = join(folder, name);
  }

  /**
   * Writes a book, chunk by chunk.
   *
   * @throws DestinationUnusable where there is no room; what the book's body throws
   */
  static async write(book: Book, within: string, signal: AbortSignal | undefined): Promise<TemporaryBook> {
    let folder: string;
    try {
      folder = await mkdtemp(join(within, `${folderStart}${String(process.pid)}-`));
    } catch (thrown) {
      throw noPlace(within, thrown);
    }
    const name = `tarshelf-${machine}-${String(process.pid)}-${randomUUID()}.${book.format}`;
    const temporary = new TemporaryBook(folder, name);
    try {
      // The folder keeps others out. The file itself is read by whoever the program runs as in a container.
      const handle = await open(temporary.path, 'wx', 0o644);
      try {
        for await (const chunk of book.body()) {
          signal?.throwIfAborted();
          await handle.writeFile(chunk);
        }
      } finally {
        await handle.close();
      }
      return temporary;
    } catch (thrown) {
      await temporary.remove();
      const code = systemCode(thrown);
      throw code === 'ENOSPC' || code === 'EDQUOT' ? noPlace(within, thrown) : thrown;
    }
  }

  /** Never throws: what is left is removed by the next start. */
  async remove(): Promise<void> {
    await removeFolder(this.#folder);
  }
}

/** Removes what processes left behind that were killed, and tells the paths of their books. */
export async function removeLeftBehind(within: string): Promise<string[]> {
  const books: string[] = [];
  for (const name of await readdir(within).catch(() => [])) {
    const pid = folderName.exec(name)?.[1];
    if (pid === undefined || isAlive(Number(pid))) continue;
    const folder = join(within, name);
    // In a folder for everybody, somebody else may have made one of this name, or a link.
    const stat = await lstat(folder).catch(() => null);
    if (!stat?.isDirectory() || (process.platform !== 'win32' && stat.uid !== userInfo().uid)) continue;
    for (const book of await readdir(folder).catch(() => [])) books.push(join(folder, book));
    await removeFolder(folder);
  }
  return books;
}

async function removeFolder(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true, maxRetries: 5 }).catch(() => undefined);
}

function noPlace(within: string, thrown: unknown): DestinationUnusable {
  return new DestinationUnusable(
    `There is no place for the books on their way to MyBookshelf2 in ${within} (${oneLine(thrown)}). ` +
      'Free some space in the folder for temporary files.',
    { cause: thrown },
  );
}
