import assert from 'node:assert/strict';
import { CrewReport } from '../../../src/engine/supervisor/crew/crewReport.ts';
import { newCrewWorker, type CrewWorker } from '../../../src/engine/supervisor/crew/crewWorker.ts';
import { History } from '../../../src/engine/supervisor/crew/history.ts';
import { Ladder } from '../../../src/engine/supervisor/crew/ladder.ts';
import { StateBoard } from '../../../src/engine/supervisor/stateBoard.ts';
import { HeardProcess } from '../../support/heardProcess.ts';
import { PlayedClock } from '../../support/playedClock.ts';
import { playedOptions, quietLog } from '../../support/playedWorkers.ts';
import { useTempFolder } from '../../support/tempFolder.ts';

describe('the ladder on which a process ends', () => {
  const folder = useTempFolder();
  let clock: PlayedClock;
  let board: StateBoard;
  let ladder: Ladder;
  let worker: CrewWorker;
  let process: HeardProcess;

  beforeEach(async () => {
    clock = new PlayedClock();
    board = new StateBoard(playedOptions(1), () => undefined);
    const history = await History.load(folder(), quietLog, clock);
    const report = new CrewReport({ board, history, log: quietLog });
    ladder = new Ladder({ clock, log: quietLog, report, gentleStopSeconds: 20 });
    worker = newCrewWorker(1);
    process = new HeardProcess();
    worker.process = process;
  });

  it('takes all the time that it needs where it was only asked, and is asked once', async () => {
    ladder.letEnd(worker, 'rest');
    ladder.letEnd(worker, 'pause');
    await clock.play(3600_000);
    assert.deepEqual(process.heard, ['worker:stop']);
    assert.deepEqual(worker.stopping, { then: 'pause', cause: 'asked', rung: null });
    assert.equal(board.worker(1).phase, 'stopping');
  });

  it('goes up in the gentle time and half of it, and only once', async () => {
    ladder.letEnd(worker, 'restart');
    ladder.climb(worker, null);
    await clock.play(19_999);
    ladder.climb(worker, 'silent');
    assert.deepEqual(process.heard, ['worker:stop']);
    await clock.play(1);
    assert.deepEqual(process.heard, ['worker:stop', 'SIGTERM']);
    assert.equal(worker.stopping?.rung, 'terminated');
    await clock.play(9_999);
    assert.equal(process.heard.length, 2);
    await clock.play(3600_000);
    assert.deepEqual(process.heard, ['worker:stop', 'SIGTERM', 'SIGKILL']);
    assert.equal(worker.stopping.rung, 'killed');
  });

  it('goes up fast where it hears nothing anyway', async () => {
    ladder.letEnd(worker, 'restart');
    ladder.climb(worker, 'silent');
    await clock.play(2000);
    assert.deepEqual(process.heard, ['worker:stop', 'SIGTERM']);
    await clock.play(1000);
    assert.deepEqual(process.heard, ['worker:stop', 'SIGTERM', 'SIGKILL']);
  });

  it('goes no further once its process has ended', async () => {
    ladder.letEnd(worker, 'restart');
    ladder.climb(worker, null);
    await clock.play(20_000);
    worker.cancelTimer();
    await clock.play(3600_000);
    assert.deepEqual(process.heard, ['worker:stop', 'SIGTERM']);
  });

  it('signals nobody that was not asked to end', async () => {
    ladder.climb(worker, 'stuck');
    await clock.play(3600_000);
    assert.deepEqual(process.heard, []);
  });
});
