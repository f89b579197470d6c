import assert from 'node:assert/strict';
import { stripVTControlCharacters } from 'node:util';
import stringWidth from 'string-width';
import { renderLive, type LiveView, type Screen } from '../../../src/cli/liveDisplay.ts';
import { paintColours, paintPlain } from '../../../src/cli/terminalText.ts';
import { noCounts } from '../../../src/protocol/snapshot.ts';
import { runState, tarState, workerState } from './states.ts';

const wide: Screen = { columns: 100, rows: 24, paint: paintPlain, hasLines: true };

const view: LiveView = {
  run: runState({
    counts: {
      found: 1300,
      uploaded: 1234,
      duplicates: { own: 1, others: 50, destination: 5 },
      failed: 2,
      skipped: 8,
    },
  }),
  tars: [
    tarState('books-01.tar', { phase: 'running', doneBytes: 250_000_000 }),
    tarState('Книги — избранное 2024.tar', { phase: 'running', doneBytes: 999_999_999 }),
    tarState('電子書籍コレクション第三巻.tar', { phase: 'completed', doneBytes: 1_000_000_000 }),
    tarState('books-04.tar', { phase: 'failed' }),
  ],
  workers: [
    workerState(1, { currentTar: 'books-01.tar', bytesPerSecond: 12_500_000, secondsLeft: 60 }),
    workerState(2, { currentTar: 'Книги — избранное 2024.tar' }),
    workerState(3, { phase: 'stopped' }),
  ],
  isStopping: false,
};

