import assert from 'node:assert/strict';
import {
  renderFailure,
  renderHappening,
  renderSummary,
  renderTotal,
  type Outcome,
} from '../../../src/cli/summaryText.ts';
import { paintPlain } from '../../../src/cli/terminalText.ts';
import { noCounts, type Summary } from '../../../src/protocol/snapshot.ts';
import { runState, tarState } from './states.ts';

const counts = {
  found: 1600,
  uploaded: 1234,
  duplicates: { own: 300, others: 50, destination: 10 },
  failed: 6,
  skipped: 1,
};

function summary(change: Partial<Summary> = {}): Summary {
  return {
    tars: { total: 3, completed: 3, failed: 0 },
    books: { found: 1600, uploaded: 1234, duplicates: 360, failed: 6 },
    skipped: 1,
    bytes: 3_000_000_000,
    seconds: 150,
    ...change,
  };
}

function outcome(change: Partial<Outcome>): Outcome {
  return {
    run: runState({ phase: 'finished', summary: summary(), counts: { ...counts, found: 1594, failed: 0 } }),
    tars: [],
    failures: { first: [], count: 0 },
    destination: '/state/library',
    ...change,
  };
}

const completed = (name: string) => tarState(name, { phase: 'completed' });
const earlier = (name: string) => tarState(name, { phase: 'completed', earlier: true });
const tarDamage = { code: 'TAR_DAMAGED', message: 'cut off at byte 512. Get the tar anew.' } as const;
const bookFailure = { code: 'BOOK_NOT_READABLE', message: 'cannot be read. Look at the disk.' } as const;

describe('summary text', () => {
  it('says of a run without failures what became of everything', () => {
    const tars = [completed('a.tar'), completed('b.tar'), completed('c.tar')];
    assert.deepEqual(renderSummary(outcome({ tars }), paintPlain), [
      'All 3 tars were completed.',
      '  Books     1,594 found: 1,234 uploaded, 360 already there',
      '            (known to the worker itself: 300, to another worker: 50, to the library: 10)',
      '  Skipped   1 file in the tars that are no books',
      '  Read      3 GB in 3 min (20 MB/s)',
      '  Shelf     /state/library',
    ]);
  });

  it('says what the files are that are no books', () => {
    const skippedBy = { unknown: 1, image: 1200, 'zip without a book': 2 };
    const run = runState({
      phase: 'finished',
      summary: summary(),
      counts: { ...counts, skipped: 1203, skippedBy },
    });
    assert.ok(
      renderSummary(outcome({ run }), paintPlain).includes(
        '  Skipped   1,203 files in the tars that are no books: 1,200 images, 2 ZIPs without a book, 1 file of unknown type',
      ),
    );
  });

  it('says why a second run uploaded nothing', () => {
    const run = runState({ phase: 'finished', summary: summary({ bytes: 0 }), counts: noCounts() });
    assert.deepEqual(
      renderSummary(outcome({ run, tars: [earlier('a.tar'), earlier('b.tar')] }), paintPlain),
      [
        'All 2 tars were completed by an earlier run (recorded in /state). Nothing was left to upload.',
        '  Shelf     /state/library',
      ],
    );
    assert.equal(
      renderSummary(outcome({ run, tars: [earlier('a.tar')] }), paintPlain)[0],
      'The tar was completed by an earlier run (recorded in /state). Nothing was left to upload.',
    );
  });

  it('tells the tars of an earlier run from those of this one', () => {
    const tars = [earlier('a.tar'), completed('b.tar'), completed('c.tar')];
    assert.equal(
      renderSummary(outcome({ tars }), paintPlain)[0],
      'All 3 tars were completed (1 by an earlier run).',
    );
  });

  it('lists failures with their reasons and says what to do next', () => {
    const tars = [
      earlier('a.tar'),
      tarState('b.tar', { phase: 'failed', failure: tarDamage }),
      tarState('c.tar', { phase: 'completedWithErrors' }),
    ];
    const failures = {
      first: [
        { tar: 'b.tar', member: null, failure: tarDamage },
        { tar: 'c.tar', member: 'x/one.epub', failure: bookFailure },
      ],
      count: 14,
    };
    const run = runState({ phase: 'finished', summary: summary({ seconds: 0.4 }), counts });
    assert.deepEqual(renderSummary(outcome({ run, tars, failures }), paintPlain), [
      '1 of 3 tars completed (by an earlier run), 1 with failed books, 1 failed.',
      '  Books     1,600 found: 1,234 uploaded, 360 already there, 6 failed',
      '            (known to the worker itself: 300, to another worker: 50, to the library: 10)',
      '  Skipped   1 file in the tars that are no books',
      '  Read      3 GB in less than a second',
      '  Shelf     /state/library',
      '',
      '14 failures:',
      '  b.tar: cut off at byte 512. Get the tar anew.',
      '  c.tar › x/one.epub: cannot be read. Look at the disk.',
      '  … and 12 more; with --json each one is a line',
      '',
      'When the cause is mended, run the same command again: it takes up the tars that are not',
      'completed, and uploads nothing twice.',
    ]);
  });

  it('says of a stopped run how far it came and how to go on', () => {
    const stopped = { ...noCounts(), found: 2000, uploaded: 900, duplicates: counts.duplicates };
    const run = runState({ phase: 'stopped', summary: summary(), counts: stopped });
    const tars = [completed('a.tar'), tarState('b.tar'), tarState('c.tar')];
    assert.deepEqual(renderSummary(outcome({ run, tars }), paintPlain), [
      'Stopped: 1 of 3 tars completed, 2 not finished.',
      '  Books     2,000 found: 900 uploaded, 360 already there, 740 left for the next run',
      '            (known to the worker itself: 300, to another worker: 50, to the library: 10)',
      '  Read      3 GB in 3 min (20 MB/s)',
      '  Shelf     /state/library',
      '',
      'Run the same command again to go on where this run stopped. Nothing is uploaded twice.',
    ]);
  });

  it('names the failure that ended a run, and does not call that a stop that somebody asked for', () => {
    const failure = { code: 'LIBRARY_NOT_WRITABLE', message: 'The disk is full. Make room.' } as const;
    const run = runState({ phase: 'stopped', summary: summary(), counts: noCounts(), failure });
    const lines = renderSummary(outcome({ run, tars: [completed('a.tar'), tarState('b.tar')] }), paintPlain);
    assert.equal(lines[1], 'The disk is full. Make room.');
    assert.match(lines.at(-2) ?? '', /^When the cause is mended/);
  });

  it('does not say the name of a tar twice when its reason begins with it', () => {
    const failure = { code: 'TAR_DAMAGED', message: 'b.tar: cut off.' } as const;
    const tar = tarState('b.tar', { phase: 'failed', failure });
    assert.equal(
      renderHappening({ kind: 'tarEnded', tar }, paintPlain),
      'Failed: b.tar: cut off. (0 books: 0 uploaded, 0 already there)',
    );
  });
});

