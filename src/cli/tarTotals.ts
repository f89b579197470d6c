import type { TarState } from '../protocol/snapshot.ts';

/** How many tars of the source folders are in which state. */
export interface TarTotals {
  readonly total: number;
  readonly completed: number;
  /** Of the completed ones, those that an earlier run completed. */
  readonly earlier: number;
  readonly withErrors: number;
  readonly failed: number;
  /** Those that have come to an end, well or not. */
  readonly ended: number;
  /** Those that have not, and are not in the run. */
  readonly notInRun: number;
  /** Those that are. */
  readonly inRun: { readonly total: number; readonly ended: number };
}

export function countTars(tars: readonly TarState[]): TarTotals {
  let completed = 0;
  let earlier = 0;
  let withErrors = 0;
  let failed = 0;
  let notInRun = 0;
  const inRun = { total: 0, ended: 0 };
  for (const tar of tars) {
    if (tar.phase === 'completed') completed++;
    if (tar.phase === 'completed' && tar.earlier) earlier++;
    if (tar.phase === 'completedWithErrors') withErrors++;
    if (tar.phase === 'failed') failed++;
    if (!tar.inRun) notInRun += hasEnded(tar) ? 0 : 1;
    else {
      inRun.total++;
      if (hasEnded(tar)) inRun.ended++;
    }
  }
  return {
    total: tars.length,
    completed,
    earlier,
    withErrors,
    failed,
    ended: completed + withErrors + failed,
    notInRun,
    inRun,
  };
}

/** Whether a tar has come to its end in this run or an earlier one. */
export function hasEnded(tar: TarState): boolean {
  return tar.phase === 'completed' || tar.phase === 'completedWithErrors' || tar.phase === 'failed';
}