describe('live display', () => {
  it('has a row for each worker, one for the run, and the books', () => {
    assert.deepEqual(renderLive(view, wide), [
      '  1  books-01.tar                    ━━━━━━━━────────────────────────   25 %   13 MB/s  1 min left',
      '  2  Книги — избранное 2024.tar      ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━─   99 %',
      '  3  done',
      'all  2/4 tars                        ━━━━━━━━────────────────────────   25 %   25 MB/s  2 min left',
      '     1,234 books uploaded · 56 already there · 2 failed',
    ]);
  });

  it('says how far the extraction of a tar is, in the place of a bar, which counts what is done', () => {
    const extraction = { bytes: 500_000_000, files: 1234 };
    const extracting = { phase: 'extract', currentTar: 'books-01.tar', extraction } as const;
    const workers = [workerState(1, { ...extracting, bytesPerSecond: 12_500_000 }), ...view.workers.slice(1)];
    const lines = renderLive({ ...view, workers }, wide);
    assert.equal(lines[0], '  1  extracting books-01.tar: 500 MB of 1 GB, 1,234 files, 13 MB/s');
    assert.deepEqual(lines.slice(1), renderLive(view, wide).slice(1), 'no other row moves');
  });

  it('shortens names and bars on a narrow terminal before it leaves out columns', () => {
    assert.deepEqual(renderLive(view, { ...wide, columns: 64 }), [
      '  1  books-01.tar      ━━────────   25 %   13 MB/s  1 min left',
      '  2  Книги — …024.tar  ━━━━━━━━━─   99 %',
      '  3  done',
      'all  2/4 tars          ━━────────   25 %   25 MB/s  2 min left',
      '     1,234 books uploaded · 56 already there · 2 failed',
    ]);
  });

  it('leaves out the time, the rate and the bar, in this order', () => {
    assert.equal(
      renderLive(view, { ...wide, columns: 52 })[0],
      '  1  books-01.tar       ━━────────   25 %   13 MB/s',
    );
    assert.equal(renderLive(view, { ...wide, columns: 40 })[0], '  1  books-01.tar     ━━────────   25 %');
    assert.equal(renderLive(view, { ...wide, columns: 30 })[0], '  1  books-01.tar        25 %');
  });

  for (const columns of [1, 2, 5, 10, 17, 23, 30, 37, 41, 55, 63, 79, 80, 99, 132, 250]) {
    it(`is never wider than a terminal of ${String(columns)} columns`, () => {
      const stopping = { ...view, isStopping: true };
      for (const line of renderLive(stopping, { ...wide, columns, paint: paintColours })) {
        assert.ok(stringWidth(line) <= Math.max(1, columns - 1), JSON.stringify(line));
      }
    });
  }

  for (const rows of [2, 3, 4, 5, 8, 24]) {
    it(`is never higher than a terminal of ${String(rows)} rows`, () => {
      const workers = Array.from({ length: 64 }, (_, index) => workerState(index + 1));
      const lines = renderLive({ ...view, workers, isStopping: true }, { ...wide, rows });
      assert.ok(lines.length < rows, `${String(lines.length)} lines`);
    });
  }

  it('shows the workers that have a tar where not all can be shown', () => {
    const workers = [
      workerState(1),
      workerState(2),
      workerState(3),
      workerState(4, { currentTar: 'books-01.tar' }),
    ];
    const lines = renderLive({ ...view, workers }, { ...wide, rows: 6 });
    assert.equal(lines.length, 5);
    assert.match(lines[1] ?? '', /^ {2}4 {2}books-01\.tar/);
    assert.match(lines[2] ?? '', /… and 2 more workers/);
  });

  it('says what Ctrl-C does now once it was pressed', () => {
    assert.equal(
      renderLive({ ...view, isStopping: true }, wide).at(-1),
      'Finishing the book in hand … press Ctrl-C again to leave at once',
    );
  });

  it('says what goes on before the engine has said anything', () => {
    const nothing = { run: null, tars: [], workers: [], isStopping: false };
    assert.deepEqual(renderLive(nothing, wide), ['Looking at the tars and at what is on the shelf …']);
  });

  it('tells a worker without a tar by its phase', () => {
    const phases = ['starting', 'idle', 'stopping', 'stopped', 'died'] as const;
    const workers = phases.map((phase, index) => workerState(index + 1, { phase }));
    assert.deepEqual(renderLive({ ...view, workers }, wide).slice(0, 5), [
      '  1  starting',
      '  2  nothing to do',
      '  3  stopping',
      '  4  done',
      '  5  ended unexpectedly',
    ]);
  });

  it('says in plain words why a worker with a tar stands still, in the place of a bar that does not move', () => {
    const at = { currentTar: 'books-01.tar' };
    const workers = [
      workerState(1, { ...at, health: 'stuck', note: 'nothing has moved for 15 min' }),
      workerState(2, { ...at, health: 'silent' }),
      workerState(3, { ...at, phase: 'paused', note: 'it died 4 times today' }),
      workerState(4, { ...at, phase: 'wait', note: 'the server does not answer' }),
      workerState(5, { ...at, phase: 'died' }),
      workerState(6, { phase: 'paused', note: 'by a person' }),
    ];
    assert.deepEqual(renderLive({ ...view, workers }, wide).slice(0, 6), [
      '  1  books-01.tar: stuck: nothing has moved for 15 min',
      '  2  books-01.tar: not heard of',
      '  3  books-01.tar: paused: it died 4 times today',
      '  4  books-01.tar: waiting: the server does not answer',
      '  5  books-01.tar: ended unexpectedly',
      '  6  paused: by a person',
    ]);
  });

  it('says in the place of the rate that a worker is slow, or waits for a moment', () => {
    const workers = [
      workerState(1, { currentTar: 'books-01.tar', health: 'slow' }),
      workerState(2, { currentTar: 'books-01.tar', phase: 'wait' }),
    ];
    const lines = renderLive({ ...view, workers }, wide);
    assert.match(lines[0] ?? '', /^ {2}1 {2}books-01\.tar .* 25 % {6}slow$/);
    assert.match(lines[1] ?? '', /^ {2}2 {2}books-01\.tar .* 25 % {3}waiting$/);
  });

  it('says that somebody else has ended the run', () => {
    const run = runState({ phase: 'stopping' });
    assert.equal(
      renderLive({ ...view, run }, wide).at(-1),
      'The run is being ended: the books in hand are finished …',
    );
  });

  it('shows an empty tar and an empty run as done, and not as a number that is none', () => {
    const empty = {
      run: runState({
        totalBytes: 0,
        doneBytes: 0,
        bytesPerSecond: 0,
        secondsLeft: null,
        counts: noCounts(),
      }),
      tars: [tarState('empty.tar', { phase: 'running', sizeBytes: 0 })],
      workers: [workerState(1, { currentTar: 'empty.tar' })],
      isStopping: false,
    };
    assert.deepEqual(renderLive(empty, { ...wide, columns: 40 }), [
      '  1  empty.tar  ━━━━━━━━━━━━━━━━  100 %',
      'all  0/1 tar    ━━━━━━━━━━━━━━━━  100 %',
      '     0 books uploaded',
    ]);
  });

  it('draws its bars in ASCII where the terminal has no lines', () => {
    assert.equal(
      renderLive(view, { ...wide, columns: 64, hasLines: false })[0],
      '  1  books-01.tar      ##........   25 %   13 MB/s  1 min left',
    );
  });

  it('is the same text with colours and without', () => {
    const coloured = renderLive(view, { ...wide, paint: paintColours });
    assert.notDeepEqual(coloured, renderLive(view, wide));
    assert.deepEqual(coloured.map(stripVTControlCharacters), renderLive(view, wide));
  });
});
