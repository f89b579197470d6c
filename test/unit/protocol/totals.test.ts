import assert from 'node:assert/strict';
import { noCounts, type BookCounts } from '../../../src/protocol/snapshot.ts';
import { summaryOf, totalsOf } from '../../../src/protocol/totals.ts';
import { tarState } from '../cli/states.ts';

const counts = (change: Partial<BookCounts>): BookCounts => ({ ...noCounts(), ...change });

const tars = [
  tarState('waiting.tar', { sizeBytes: 1000, doneBytes: 100, counts: counts({ found: 1, uploaded: 1 }) }),
  tarState('running.tar', {
    ...{ phase: 'running', sizeBytes: 1000, doneBytes: 300 },
    counts: counts({ found: 7, uploaded: 1, duplicates: { own: 1, others: 2, destination: 3 } }),
  }),
  tarState('damaged.tar', {
    ...{ phase: 'failed', sizeBytes: 1000, doneBytes: 400 },
    counts: counts({ skipped: 2, skippedBy: { empty: 2 } }),
  }),
  tarState('errors.tar', {
    ...{ phase: 'completedWithErrors', sizeBytes: 1000, doneBytes: 1000 },
    counts: counts({ found: 3, failed: 3, skipped: 1, skippedBy: { empty: 1 } }),
  }),
  tarState('earlier.tar', {
    ...{ phase: 'completed', earlier: true, sizeBytes: 1000, doneBytes: 1000 },
    counts: counts({ found: 50, uploaded: 50, skipped: 9, skippedBy: { empty: 9 } }),
  }),
];

describe('totals of a run', () => {
  it('count tars of earlier runs as done, and what is left of a failed tar, too', () => {
    const { totalBytes, doneBytes } = totalsOf(tars);
    assert.deepEqual([totalBytes, doneBytes], [5000, 100 + 300 + 1000 + 1000 + 1000]);
  });

  it('count the books of this run only', () => {
    assert.deepEqual(totalsOf(tars).counts, {
      ...{ found: 11, uploaded: 2, duplicates: { own: 1, others: 2, destination: 3 }, failed: 3 },
      ...{ skipped: 3, skippedBy: { empty: 3 } },
    });
  });

  it('come to a summary of what was read by this run, with all tars', () => {
    assert.deepEqual(summaryOf(tars, 1234.4), {
      tars: { total: 5, completed: 1, failed: 2 },
      books: { found: 11, uploaded: 2, duplicates: 6, failed: 3 },
      ...{ skipped: 3, skippedBy: { empty: 3 }, bytes: 1800, seconds: 1.234 },
    });
  });

  it('leave out reasons where none are known', () => {
    assert.ok(!('skippedBy' in summaryOf([tarState('a.tar')], 0)));
  });
});
