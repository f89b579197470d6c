import { join } from 'node:path';
import { oneLine } from '../../protocol/errors.ts';
import { completedTarStatuses } from '../../protocol/progressFile.ts';
import type { ProgressRecord } from '../progress/progressRecord.ts';
import { lockProgress } from '../progress/workerLock.ts';
import { WorkerProgress } from '../progress/workerProgress.ts';
import { findProcessed, processedNames, type TarByName } from './processedTars.ts';

/** For the end of a process that is known to have ended. */
const lockPatienceMs = 2000;

/**
 * Where completed tars were moved to, for the progress files of the workers that speak of them. A progress file
 * is its worker's as long as that lives, so this is recorded when no worker is left.
 */
export class MovedTars {
  readonly #progress: ReadonlyMap<number, ProgressRecord>;
  /** New path by tar, by worker. */
  readonly #moved = new Map<number, Map<string, string>>();

  /** @param progress of all workers, as it was when the run began */
  constructor(progress: ReadonlyMap<number, ProgressRecord>) {
    this.#progress = progress;
  }

  /** @param worker that has completed the tar in this run; null when an earlier one has */
  add(tar: string, path: string, worker: number | null): void {
    const workers = new Set(worker === null ? [] : [worker]);
    for (const [number, record] of this.#progress) if (record.tar(tar)) workers.add(number);
    for (const number of workers) this.#add(number, tar, path);
  }

  /**
   * Finds what a kill kept from being recorded: tars that are gone from where they are said to lie.
   *
   * @param isThere of a tar of the source folders, by name: one that has the name of a moved one is another
   */
  async findLeft(
    sourceFolders: readonly string[],
    isThere: (name: string) => boolean,
    onNotice: (message: string) => void,
  ): Promise<void> {
    try {
      const names = new Map<string, readonly string[]>();
      for (const [worker, record] of this.#progress) {
        for (const tar of completedTars(record)) {
          const { tar_file: was } = record.tar(tar.name) ?? {};
          const folder = sourceFolders.find(source => was === join(source, tar.name));
          if (folder === undefined || isThere(tar.name)) continue;
          const inFolder = names.get(folder) ?? (await processedNames(folder));
          names.set(folder, inFolder);
          const path = await findProcessed(folder, inFolder, tar);
          if (path !== null) this.#add(worker, tar.name, path);
        }
      }
    } catch (thrown) {
      onNotice(oneLine(thrown));
    }
  }

  /**
   * Records all of it. No worker of the run may be left.
   *
   * @param onNotice is told of a progress file that could not be changed; the next run tries again.
   */
  async record(stateFolder: string, onNotice: (message: string) => void): Promise<void> {
    for (const [worker, moved] of this.#moved) {
      try {
        await recordMoved(stateFolder, worker, moved, onNotice);
      } catch (thrown) {
        onNotice(
          `The progress of worker ${String(worker)} still names the old paths of tars that were moved (${oneLine(thrown)}).`,
        );
      }
    }
    this.#moved.clear();
  }

  #add(worker: number, tar: string, path: string): void {
    const moved = this.#moved.get(worker) ?? new Map<string, string>();
    this.#moved.set(worker, moved.set(tar, path));
  }
}

/** With what they were when they were completed, as far as that was recorded. */
function completedTars(record: ProgressRecord): TarByName[] {
  return [...record.tarNames].flatMap(name => {
    const { status = '', tar_size: sizeBytes, tar_mtime_ms: mtimeMs } = record.tar(name) ?? {};
    if (!completedTarStatuses.has(status) || sizeBytes === undefined || mtimeMs === undefined) return [];
    return [{ name, sizeBytes, mtimeMs }];
  });
}

async function recordMoved(
  stateFolder: string,
  worker: number,
  moved: ReadonlyMap<string, string>,
  onNotice: (message: string) => void,
): Promise<void> {
  const lock = await lockProgress(stateFolder, worker, lockPatienceMs);
  if (!lock) throw new Error('another process holds it');
  try {
    const progress = await WorkerProgress.load(stateFolder, worker, onNotice);
    for (const [tar, path] of moved) progress.moveTar(tar, path);
    await progress.close();
  } finally {
    lock.release();
  }
}
