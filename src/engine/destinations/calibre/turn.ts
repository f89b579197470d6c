import { lstat, mkdir, rm } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { FileLock } from '../../fileLock.ts';

/**
 * Our turn with calibre's program: it refuses to run twice at a time for one user, whatever the library, so the
 * workers of all engines take turns. Who has the turn has the folder, too, in which books are laid down for it;
 * what is found in there was left behind by a killed one.
 */
export class CalibreTurn {
  /** Empty when the turn begins. */
  readonly folder: string;
  readonly #lock: FileLock;

  private constructor(folder: string, lock: FileLock) {
    this.folder = folder;
    this.#lock = lock;
  }

  /**
   * Waits for its turn, however long the others take.
   *
   * @throws an `AbortError` when the signal comes first; an error of the file system where there is no room for a folder
   */
  static async take(signal: AbortSignal | undefined, within = tmpdir()): Promise<CalibreTurn> {
    const root = join(within, `tarshelf-calibre-${String(userInfo().uid)}`);
    await mkdir(root, { recursive: true, mode: 0o700 });
    const { uid } = await lstat(root);
    // In a folder for everybody, somebody else may have made it to read or change our books.
    if (process.platform !== 'win32' && uid !== userInfo().uid)
      throw new Error(`the folder ${root} belongs to another user`);
    const lock = await FileLock.take(join(root, 'turn.lock'), Number.POSITIVE_INFINITY, signal);
    if (!lock) throw new Error('a lock without end was not taken');
    const folder = join(root, 'books');
    try {
      await rm(folder, { recursive: true, force: true });
      await mkdir(folder, { mode: 0o700 });
    } catch (thrown) {
      lock.release();
      throw thrown;
    }
    return new CalibreTurn(folder, lock);
  }

  async end(): Promise<void> {
    try {
      await rm(this.folder, { recursive: true, force: true });
    } finally {
      this.#lock.release();
    }
  }
}
