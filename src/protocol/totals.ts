import { sumCounts, totalDuplicates, type RunState, type Summary, type TarState } from './snapshot.ts';

/*
 * What all tars of a run come to. Decided by their states alone.
 */

/** How far a run is. What earlier runs did counts as bytes that are done, and not as books. */
export function totalsOf(tars: readonly TarState[]): Pick<RunState, 'totalBytes' | 'doneBytes' | 'counts'> {
  let totalBytes = 0;
  let doneBytes = 0;
  for (const tar of tars) {
    totalBytes += tar.sizeBytes;
    // A failed tar is dealt with as far as it can be: what is left of it is not waited for.
    doneBytes += tar.phase === 'running' || tar.phase === 'waiting' ? tar.doneBytes : tar.sizeBytes;
  }
  return { totalBytes, doneBytes, counts: sumCounts(ofThisRun(tars).map(tar => tar.counts)) };
}

/** What a run did that took so long. */
export function summaryOf(tars: readonly TarState[], tookMs: number): Summary {
  const thisRun = ofThisRun(tars);
  const counts = sumCounts(thisRun.map(tar => tar.counts));
  return {
    tars: {
      total: tars.length,
      completed: tars.filter(tar => tar.phase === 'completed').length,
      failed: tars.filter(tar => tar.phase === 'failed' || tar.phase === 'completedWithErrors').length,
    },
    books: {
      found: counts.found,
      uploaded: counts.uploaded,
      duplicates: totalDuplicates(counts),
      failed: counts.failed,
    },
    skipped: counts.skipped,
    ...(counts.skippedBy ? { skippedBy: counts.skippedBy } : {}),
    bytes: thisRun.reduce((sum, tar) => sum + tar.doneBytes, 0),
    seconds: Math.round(tookMs) / 1000,
  };
}

function ofThisRun(tars: readonly TarState[]): TarState[] {
  return tars.filter(tar => !tar.earlier);
}
