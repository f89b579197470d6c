import assert from 'node:assert/strict';
import { noCounts } from '../../../src/protocol/snapshot.ts';
import { AssignedTars } from '../../../src/engine/supervisor/crew/assignedTars.ts';
import { CrewReport } from '../../../src/engine/supervisor/crew/crewReport.ts';
import { History } from '../../../src/engine/supervisor/crew/history.ts';
import { Roster } from '../../../src/engine/supervisor/crew/roster.ts';
import { TarHands } from '../../../src/engine/supervisor/crew/tarHands.ts';
import { StateBoard } from '../../../src/engine/supervisor/stateBoard.ts';
import { HeardProcess } from '../../support/heardProcess.ts';
import { playedOptions, quietLog } from '../../support/playedWorkers.ts';
import { useTempFolder } from '../../support/tempFolder.ts';

describe('assigned tars', () => {
  const folder = useTempFolder();
  let hands: TarHands;
  let roster: Roster;
  let board: StateBoard;
  let assigned: AssignedTars;
  let processes: HeardProcess[];

  beforeEach(async () => {
    hands = new TarHands([['a.tar', 'b.tar'], ['c.tar']]);
    roster = new Roster(2, hands);
    board = new StateBoard(playedOptions(2), () => undefined);
    for (const name of ['a.tar', 'b.tar', 'c.tar'])
      board.setTar({
        ...{
          name,
          phase: 'waiting',
          earlier: false,
          inRun: true,
          folder: null,
          sizeBytes: 1,
          doneBytes: 0,
          worker: 1,
        },
        ...{ counts: noCounts(), failure: null },
      });
    const history = await History.load(folder(), quietLog);
    const report = new CrewReport({ board, history, log: quietLog });
    assigned = new AssignedTars({ roster, hands, board, report });
    processes = roster.workers.map(worker => {
      const process = new HeardProcess();
      worker.process = process;
      return process;
    });
  });

  const told = (number: number): unknown[] =>
    processes[number - 1]!.requests.map(request => 'assignedTars' in request && request.assignedTars);

  it('are told to a process at its start, and after that only when they change', () => {
    assert.deepEqual(assigned.toldAtStart(roster.worker(1)), ['a.tar', 'b.tar']);
    assert.deepEqual(assigned.toldAtStart(roster.worker(2)), ['c.tar']);
    assigned.tellAll();
    assert.deepEqual([told(1), told(2)], [[], []]);
    hands.give(1, ['b.tar'], [2]);
    assigned.left(roster.worker(1), ['b.tar']);
    assert.deepEqual([told(1), told(2)], [[['a.tar']], [['c.tar', 'b.tar']]]);
    assert.equal(board.tar('b.tar').worker, 2);
    assigned.tellAll();
    assert.equal(told(1).length, 1);
  });

  it('stay a worker’s when they have ended, for its record says so', () => {
    assigned.toldAtStart(roster.worker(1));
    hands.lease(1);
    hands.end(1);
    assert.deepEqual(hands.handOf(1), ['b.tar']);
    assert.deepEqual(assigned.toldAtStart(roster.worker(1)), ['a.tar', 'b.tar']);
  });

  it('are nobody’s on the board while they are there for all', () => {
    hands.orphan(1, ['b.tar']);
    assigned.left(roster.worker(1), ['b.tar']);
    assert.equal(board.tar('b.tar').worker, null);
    assert.deepEqual(told(1), [['a.tar']]);
  });

  it('that are left out are dropped with the next telling', () => {
    assigned.toldAtStart(roster.worker(1));
    assigned.toldAtStart(roster.worker(2));
    hands.orphan(1, ['a.tar']);
    hands.takeOrphans();
    assigned.drop(roster.worker(1), 'a.tar');
    assert.deepEqual(told(1), []);
    assigned.tellAll();
    assert.deepEqual(told(1), [['b.tar']]);
  });
});
