import assert from 'node:assert/strict';
import { Roster } from '../../../src/engine/supervisor/crew/roster.ts';
import { TarHands } from '../../../src/engine/supervisor/crew/tarHands.ts';
import { HeardProcess } from '../../support/heardProcess.ts';

function rosterOf(...dealt: string[][]): { roster: Roster; hands: TarHands } {
  const hands = new TarHands(dealt);
  return { roster: new Roster(dealt.length, hands), hands };
}

describe('roster', () => {
  it('names the workers that there are to whoever asks for another', () => {
    const { roster } = rosterOf(['a.tar'], []);
    assert.equal(roster.worker(2).number, 2);
    for (const number of [0, 3])
      assert.throws(
        () => roster.worker(number),
        (thrown: Error & { code?: string }) =>
          thrown.code === 'NO_SUCH_WORKER' && thrown.message.includes('workers 1 to 2'),
      );
  });

  it('counts as to be had what lies in hands that have not begun it, and what is in none', () => {
    const { roster, hands } = rosterOf(['a.tar', 'b.tar'], ['c.tar']);
    assert.equal(roster.tarsToBeHad, 3);
    hands.orphan(1, ['b.tar']);
    assert.equal(roster.tarsToBeHad, 3);
    hands.lease(1);
    assert.equal(roster.tarsToBeHad, 2, 'one has begun');
  });

  it('leaves each process that is on its way the tar that it comes for', () => {
    const { roster, hands } = rosterOf(['a.tar', 'b.tar'], [], []);
    roster.worker(1).process = new HeardProcess();
    assert.deepEqual([...roster.aboutToBegin], [1]);
    assert.equal(roster.tarsToBeHad, 1, 'its first tar is not to be had');
    roster.worker(2).process = new HeardProcess();
    assert.equal(roster.tarsToBeHad, 0, 'the other one is what the second comes for');
    hands.lease(1);
    assert.deepEqual([...roster.aboutToBegin], [2], 'who has a lease has begun');
    assert.equal(roster.tarsToBeHad, 0);
    roster.worker(2).stopping = { then: 'rest', cause: 'asked', rung: null };
    assert.deepEqual([...roster.aboutToBegin], []);
    assert.equal(roster.tarsToBeHad, 1, 'who is to end comes for none');
  });

  it('knows whether another worker could take a tar', () => {
    const { roster } = rosterOf(['a.tar'], []);
    const [first, second] = [roster.worker(1), roster.worker(2)];
    assert.ok(roster.hasOthersFor(first));
    second.state = 'givenUp';
    assert.ok(!roster.hasOthersFor(first));
    assert.ok(roster.hasOthersFor(second));
    first.stopping = { then: 'retire', cause: 'asked', rung: null };
    assert.ok(!roster.hasOthersFor(second));
  });
});
