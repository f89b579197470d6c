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
  const completed = tars.filter(tar => tar.phase === 'completed').length;
  const failed = tars.filter(tar => tar.phase === 'failed' || tar.phase === 'completedWithErrors').length;
  const notInRun = tars.filter(tar => !tar.inRun && tar.phase === 'waiting').length;
  return {
    tars: { total: tars.length, completed, failed, ...(notInRun > 0 ? { notInRun } : {}) },
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
