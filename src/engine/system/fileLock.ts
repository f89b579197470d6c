import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { sqliteCode } from './sqliteErrors.ts';

const pollEveryMs = 50;

/**
 * A lock that one process at a time holds, and that is free the moment its holder ends, however it ends.
 *
 * It is an exclusive transaction on a small SQLite file: the system's own file lock, on every platform. So no
 * lock is ever stale, and none is ever broken.
 */
export class FileLock {
  readonly #database: DatabaseSync;

  private constructor(database: DatabaseSync) {
    this.#database = database;
  }

  /**
   * Takes the lock, or returns null when another process holds it.
   *
   * @throws an error of the file system or of SQLite where the file cannot be made or written.
   */
  static tryTake(path: string): FileLock | null {
    const database = new DatabaseSync(path, { timeout: 0 });
    try {
      // A file that may only be read SQLite opens so and says nothing; its exclusive transaction there keeps nobody out.
      // Something to write, which is never committed and in memory only, shows it.
      database.exec('pragma journal_mode = memory; begin exclusive; pragma user_version = 1;');
      return new FileLock(database);
    } catch (thrown) {
      database.close();
      const code = sqliteCode(thrown);
      if (code === busy) return null;
      if (code === readOnly) throw new Error(`${path} may not be written to`, { cause: thrown });
      throw thrown;
    }
  }

  /**
   * Takes the lock as soon as it is free, or returns null when it is not within the time.
   *
   * @throws an `AbortError` when the signal comes first.
   */
  static async take(path: string, timeoutMs: number, signal?: AbortSignal): Promise<FileLock | null> {
    const deadline = performance.now() + timeoutMs;
    for (;;) {
      const lock = FileLock.tryTake(path);
      if (lock || performance.now() >= deadline) return lock;
      await sleep(pollEveryMs, undefined, { signal });
    }
  }

  release(): void {
    this.#database.close();
  }
}

/** SQLite's word for: somebody else holds the lock. */
const busy = 5;
const readOnly = 8;
