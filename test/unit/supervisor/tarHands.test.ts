import assert from 'node:assert/strict';
import fc from 'fast-check';
import { TarHands } from '../../../src/engine/supervisor/tarHands.ts';

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
    hands.died(1);
    const lease = hands.lease(1)!;
    assert.equal(lease.tar, 'a');
    assert.ok(hands.holds(1, lease));
    assert.ok(!hands.holds(1, old));
    assert.ok(!hands.holds(2, lease));
  });

  it('passes all tars of a worker that is given up, those never started too, to the others', () => {
    const hands = new TarHands([['a', 'c', 'e'], ['b']]);
    const lease = hands.lease(1)!;
    hands.died(1);
    assert.deepEqual(hands.giveUp(1), ['a', 'c', 'e']);
    assert.ok(!hands.holds(1, lease));
    assert.equal(hands.lease(1), null, 'a worker given up gets none');
    const taken: string[] = [];
    for (let next = hands.lease(2); next; next = hands.lease(2)) {
      taken.push(next.tar);
      hands.end(2);
    }
    assert.deepEqual(taken, ['b', 'a', 'c', 'e']);
  });

  it('puts a tar back behind the others after two deaths, and gives it up after four, whoever died', () => {
    const hands = new TarHands([['poison', 'b'], []]);
    for (let n = 0; n < 2; n++) {
      assert.equal(hands.lease(1)?.tar, 'poison');
      assert.equal(hands.died(1), null);
    }
    assert.equal(hands.lease(1)?.tar, 'b');
    assert.equal(hands.lease(2)?.tar, 'poison');
    assert.equal(hands.died(2), null);
    assert.equal(hands.lease(2)?.tar, 'poison');
    assert.equal(hands.died(2), 'poison');
    assert.equal(hands.lease(2), null);
  });

  it('blames no tar for a death before the first lease', () => {
    const hands = new TarHands([['a']]);
    for (let n = 0; n < 10; n++) assert.equal(hands.died(1), null);
    assert.equal(hands.lease(1)?.tar, 'a');
  });

  it('has every tar in one place until it has ended, in any order of ends, deaths and losses', () => {
    const act = fc.record({
      kind: fc.constantFrom('lease', 'end', 'died', 'giveUp'),
      worker: fc.integer({ min: 1, max: 3 }),
    });
    fc.assert(
      fc.property(fc.nat(12), fc.array(act, { maxLength: 80 }), (count, acts) => {
        const tars = Array.from({ length: count }, (_, n) => `t${String(n)}`);
        const hands = new TarHands([1, 2, 3].map(worker => tars.filter((_, n) => n % 3 === worker - 1)));
        const ended: string[] = [];
        const leased = new Map<number, string>();
        for (const { kind, worker } of acts) {
          const current = leased.get(worker);
          if (kind === 'lease' && current === undefined) {
            const lease = hands.lease(worker);
            if (lease) {
              assert.ok(![...leased.values()].includes(lease.tar), 'leased to one worker at a time');
              leased.set(worker, lease.tar);
            }
          } else if (kind === 'end' && current !== undefined) {
            hands.end(worker);
            ended.push(current);
            leased.delete(worker);
          } else if (kind === 'died') {
            const givenUp = hands.died(worker);
            if (givenUp !== null) ended.push(givenUp);
            leased.delete(worker);
          } else if (kind === 'giveUp' && current === undefined) {
            hands.giveUp(worker);
          }
          const everywhere = [...[1, 2, 3].flatMap(n => hands.handOf(n)), ...hands.orphans, ...ended];
          assert.deepEqual(everywhere.sort(), [...tars].sort());
        }
      }),
    );
  });
});
