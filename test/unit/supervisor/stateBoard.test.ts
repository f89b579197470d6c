import assert from 'node:assert/strict';
import { StateBoard } from '../../../src/engine/supervisor/stateBoard.ts';
import { noCounts, type BookCounts } from '../../../src/protocol/snapshot.ts';
import { runState, tarState, workerState } from '../cli/states.ts';

describe('state board', () => {
  let board: StateBoard;
  let now: number;

  beforeEach(() => {
    const { sourceFolders, stateFolder } = runState();
    const options = { workers: 1, batchSize: 1, parallelUploads: 1, mode: 'extract' } as const;
    now = 1000;
    board = new StateBoard(
      {
        ...{ sourceFolders, stateFolder, ...options, afterCompletion: 'keep', metadataReader: 'auto' },
        destination: { kind: 'library', folder: '/library' },
      },
      () => undefined,
      () => now,
    );
    board.changeRun({ phase: 'running' });
    board.setTar(tarState('a.tar', { phase: 'running', sizeBytes: 1000 }));
    board.setWorker(workerState(1, { currentTar: 'a.tar' }));
  });

  it('counts nothing as done by an extraction, but shows how fast that is', () => {
    board.advanceExtraction(1, { bytes: 100, files: 1 });
    board.advanceExtraction(1, { bytes: 900, files: 9 });
    const { run, workers, tars } = board.snapshot();
    assert.deepEqual(workers[0]?.extraction, { bytes: 900, files: 9 });
    assert.ok(workers[0].bytesPerSecond > 0);
    assert.equal(tars[0]?.doneBytes, 0);
    assert.deepEqual([run.doneBytes, run.bytesPerSecond, run.secondsLeft], [0, 0, null]);
    board.advanceExtraction(1, null);
    assert.deepEqual(
      board.snapshot().workers.map(worker => [worker.extraction, worker.bytesPerSecond]),
      [[null, 0]],
    );
  });

  it('estimates the time left by all time so far, the extractions’ among it', () => {
    board.advanceExtraction(1, { bytes: 1000, files: 9 });
    now += 50_000;
    board.advanceExtraction(1, null);
    // What took the time was the extraction; half of the tar is read in no time.
    board.advanceTar('a.tar', 1, 500, {});
    assert.equal(board.snapshot().run.secondsLeft, 50);
  });

  it('estimates by the rate of the last seconds where nothing is extracted', () => {
    for (let doneBytes = 100; doneBytes <= 700; doneBytes += 100) {
      now += 1000;
      board.advanceTar('a.tar', 1, doneBytes, {});
    }
    const { run, workers } = board.snapshot();
    assert.ok(run.bytesPerSecond > 0);
    assert.equal(run.secondsLeft, 300 / run.bytesPerSecond);
    assert.equal(workers[0]?.secondsLeft, run.secondsLeft);
  });

  it('says nothing of the time left where a tar was just begun or resumed', () => {
    now += 1000;
    board.advanceTar('a.tar', 1, 1, {});
    const estimates = (): unknown[] => {
      const { run, workers } = board.snapshot();
      return [run.secondsLeft, workers[0]?.secondsLeft];
    };
    assert.ok(board.snapshot().run.bytesPerSecond > 0);
    assert.deepEqual(estimates(), [null, null]);
    for (let doneBytes = 10; doneBytes <= 60; doneBytes += 10) {
      now += 1000;
      board.advanceTar('a.tar', 1, doneBytes, {});
    }
    assert.ok(estimates().every(seconds => seconds !== null));
    // A pause.
    now += 600_000;
    board.advanceTar('a.tar', 1, 61, {});
    assert.deepEqual(estimates(), [null, null]);
  });

  it('has the tars that are not in the run as they are, and measures the run by those that are', () => {
    const counts = (found: number, uploaded: number, failed: number): BookCounts => ({
      ...noCounts(),
      ...{ found, uploaded, failed },
    });
    const others = [
      tarState('done.tar', { phase: 'completed', earlier: true, inRun: false, counts: counts(9, 9, 0) }),
      tarState('bad.tar', { phase: 'completedWithErrors', inRun: false, counts: counts(3, 2, 1) }),
      tarState('new.tar', { inRun: false }),
    ];
    for (const tar of others) board.setTar(tar);
    const again = tarState('again.tar', { sizeBytes: 100, doneBytes: 60, counts: counts(5, 3, 2) });
    board.setBegunTar(again, { bytes: 60, counts: again.counts });
    const told = (): unknown => {
      const { run } = board.snapshot();
      const { found, uploaded, failed } = run.counts;
      return [run.doneBytes, run.totalBytes, { found, uploaded, failed }];
    };
    assert.deepEqual(told(), [60, 1100, { found: 2, uploaded: 0, failed: 2 }]);
    // One of the two that had failed is on the shelf by now, and so is a book that is new.
    board.advanceTar('again.tar', 1, 80, { phase: 'running', counts: counts(6, 5, 1) });
    assert.deepEqual(told(), [80, 1100, { found: 3, uploaded: 2, failed: 1 }]);
    const { tars, books, bytes } = board.summary();
    assert.deepEqual(tars, { total: 5, completed: 1, failed: 1, notInRun: 1 });
    assert.deepEqual([books.uploaded, bytes], [2, 20]);
    assert.deepEqual(
      board.snapshot().tars.filter(tar => !tar.inRun),
      others,
    );
  });

  it('counts all of a tar that is begun anew where an earlier run had done some of it', () => {
    const before = { ...noCounts(), found: 5, uploaded: 5 };
    board.setBegunTar(tarState('b.tar', { doneBytes: 60, counts: before }), { bytes: 60, counts: before });
    board.advanceTar('b.tar', 1, 10, { phase: 'running', counts: { ...noCounts(), found: 2, uploaded: 2 } });
    assert.equal(board.snapshot().run.counts.uploaded, 2);
    assert.equal(board.summary().bytes, 10);
  });

  it('estimates how long an extraction takes by how fast that is', () => {
    for (let bytes = 100; bytes <= 800; bytes += 100) {
      now += 1000;
      board.advanceExtraction(1, { bytes, files: 1 });
    }
    const [worker] = board.snapshot().workers;
    assert.ok(worker && worker.bytesPerSecond > 0);
    assert.equal(worker.secondsLeft, 200 / worker.bytesPerSecond);
  });
});
