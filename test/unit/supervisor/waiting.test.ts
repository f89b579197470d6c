import assert from 'node:assert/strict';
import type { Failure } from '../../../src/protocol/errors.ts';
import { CrewReport } from '../../../src/engine/supervisor/crew/crewReport.ts';
import { History } from '../../../src/engine/supervisor/crew/history.ts';
import { Roster } from '../../../src/engine/supervisor/crew/roster.ts';
import { RunEnd } from '../../../src/engine/supervisor/crew/runEnd.ts';
import { TarHands } from '../../../src/engine/supervisor/crew/tarHands.ts';
import { Waiting } from '../../../src/engine/supervisor/crew/waiting.ts';
import { StateBoard } from '../../../src/engine/supervisor/stateBoard.ts';
import { playedOptions, quietLog } from '../../support/playedWorkers.ts';
import { useTempFolder } from '../../support/tempFolder.ts';

const full: Failure = { code: 'STATE_NOT_WRITABLE', message: 'The disk is full.' };
const down = (how: string): Failure => ({ code: 'DESTINATION_UNUSABLE', message: `It is down: ${how}.` });

describe('workers that wait', () => {
  const folder = useTempFolder();
  let board: StateBoard;
  let notices: string[];
  let roster: Roster;
  let runEnd: RunEnd;
  let waiting: Waiting;

  beforeEach(async () => {
    notices = [];
    board = new StateBoard(playedOptions(3), event => {
      if (event.type === 'notice') notices.push(event.message);
    });
    const hands = new TarHands([['a.tar'], ['b.tar'], ['c.tar']]);
    roster = new Roster(3, hands);
    runEnd = new RunEnd(roster, hands, () => undefined);
    const history = await History.load(folder(), quietLog);
    const report = new CrewReport({ board, history, log: quietLog });
    waiting = new Waiting({ report, monitorLog: quietLog, runEnd });
  });

  it('for the same thing are told of once, and once more when the last one goes on', () => {
    const [first, second] = [roster.worker(1), roster.worker(2)];
    waiting.begins(first, full);
    waiting.begins(second, full);
    assert.deepEqual(notices, ['The disk is full. Until then the workers wait; nothing is lost.']);
    assert.deepEqual(
      [1, 2].map(number => [board.worker(number).phase, board.worker(number).note]),
      [
        ['wait', full.message],
        ['wait', full.message],
      ],
    );
    waiting.ends(first);
    assert.equal(board.worker(1).note, null);
    assert.equal(notices.length, 1, 'one still waits');
    assert.equal(waiting.whyOf(first), null);
    assert.equal(waiting.whyOf(second), full.message);
    waiting.ends(second);
    assert.equal(notices[1], 'The workers go on.');
    waiting.ends(second);
    assert.equal(notices.length, 2, 'who did not wait has nothing to go on with');
  });

  it('for a destination that each of them found down in its own words are told of once', () => {
    waiting.begins(roster.worker(1), down('no answer'));
    waiting.begins(roster.worker(2), down('hung up'));
    assert.equal(notices.length, 1);
    waiting.begins(roster.worker(3), full);
    assert.equal(notices.length, 2, 'another thing to mend');
  });

  it('say nothing of going on where the run is to stop, and one that is to end is shown as ending', () => {
    const worker = roster.worker(1);
    waiting.begins(worker, full);
    board.changeWorker(1, { phase: 'stopping' });
    worker.stopping = { then: 'rest', cause: 'asked', rung: null };
    waiting.begins(worker, down('no answer'));
    assert.equal(board.worker(1).phase, 'stopping');
    runEnd.stop();
    waiting.ends(worker);
    assert.ok(!notices.includes('The workers go on.'));
  });
});
