import type { RunState } from '../protocol/snapshot.ts';

/** Whether there is a run that has not come to its end. */
export function isUnderWay(run: RunState | null): boolean {
  return run?.phase === 'starting' || run?.phase === 'running' || run?.phase === 'stopping';
}
