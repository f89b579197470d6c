import assert from 'node:assert/strict';
import fc from 'fast-check';
import { TarHands, type Blame } from '../../../src/engine/supervisor/crew/tarHands.ts';

const nobody: ReadonlySet<number> = new Set();

/** The worker's process dies in its tar, with members in hand. */
function dies(hands: TarHands, worker: number, ...inHand: number[]): Blame {
  const lease = hands.stopped(worker);
  assert.ok(lease);
  return hands.blame(lease.tar, { worker, inHand, doneBytes: 0, isFromOutside: false }, false);
}

describe('tar hands', () => {
  it('leases the tars of a hand in their order', () => {
    const hands = new TarHands([['a', 'c'], ['b']]);
    assert.deepEqual(hands.lease(1), { tar: 'a', epoch: 1 });
    hands.end(1);
    assert.deepEqual(hands.lease(1), { tar: 'c', epoch: 1 });
    hands.end(1);
    assert.equal(hands.lease(1), null);
  });

  it('gives a tar that a death interrupted again, under a new epoch, and refuses the old one', () => {
    const hands = new TarHands([['a', 'b']]);
    const old = hands.lease(1)!;
    dies(hands, 1);
    const lease = hands.lease(1)!;
    assert.equal(lease.tar, 'a');
    assert.ok(hands.holds(1, lease));
    assert.ok(!hands.holds(1, old));
    assert.ok(!hands.holds(2, lease));
  });

  it('passes all tars of a worker that is given up, those never started too, to the others', () => {
    const hands = new TarHands([['a', 'c', 'e'], ['b']]);
    const lease = hands.lease(1)!;
    dies(hands, 1);
    assert.deepEqual(hands.giveUp(1), ['a', 'c', 'e']);
    assert.ok(!hands.holds(1, lease));
    assert.equal(hands.lease(1), null, 'a worker given up gets none');
    const taken: string[] = [];
    for (let next = hands.lease(2); next; next = hands.lease(2)) {
      taken.push(next.tar);
      hands.end(2);
    }
    assert.deepEqual(taken, ['b', 'a', 'c', 'e']);
    hands.orphan(2, []);
    hands.open(1);
    assert.equal(hands.lease(1), null, 'may have some again, but there is none');
  });

  it("takes kills from outside for the worker's matter while other workers have not met the same end", () => {
    const hands = new TarHands([['a'], []]);
    const killed = (worker: number): Blame => {
      const death = { worker, inHand: [512], doneBytes: 0, isFromOutside: true };
      return hands.blame('a', death, true);
    };
    for (let time = 0; time < 6; time++) assert.deepEqual(killed(1), { poison: [], isGivenUp: false });
    assert.deepEqual(killed(2).poison, [512]);
  });

  it('does not count deaths together between which the tar has come on', () => {
    const hands = new TarHands([['a', 'b']]);
    for (let doneBytes = 1; doneBytes <= 10; doneBytes++) {
      assert.equal(hands.lease(1)?.tar, 'a');
      hands.stopped(1);
      const death = { worker: 1, inHand: [], doneBytes, isFromOutside: false };
      assert.deepEqual(hands.blame('a', death, false), { poison: [], isGivenUp: false });
    }
  });

  it('puts a tar back behind the others after two deaths, and gives it up after four, whoever died', () => {
    const hands = new TarHands([['poison', 'b'], []]);
    for (let n = 0; n < 2; n++) {
      assert.equal(hands.lease(1)?.tar, 'poison');
      assert.ok(!dies(hands, 1).isGivenUp);
    }
    assert.equal(hands.lease(1)?.tar, 'b');
    assert.equal(hands.lease(2)?.tar, 'poison');
    assert.ok(!dies(hands, 2).isGivenUp);
    assert.equal(hands.lease(2)?.tar, 'poison');
    assert.ok(dies(hands, 2).isGivenUp);
    assert.equal(hands.lease(2), null);
  });

  it('blames no tar for a stop', () => {
    const hands = new TarHands([['a']]);
    for (let n = 0; n < 10; n++) {
      assert.equal(hands.lease(1)?.tar, 'a');
      assert.equal(hands.stopped(1)?.tar, 'a');
    }
    assert.deepEqual(hands.membersOf('a'), { poison: [], suspects: [] });
  });

  it('names the member that was in hand at two deaths, and not those that were there once', () => {
    const hands = new TarHands([['a']]);
    hands.lease(1);
    assert.deepEqual(dies(hands, 1, 512, 1024, 2048).poison, []);
    assert.deepEqual(hands.membersOf('a'), { poison: [], suspects: [512, 1024, 2048] });
    hands.lease(1);
    assert.deepEqual(dies(hands, 1, 1024).poison, [1024]);
    assert.deepEqual(hands.membersOf('a'), { poison: [1024], suspects: [512, 2048] });
    hands.lease(1);
    assert.deepEqual(dies(hands, 1, 2048).poison, [2048], 'it was there before, too');
    assert.deepEqual(hands.membersOf('a'), { poison: [1024, 2048], suspects: [512] });
  });

  it('names a member that was alone both times after two deaths', () => {
    const hands = new TarHands([['a']]);
    hands.lease(1);
    assert.deepEqual(dies(hands, 1, 0).poison, []);
    hands.lease(1);
    assert.deepEqual(dies(hands, 1, 0).poison, [0]);
  });

  it('names none of several that were in hand together both times, but all after a third', () => {
    const hands = new TarHands([['a']]);
    hands.lease(1);
    assert.deepEqual(dies(hands, 1, 512, 1024).poison, []);
    hands.lease(1);
    assert.deepEqual(dies(hands, 1, 512, 1024).poison, []);
    hands.lease(1);
    assert.deepEqual(dies(hands, 1, 512, 1024).poison, [512, 1024]);
  });

  it('counts no death against a tar that a member of it explains', () => {
    const hands = new TarHands([['a', 'b']]);
    for (const member of [0, 1000, 2000, 3000, 4000]) {
      for (let n = 0; n < 2; n++) {
        assert.equal(hands.lease(1)?.tar, 'a', 'it is neither put back nor given up');
        assert.ok(!dies(hands, 1, member).isGivenUp);
      }
    }
    assert.deepEqual(hands.membersOf('a').poison, [0, 1000, 2000, 3000, 4000]);
  });

  it('takes the last tar that was never begun from the longest queue', () => {
    const hands = new TarHands([['a', 'd', 'g'], ['b', 'e', 'h', 'k'], ['c']]);
    hands.lease(1);
    hands.lease(2);
    hands.lease(3);
    hands.end(3);
    assert.equal(hands.lease(3), null);
    assert.deepEqual(hands.steal(3, nobody), { tar: 'k', from: 2 });
    assert.equal(hands.lease(3)?.tar, 'k');
    assert.deepEqual(hands.handOf(2), ['b', 'e', 'h']);
  });

  it('leaves to a worker the tar that it has begun, or is about to', () => {
    const hands = new TarHands([['a'], ['b'], []]);
    hands.lease(1);
    hands.stopped(1);
    assert.equal(hands.steal(3, new Set([2])), null);
    assert.deepEqual(hands.steal(3, nobody), { tar: 'b', from: 2 });
  });

  it('moves tars to those that are named, in turn and in order', () => {
    const hands = new TarHands([['a', 'b', 'c', 'd', 'e'], ['x'], []]);
    const old = hands.lease(1)!;
    hands.give(1, hands.waitingOf(1), [2, 3]);
    assert.deepEqual(
      [1, 2, 3].map(n => [...hands.handOf(n)]),
      [['a'], ['x', 'b', 'd'], ['c', 'e']],
    );
    hands.give(1, ['a'], [3]);
    assert.ok(!hands.holds(1, old), 'what has left the hand is not to be spoken of');
    assert.deepEqual(hands.handOf(3), ['c', 'e', 'a']);
  });

  it('has every tar in one place until it has ended, in any order of ends, deaths, moves and losses', () => {
    const act = fc.record({
      kind: fc.constantFrom('lease', 'steal', 'end', 'died', 'stopped', 'giveUp', 'open', 'give'),
      worker: fc.integer({ min: 1, max: 3 }),
      member: fc.nat(3),
    });
    fc.assert(
      fc.property(fc.nat(12), fc.array(act, { maxLength: 80 }), (count, acts) => {
        const tars = Array.from({ length: count }, (_, n) => `t${String(n)}`);
        const hands = new TarHands([1, 2, 3].map(worker => tars.filter((_, n) => n % 3 === worker - 1)));
        const ended: string[] = [];
        const epochs = new Map<string, number>();
        for (const { kind, worker, member } of acts) {
          const current = hands.leaseOf(worker);
          if (kind === 'lease' && !current) {
            const lease = hands.lease(worker);
            if (!lease) continue;
            assert.ok(lease.epoch > (epochs.get(lease.tar) ?? 0), 'no epoch is given twice');
            epochs.set(lease.tar, lease.epoch);
          } else if (kind === 'steal' && hands.handOf(worker).length === 0) hands.steal(worker, nobody);
          else if (kind === 'end' && current) {
            hands.end(worker);
            ended.push(current.tar);
          } else if (kind === 'died' && current) {
            if (dies(hands, worker, member).isGivenUp) ended.push(current.tar);
          } else if (kind === 'stopped') hands.stopped(worker);
          else if (kind === 'giveUp' && !current) hands.giveUp(worker);
          else if (kind === 'open') hands.open(worker);
          else if (kind === 'give') hands.give(worker, hands.waitingOf(worker), [(worker % 3) + 1]);
          const everywhere = [...[1, 2, 3].flatMap(n => hands.handOf(n)), ...hands.orphans, ...ended];
          assert.deepEqual(everywhere.sort(), [...tars].sort());
          const leased = [1, 2, 3].flatMap(n => hands.leaseOf(n)?.tar ?? []);
          assert.equal(new Set(leased).size, leased.length, 'leased to one worker at a time');
        }
      }),
    );
  });
});
