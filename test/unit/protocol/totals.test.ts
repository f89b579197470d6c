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

  it('are those of the tars in the run, and the summary says how the others are', () => {
    const others = [
      tarState('bad.tar', {
        phase: 'failed',
        inRun: false,
        sizeBytes: 7,
        counts: counts({ found: 2, failed: 2 }),
      }),
      tarState('new.tar', { inRun: false, sizeBytes: 7 }),
    ];
    assert.deepEqual(totalsOf([...tars, ...others]), totalsOf(tars));
    const { tars: all, ...rest } = summaryOf([...tars, ...others], 5);
    const { tars: inRun, ...restOfRun } = summaryOf(tars, 5);
    assert.deepEqual(all, { total: inRun.total + 2, completed: 1, failed: inRun.failed + 1, notInRun: 1 });
    assert.deepEqual(rest, restOfRun);
  });

  it('leave out what earlier runs had done in a tar, but not the failed books that are met again', () => {
    const before = new Map([
      [
        'again.tar',
        {
          bytes: 60,
          counts: counts({
            ...{ found: 9, uploaded: 5, duplicates: { own: 1, others: 0, destination: 1 }, failed: 2 },
            ...{ skipped: 4, skippedBy: { empty: 3, image: 1 } },
          }),
        },
      ],
    ]);
    const again = tarState('again.tar', {
      ...{ phase: 'running', sizeBytes: 100, doneBytes: 90 },
      counts: counts({
        ...{ found: 10, uploaded: 6, duplicates: { own: 1, others: 2, destination: 1 }, failed: 0 },
        ...{ skipped: 5, skippedBy: { empty: 4, image: 1 } },
      }),
    });
    assert.deepEqual(totalsOf([again], before).counts, {
      ...{ found: 3, uploaded: 1, duplicates: { own: 0, others: 2, destination: 0 }, failed: 0 },
      ...{ skipped: 1, skippedBy: { empty: 1 } },
    });
    assert.equal(summaryOf([again], 0, before).bytes, 30);
  });

  it('leave out reasons where none are known', () => {
    assert.ok(!('skippedBy' in summaryOf([tarState('a.tar')], 0)));
  });
});
