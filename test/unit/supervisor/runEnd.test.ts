import assert from 'node:assert/strict';
import { Roster } from '../../../src/engine/supervisor/crew/roster.ts';
import { RunEnd } from '../../../src/engine/supervisor/crew/runEnd.ts';
import { TarHands } from '../../../src/engine/supervisor/crew/tarHands.ts';
import { HeardProcess } from '../../support/heardProcess.ts';

describe('end of a run', () => {
  let hands: TarHands;
  let roster: Roster;
  let runEnd: RunEnd;
  let told: number;

  beforeEach(() => {
    hands = new TarHands([['a.tar']]);
    roster = new Roster(1, hands);
    told = 0;
    runEnd = new RunEnd(roster, hands, () => {
      told++;
    });
  });

  it('comes when no tar is left and nobody is on duty, and is told once', async () => {
    runEnd.endWhenOver();
    assert.ok(!runEnd.hasEnded, 'a tar is left, for a worker that may be paused');
    const worker = roster.worker(1);
    worker.process = new HeardProcess();
    hands.lease(1);
    hands.end(1);
    runEnd.endWhenOver();
    assert.ok(!runEnd.hasEnded, 'its process has not ended');
    worker.process = null;
    for (const state of ['ending', 'waiting'] as const) {
      worker.state = state;
      runEnd.endWhenOver();
      assert.ok(!runEnd.hasEnded, state);
    }
    worker.state = 'resting';
    runEnd.endWhenOver();
    runEnd.endWhenOver();
    assert.ok(runEnd.hasEnded);
    assert.equal(told, 1);
    await runEnd.over;
  });

  it('waits for the books in hand, and not for tars, where it is to stop', async () => {
    const worker = roster.worker(1);
    worker.process = new HeardProcess();
    runEnd.stop();
    runEnd.endWhenOver();
    assert.ok(!runEnd.hasEnded);
    worker.process = null;
    runEnd.endWhenOver();
    await runEnd.over;
    assert.ok(hands.hasTars);
  });
});
