import assert from 'node:assert/strict';
import fc from 'fast-check';
import { KeyTable, largestOwner } from '../../src/engine/dedupe/keyTable.ts';

/** Digests that share segment and place, so that chains form, beside such as are spread. */
const sha1 = fc.oneof(
  fc.nat(30).map(n => `ab000000000000${n.toString(16).padStart(26, '0')}`),
  fc.nat(30).map(n => `${n.toString(16).padStart(2, '0')}ffffffffff${'0'.repeat(28)}`),
  fc.array(fc.nat(15), { minLength: 40, maxLength: 40 }).map(ns => ns.map(n => n.toString(16)).join('')),
);
const size = fc.oneof(
  fc.nat(3),
  fc.constantFrom(2 ** 32 - 1, 2 ** 32, 2 ** 32 + 1, 2 ** 52, Number.MAX_SAFE_INTEGER),
  fc.maxSafeNat(),
);
const owner = fc.oneof(fc.nat(3), fc.constantFrom(255, 256, largestOwner - 1, largestOwner));

describe('key table', () => {
  it('answers as a map does, whatever is set and asked', () => {
    const record = fc.record({ sha1, size: fc.option(size, { nil: undefined }), owner });
    fc.assert(
      fc.property(
        fc.array(record, { maxLength: 400 }),
        fc.array(fc.tuple(sha1, size), { maxLength: 30 }),
        (records, questions) => {
          const table = new KeyTable();
          const sized = new Map<string, number>();
          const unsized = new Map<string, number>();
          for (const each of records) {
            assert.equal(table.set(each.sha1, each.size, each.owner), true);
            if (each.size === undefined) unsized.set(each.sha1, each.owner);
            else sized.set(`${each.sha1}-${String(each.size)}`, each.owner);
          }
          assert.equal(table.count, sized.size + unsized.size);
          const known = new Set(records.map(each => each.sha1));
          const asked = [...questions, ...records.map(each => [each.sha1, each.size ?? 7] as const)];
          for (const [digest, bytes] of asked) {
            const expected = sized.get(`${digest}-${String(bytes)}`) ?? unsized.get(digest);
            assert.equal(table.get(digest, bytes), expected);
            assert.equal(table.hasSha1(digest), known.has(digest));
          }
        },
      ),
      { numRuns: 300 },
    );
  });

  it('says the same in whatever order keys are added, and after it was made of its parts', () => {
    const record = fc.record({ sha1, size: fc.option(size, { nil: undefined }), owner });
    const records = fc.array(record, { maxLength: 400 });
    fc.assert(
      fc.property(
        records.chain(all => fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length }))),
        fc.nat(400),
        ([all, shuffled], cut) => {
          const one = new KeyTable();
          for (const each of all) one.add(each.sha1, each.size, each.owner);
          const first = new KeyTable();
          for (const each of shuffled.slice(0, cut)) first.add(each.sha1, each.size, each.owner);
          const other = new KeyTable(
            first.parts.map(({ words, count }) => ({ words: words.slice(), count })),
          );
          for (const each of shuffled.slice(cut)) other.add(each.sha1, each.size, each.owner);
          assert.equal(other.count, one.count);
          for (const each of all) {
            const bytes = each.size ?? 7;
            const known = one.get(each.sha1, bytes);
            assert.ok(known !== undefined);
            assert.equal(other.get(each.sha1, bytes), known);
            if (each.size !== undefined) assert.ok(known >= each.owner);
          }
        },
      ),
      { numRuns: 200 },
    );
  });
});
