import assert from 'node:assert/strict';
import fc from 'fast-check';
import { ClaimTable, type Settlement } from '../../../src/engine/dedupe/claimTable.ts';
import { KeyTable } from '../../../src/engine/dedupe/keyTable.ts';
import { keyText, type BookKey } from '../../../src/protocol/bookKey.ts';

const key = (n: number): BookKey => ({ sha1: n.toString(16).padStart(40, '0'), sizeBytes: 100 + n });
/** A table that knows one book from the progress of a worker. */
function recorded(worker: number, sha1: string, sizeBytes: number | undefined): ClaimTable {
  const known = new KeyTable();
  known.add(sha1, sizeBytes, worker);
  return new ClaimTable(known);
}
const kinds = (table: ClaimTable, worker: number, ...keys: BookKey[]): string[] =>
  table.claim(worker, keys).map(verdict => (verdict.kind === 'duplicate' ? verdict.layer : verdict.kind));

describe('claim table', () => {
  it('grants an unknown key to one worker and lets the others wait', () => {
    const table = new ClaimTable();
    assert.deepEqual(kinds(table, 1, key(1)), ['claimed']);
    assert.deepEqual(kinds(table, 2, key(1), key(2)), ['pending', 'claimed']);
  });

  it('names the layer that knew a duplicate', () => {
    const table = recorded(1, key(1).sha1, key(1).sizeBytes);
    table.addFromDestination(key(1));
    table.addFromDestination(key(2));
    assert.deepEqual(kinds(table, 1, key(1), key(2)), ['own', 'destination']);
    assert.deepEqual(kinds(table, 2, key(1), key(2)), ['others', 'destination']);
  });

  it('lets one worker have a known book that was lost, and knows it again once that is stored', () => {
    const table = recorded(1, key(1).sha1, key(1).sizeBytes);
    table.addFromDestination(key(1));
    table.lose(key(1));
    assert.deepEqual(kinds(table, 2, key(1), key(1)), ['claimed', 'pending']);
    assert.deepEqual(kinds(table, 1, key(1)), ['pending']);
    assert.deepEqual(
      table.settle(2, key(1), 'failed').map(({ worker, verdict }) => [worker, verdict.kind]),
      [[2, 'claimed']],
    );
    assert.deepEqual(
      table.settle(2, key(1), 'stored').map(({ worker, verdict }) => [worker, verdict.kind]),
      [[1, 'duplicate']],
    );
    table.addFromDestination(key(1));
    assert.deepEqual(kinds(table, 1, key(1)), ['others']);
  });

  it('takes the same bytes at another size for another book', () => {
    const table = recorded(1, key(1).sha1, 5);
    assert.deepEqual(kinds(table, 1, { ...key(1), sizeBytes: 6 }), ['claimed']);
  });

  it('knows a book that was recorded without its size by its SHA-1', () => {
    const table = recorded(3, key(1).sha1, undefined);
    assert.deepEqual(kinds(table, 1, key(1)), ['others']);
  });

  it('tells the waiting that a stored book is a duplicate, each in its own layer', () => {
    const table = new ClaimTable();
    table.claim(1, [key(1), key(1)]);
    table.claim(2, [key(1)]);
    assert.deepEqual(table.settle(1, key(1), 'stored'), [
      { worker: 1, key: key(1), verdict: { kind: 'duplicate', layer: 'own' } },
      { worker: 2, key: key(1), verdict: { kind: 'duplicate', layer: 'others' } },
    ]);
  });

  it('passes a key whose upload failed to the first that waits, and to nobody else', () => {
    const table = new ClaimTable();
    table.claim(1, [key(1)]);
    table.claim(2, [key(1)]);
    table.claim(3, [key(1)]);
    assert.deepEqual(table.settle(1, key(1), 'failed'), [
      { worker: 2, key: key(1), verdict: { kind: 'claimed' } },
    ]);
    assert.deepEqual(table.settle(3, key(1), 'stored'), [], 'worker 3 does not hold it');
  });

  it('frees what a dead worker held and waited for', () => {
    const table = new ClaimTable();
    table.claim(1, [key(1), key(2)]);
    table.claim(2, [key(1), key(3)]);
    table.claim(1, [key(3)]);
    assert.deepEqual(table.release(1), [{ worker: 2, key: key(1), verdict: { kind: 'claimed' } }]);
    assert.deepEqual(table.settle(2, key(3), 'stored'), [], 'the dead worker waits no more');
    assert.deepEqual(kinds(table, 3, key(2)), ['claimed']);
  });

  it('gives the memory of its keys back, and knows none of them then', () => {
    const table = recorded(1, key(1).sha1, key(1).sizeBytes);
    table.claim(1, [key(2)]);
    table.forget();
    assert.equal(table.knownCount, 0);
    assert.deepEqual(kinds(table, 2, key(1), key(2)), ['claimed', 'claimed']);
  });

  it('never gives one key to two workers, and leaves nobody waiting for ever, in any interleaving', () => {
    const action = fc.oneof(
      fc.record({
        kind: fc.constant('claim' as const),
        worker: fc.integer({ min: 1, max: 4 }),
        keys: fc.array(fc.nat(5), { minLength: 1, maxLength: 4 }),
      }),
      fc.record({
        kind: fc.constantFrom('stored' as const, 'failed' as const),
        worker: fc.integer({ min: 1, max: 4 }),
        pick: fc.nat(),
      }),
      fc.record({ kind: fc.constant('death' as const), worker: fc.integer({ min: 1, max: 4 }) }),
    );
    fc.assert(
      fc.property(fc.array(action, { maxLength: 60 }), actions => {
        const table = new ClaimTable();
        const holders = new Map<string, number>();
        const stored = new Set<string>();
        const waiting: { worker: number; text: string }[] = [];
        const grant = (worker: number, text: string): void => {
          assert.ok(!holders.has(text), 'held by one worker at a time');
          assert.ok(!stored.has(text), 'never granted again once stored');
          holders.set(text, worker);
        };
        const hear = (settlements: Settlement[]): void => {
          for (const { worker, key: settled, verdict } of settlements) {
            const text = keyText(settled);
            const at = waiting.findIndex(waiter => waiter.worker === worker && waiter.text === text);
            assert.notEqual(at, -1, 'only those who wait are told');
            waiting.splice(at, 1);
            if (verdict.kind === 'claimed') grant(worker, text);
            else assert.ok(stored.has(text));
          }
        };
        const settle = (worker: number, text: string, outcome: 'stored' | 'failed'): void => {
          holders.delete(text);
          if (outcome === 'stored') stored.add(text);
          const n = Number.parseInt(text.slice(0, 40), 16);
          hear(table.settle(worker, key(n), outcome));
        };
        for (const act of actions) {
          if (act.kind === 'claim') {
            const keys = act.keys.map(key);
            table.claim(act.worker, keys).forEach((verdict, index) => {
              const text = keyText(keys[index]!);
              if (verdict.kind === 'claimed') grant(act.worker, text);
              else if (verdict.kind === 'pending') waiting.push({ worker: act.worker, text });
              else assert.ok(stored.has(text));
            });
          } else if (act.kind === 'death') {
            for (const [text, worker] of [...holders]) if (worker === act.worker) holders.delete(text);
            waiting.splice(0, waiting.length, ...waiting.filter(waiter => waiter.worker !== act.worker));
            hear(table.release(act.worker));
          } else {
            const held = [...holders].filter(([, worker]) => worker === act.worker);
            if (held.length > 0) settle(act.worker, held[act.pick % held.length]![0], act.kind);
          }
        }
        // Let everything end: whoever holds a key stores it.
        while (holders.size > 0) {
          const [text, worker] = [...holders][0]!;
          settle(worker, text, 'stored');
        }
        assert.deepEqual(waiting, []);
      }),
      { numRuns: 500 },
    );
  });
});
