import type { Cause, Stopping } from './crewWorker.ts';
import type { ProcessEnd } from './workerProcess.ts';

/*
 * What the end of a process says of its worker and of its tar. Decided by what was asked of it, and how it ended, alone.
 */

/** Signals that no process sends itself: somebody else did, or the system for want of memory. */
const killsFromOutside: ReadonlySet<string> = new Set(['SIGKILL', 'SIGTERM', 'SIGHUP', 'SIGINT', 'SIGQUIT']);

/**
 * Whether it died, and did not just do as it was asked. One that was told to end may die of a member while it finishes
 * the book in hand. What was done to it is no death.
 */
export function isDeath({ cause, rung }: Stopping, { isClean }: ProcessEnd): boolean {
  return cause !== 'asked' || (!isClean && (rung === null || rung === 'gentle'));
}

/** Whether its tar may have been the death of it. Who was only too large and left by itself has done its tar no harm, nor the tar it. */
export function mayBlameTar({ cause }: Stopping, { isClean }: ProcessEnd): boolean {
  return !(cause === 'memory' && isClean);
}

/** Whether somebody else killed it. What we kill ourselves is stuck or silent for a reason of its own. */
export function isFromOutside(cause: Cause, { how }: ProcessEnd): boolean {
  return (cause === 'died' || cause === 'asked') && killsFromOutside.has(how);
}
