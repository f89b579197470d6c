import { join } from 'node:path';
import { FileLock } from '../system/fileLock.ts';

/**
 * The lock that a worker holds on its progress while it lives. When an engine is killed, its workers live on
 * for the book in hand: without the lock, the worker of the same number in the next run would write the same
 * file at the same time.
 */
function workerLockPath(stateFolder: string, worker: number): string {
  return join(stateFolder, `worker${String(worker)}.lock`);
}

export function isWorkerLock(name: string): boolean {
  return /^worker[1-9]\d*\.lock$/.test(name);
}

/** Holds a worker's progress for this process, or returns null when another does so for longer than the time. */
export function lockProgress(
  stateFolder: string,
  worker: number,
  timeoutMs: number,
): Promise<FileLock | null> {
  return FileLock.take(workerLockPath(stateFolder, worker), timeoutMs);
}
