import {
  countsSince,
  sumCounts,
  totalDuplicates,
  type BookCounts,
  type RunState,
  type Summary,
  type TarState,
} from './snapshot.ts';

/*
 * What all tars of a run come to. Decided by their states alone, and by what earlier runs had done in those that it
 * goes on with.
 */

/** What earlier runs had done in a tar when the run began. */
export interface DoneBefore {
  readonly bytes: number;
  readonly counts: BookCounts;
}

/** How far a run is. What earlier runs did counts as bytes that are done, and not as books. */
export function totalsOf(
  tars: readonly TarState[],
  before: ReadonlyMap<string, DoneBefore> = new Map(),
): Pick<RunState, 'totalBytes' | 'doneBytes' | 'counts'> {
  let totalBytes = 0;
  let doneBytes = 0;
  for (const tar of tars) {
    if (!tar.inRun) continue;
    totalBytes += tar.sizeBytes;
    // A failed tar is dealt with as far as it can be: what is left of it is not waited for.
    doneBytes += tar.phase === 'running' || tar.phase === 'waiting' ? tar.doneBytes : tar.sizeBytes;
  }
  return { totalBytes, doneBytes, counts: countsOfRun(tars, before) };
}

/** What a run did that took so long, and how all tars are by then. */
export function summaryOf(
  tars: readonly TarState[],
  tookMs: number,
  before: ReadonlyMap<string, DoneBefore> = new Map(),
): Summary {
  const counts = countsOfRun(tars, before);
  return {
    tars: tarsOf(countTars(tars)),
    books: {
      found: counts.found,
      uploaded: counts.uploaded,
      duplicates: totalDuplicates(counts),
      failed: counts.failed,
    },
    skipped: counts.skipped,
    ...(counts.skippedBy ? { skippedBy: counts.skippedBy } : {}),
    bytes: readByRun(tars).reduce(
      (sum, tar) => sum + Math.max(0, tar.doneBytes - (before.get(tar.name)?.bytes ?? 0)),
      0,
    ),
    seconds: Math.round(tookMs) / 1000,
  };
}

function countsOfRun(tars: readonly TarState[], before: ReadonlyMap<string, DoneBefore>): BookCounts {
  return sumCounts(
    readByRun(tars).map(({ name, counts }) => {
      const earlier = before.get(name);
      return earlier ? countsSince(earlier.counts, counts) : counts;
    }),
  );
}

/** Those that the run has read something of, or is going to. */
function readByRun(tars: readonly TarState[]): TarState[] {
  return tars.filter(tar => tar.inRun && !tar.earlier);
}

/** As they stand in a summary. */
export function tarsOf({ total, completed, incomplete, notInRun }: TarTotals): Summary['tars'] {
  return { total, completed, failed: incomplete, ...(notInRun > 0 ? { notInRun } : {}) };
}

/** How many tars of the source folders are in which state. */
export interface TarTotals {
  readonly total: number;
  readonly completed: number;
  /** Of the completed ones, those that an earlier run completed. */
  readonly earlier: number;
  readonly withErrors: number;
  readonly failed: number;
  /** Those that ended with something in them not dealt with: with errors, or failed. */
  readonly incomplete: number;
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
    incomplete: withErrors + failed,
    notInRun,
    inRun,
  };
}

/** Whether a tar has come to its end in this run or an earlier one. */
export function hasEnded(tar: TarState): boolean {
  return tar.phase === 'completed' || isIncomplete(tar);
}

/** Whether a tar ended with something in it not dealt with. */
export function isIncomplete({ phase }: TarState): boolean {
  return phase === 'completedWithErrors' || phase === 'failed';
}
