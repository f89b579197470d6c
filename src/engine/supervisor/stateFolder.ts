import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { TarshelfError } from '../../protocol/errors.ts';
import { sentence } from '../../protocol/sentences.ts';
import { FileLock } from '../system/fileLock.ts';
import { readAllProgress, renewKeySnapshot, type AllProgress } from '../progress/allProgress.ts';
import { lockProgress, stateNotWritable, workerOfLock } from '../progress/workerLock.ts';
import type { ProgressRecord } from '../progress/progressRecord.ts';
import { peekProgress, type OnKeptAside } from '../progress/workerProgress.ts';

/** A worker whose engine died leaves after the book in hand; a large book on a slow disk takes a while. */
const patienceForWorkersMs = 60_000;

/** The hold of one engine on a state folder, for as long as the engine lives. */
export class StateFolder {
  readonly path: string;
  readonly #lock: FileLock;

  private constructor(path: string, lock: FileLock) {
    this.path = path;
    this.#lock = lock;
  }

  /**
   * Makes the folder where there is none, and takes it.
   *
   * @throws TarshelfError `STATE_NOT_WRITABLE`, or `STATE_IN_USE` when another engine has it.
   */
  static async take(path: string): Promise<StateFolder> {
    let lock: FileLock | null;
    try {
      await mkdir(path, { recursive: true });
      lock = FileLock.tryTake(join(path, 'engine.lock'));
    } catch (thrown) {
      throw stateNotWritable(path, thrown);
    }
    if (!lock) throw stateInUse(path);
    return new StateFolder(path, lock);
  }

  /**
   * Waits until the workers of an earlier engine, which was killed, have left: until then neither their
   * progress nor the destination is all that they will have written.
   *
   * @param onWait is told once when there is somebody to wait for.
   * @throws TarshelfError `STATE_IN_USE` when one does not leave, `STATE_NOT_WRITABLE`; an `AbortError` when the signal
   *   comes first.
   */
  async outwaitWorkers(signal: AbortSignal, onWait: () => void): Promise<void> {
    let waiting = false;
    for (const name of await readdir(this.path)) {
      const worker = workerOfLock(name);
      if (worker === null) continue;
      let lock = await lockProgress(this.path, worker, 0);
      if (!lock && !waiting) {
        waiting = true;
        onWait();
      }
      lock ??= await lockProgress(this.path, worker, patienceForWorkersMs, signal);
      if (!lock) {
        throw new TarshelfError('STATE_IN_USE', sentence('stateOfWorker', this.path));
      }
      lock.release();
    }
  }

  /**
   * All workers' progress, also of more workers than this run has, and every book that one of them recorded. None may be
   * at work.
   */
  readProgress(onKeptAside: OnKeptAside, onProblem: (message: string) => void): Promise<AllProgress> {
    return readAllProgress(this.path, onKeptAside, { onProblem });
  }

  /** Keeps the keys of all recorded books for a quick start of the next run. None of the workers may be at work. */
  keepKeys(onProblem: (message: string) => void): Promise<void> {
    return renewKeySnapshot(this.path, { onProblem });
  }

  /** What a worker has recorded by now; its next process may be at work on it already. */
  readRecord(worker: number): Promise<ProgressRecord | null> {
    return peekProgress(this.path, worker);
  }

  release(): void {
    this.#lock.release();
  }
}

/** One run at a time has a state folder, in this engine or in another. */
export function stateInUse(path: string): TarshelfError {
  return new TarshelfError('STATE_IN_USE', sentence('stateInUse', path));
}
