import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { oneLine, TarshelfError } from '../../protocol/errors.ts';
import { workerOfProgressFile, type ProgressFile } from '../../protocol/progressFile.ts';
import { readProgressFile } from '../progress/workerProgress.ts';

/**
 * The hold of one engine on a state folder.
 *
 * The lock is an exclusive transaction on a small SQLite file: the system's own file lock, on every platform.
 * It is free again the moment its holder dies, however it dies, so no lock is ever stale and none is broken.
 */
export class StateFolder {
  readonly path: string;
  readonly #lock: DatabaseSync;

  private constructor(path: string, lock: DatabaseSync) {
    this.path = path;
    this.#lock = lock;
  }

  /**
   * Makes the folder where there is none, and takes it.
   *
   * @throws TarshelfError `STATE_NOT_WRITABLE`, or `STATE_IN_USE` when another engine has it.
   */
  static async take(path: string): Promise<StateFolder> {
    let lock: DatabaseSync | undefined;
    try {
      await mkdir(path, { recursive: true });
      lock = new DatabaseSync(join(path, 'engine.lock'), { timeout: 0 });
      lock.exec('pragma journal_mode = delete; begin exclusive;');
      return new StateFolder(path, lock);
    } catch (thrown) {
      lock?.close();
      if (isBusy(thrown)) {
        throw new TarshelfError(
          'STATE_IN_USE',
          `Another ingest is using the state folder ${path}. Wait for its end or stop it, or choose another state folder.`,
        );
      }
      throw new TarshelfError(
        'STATE_NOT_WRITABLE',
        `Cannot write the state folder ${path} (${oneLine(thrown)}). Choose another one, or make it writable.`,
        { cause: thrown },
      );
    }
  }

  /** All workers' progress, by worker number; also of more workers than this run has. */
  async readProgress(onKeptAside: (message: string) => void): Promise<Map<number, ProgressFile>> {
    const all = new Map<number, ProgressFile>();
    for (const name of await readdir(this.path)) {
      const worker = workerOfProgressFile(name);
      if (worker === undefined) continue;
      const file = await readProgressFile(join(this.path, name), onKeptAside);
      if (file) all.set(worker, file);
    }
    return all;
  }

  release(): void {
    this.#lock.close();
  }
}

/** SQLite's primary result code 5: somebody else holds the lock. */
function isBusy(thrown: unknown): boolean {
  return (
    thrown instanceof Error &&
    'errcode' in thrown &&
    typeof thrown.errcode === 'number' &&
    (thrown.errcode & 0xff) === 5
  );
}
