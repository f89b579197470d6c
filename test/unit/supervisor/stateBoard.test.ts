import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { StateBoard } from '../../../src/engine/supervisor/stateBoard.ts';
import { runState, tarState, workerState } from '../cli/states.ts';

describe('state board', () => {
  let board: StateBoard;
  let startedAfter: number;
  let startedBy: number;

  beforeEach(() => {
    const { sourceFolders, stateFolder } = runState();
    const options = { workers: 1, batchSize: 1, parallelUploads: 1, mode: 'extract' } as const;
    startedAfter = performance.now();
    board = new StateBoard(
      {
        ...{ sourceFolders, stateFolder, ...options, afterCompletion: 'keep', metadataReader: 'auto' },
        destination: { kind: 'library', folder: '/library' },
      },
      () => undefined,
    );
    startedBy = performance.now();
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

  it('estimates the time left by all time so far, the extractions’ among it', async () => {
    board.advanceExtraction(1, { bytes: 1000, files: 9 });
    await sleep(50);
    board.advanceExtraction(1, null);
    // What took the time was the extraction; half of the tar is read in no time.
    board.advanceTar('a.tar', 1, 500, {});
    const least = performance.now() - startedBy;
    const { secondsLeft } = board.snapshot().run;
    const most = performance.now() - startedAfter;
    assert.ok(secondsLeft !== null && secondsLeft * 1000 >= least && secondsLeft * 1000 <= most);
  });

  it('estimates by the rate of the last seconds where nothing is extracted', () => {
    board.advanceTar('a.tar', 1, 500, {});
    const { bytesPerSecond, secondsLeft } = board.snapshot().run;
    assert.ok(bytesPerSecond > 0);
    assert.equal(secondsLeft, 500 / bytesPerSecond);
  });
});
