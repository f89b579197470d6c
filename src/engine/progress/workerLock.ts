import { join } from 'node:path';
import { oneLine, TarshelfError } from '../../protocol/errors.ts';
import { sentence } from '../../protocol/sentences.ts';
import { FileLock } from '../system/fileLock.ts';

/**
 * The lock that a worker holds on its progress while it lives. When an engine is killed, its workers live on
 * for the book in hand: without the lock, the worker of the same number in the next run would write the same
 * file at the same time.
 */
function workerLockPath(stateFolder: string, worker: number): string {
  return join(stateFolder, `worker${String(worker)}.lock`);
}

/** Whose lock a file of that name is; null: nobody's. */
export function workerOfLock(name: string): number | null {
  const number = /^worker([1-9]\d*)\.lock$/.exec(name)?.[1];
  return number === undefined ? null : Number(number);
}

/**
 * Holds a worker's progress for this process, or returns null when another does so for longer than the time.
 *
 * @throws TarshelfError `STATE_NOT_WRITABLE`; an `AbortError` when the signal comes first
 */
export async function lockProgress(
  stateFolder: string,
  worker: number,
  timeoutMs: number,
  signal?: AbortSignal,
): Promise<FileLock | null> {
  try {
    return await FileLock.take(workerLockPath(stateFolder, worker), timeoutMs, signal);
  } catch (thrown) {
    if (signal?.aborted) throw thrown;
    throw stateNotWritable(stateFolder, thrown);
  }
}

export function stateNotWritable(stateFolder: string, thrown: unknown): TarshelfError {
  const message = sentence('stateUnwritable', stateFolder, oneLine(thrown));
  return new TarshelfError('STATE_NOT_WRITABLE', message, { cause: thrown });
}