describe('lines of happenings', () => {
  it('say each thing on one line', () => {
    const tars = [earlier('a.tar'), tarState('b.tar')];
    const run = runState({ totalBytes: 4_000_000_000 });
    assert.equal(
      renderHappening({ kind: 'started', run, tars }, paintPlain),
      '2 tars, 4 GB, 1 completed earlier, in /tars',
    );
    assert.equal(
      renderHappening(
        { kind: 'tarEnded', tar: tarState('b.tar', { phase: 'completed', counts }) },
        paintPlain,
      ),
      'Completed: b.tar (1,600 books: 1,234 uploaded, 360 already there, 6 failed)',
    );
    assert.equal(
      renderHappening(
        { kind: 'tarEnded', tar: tarState('b.tar', { phase: 'completedWithErrors', counts }) },
        paintPlain,
      ),
      'Read with failed books: b.tar (1,600 books: 1,234 uploaded, 360 already there, 6 failed)',
    );
    assert.equal(
      renderHappening(
        { kind: 'bookFailed', tar: 'b.tar', member: 'x\u001b[2J\n.epub', failure: bookFailure },
        paintPlain,
      ),
      'Failed: b.tar › x\ufffd[2J\ufffd.epub: cannot be read. Look at the disk.',
    );
    assert.equal(
      renderHappening({ kind: 'notice', message: 'Worker 1: one\n  two\n' }, paintPlain),
      'Note: Worker 1: one / two',
    );
  });

  it('name a tar or a book once where its message begins with it', () => {
    const failed = (member: string | null, message: string): string =>
      renderFailure({ tar: 'b.tar', member, failure: { code: 'INTERNAL', message } });
    assert.equal(failed(null, 'b.tar: cut off.'), 'b.tar: cut off.');
    assert.equal(failed(null, 'b.tar needs 3 GB.'), 'b.tar needs 3 GB.');
    assert.equal(failed(null, 'Cannot read b.tar.'), 'b.tar: Cannot read b.tar.');
    assert.equal(failed('x.epub', 'x.epub is empty.'), 'b.tar › x.epub is empty.');
    assert.equal(failed('x', 'x.epub is empty.'), 'b.tar › x: x.epub is empty.');
  });

  it('give the whole run on one', () => {
    const tars = [completed('a.tar'), tarState('b.tar')];
    assert.equal(
      renderTotal(runState({ counts }), tars),
      '25 %, 1 of 2 tars; 1,234 uploaded, 360 already there, 6 failed; 25 MB/s; 2 min left',
    );
  });
});
