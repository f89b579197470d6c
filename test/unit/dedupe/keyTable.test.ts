import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { KeyTable, largestOwner } from '../../../src/engine/dedupe/keyTable.ts';

const digest = (n: number): string => hash('sha1', String(n), 'hex');

describe('key table', () => {
  it('knows a key by SHA-1 and size together', () => {
    const table = new KeyTable();
    table.set(digest(1), 5, 3);
    assert.equal(table.get(digest(1), 5), 3);
    assert.equal(table.get(digest(1), 6), undefined);
    assert.equal(table.get(digest(2), 5), undefined);
  });

  it('goes by the SHA-1 alone where a record has no size, and by the size where one has it', () => {
    const table = new KeyTable();
    table.set(digest(1), undefined, 2);
    table.set(digest(1), 5, 3);
    assert.equal(table.get(digest(1), 5), 3);
    assert.equal(table.get(digest(1), 6), 2);
  });

  it('records nothing for what is no SHA-1', () => {
    const table = new KeyTable();
    for (const text of ['', 'abc', 'g'.repeat(40), 'я'.repeat(40), `${digest(1)}0`]) {
      assert.equal(table.set(text, 1, 1), false);
      assert.equal(table.setNewSha1(text, 1, 1), false);
      assert.equal(table.get(text, 1), undefined);
      assert.equal(table.hasSha1(text), false);
    }
    assert.equal(table.count, 0);
  });

  it('records a new SHA-1 once, whatever its size, and grows with that', () => {
    const table = new KeyTable();
    table.set(digest(1), undefined, 2);
    assert.equal(table.setNewSha1(digest(1), 5, 3), false);
    assert.equal(table.get(digest(1), 5), 2);
    for (let n = 2; n < 20_000; n++) {
      assert.equal(table.setNewSha1(digest(n), n, 1), true);
      assert.equal(table.setNewSha1(digest(n), n + 1, 1), false);
    }
    assert.equal(table.count, 19_999);
    for (let n = 2; n < 20_000; n++) assert.equal(table.get(digest(n), n), 1);
  });

  it('takes upper-case digits for the same SHA-1', () => {
    const table = new KeyTable();
    table.set(digest(1).toUpperCase(), 1, 1);
    assert.equal(table.get(digest(1), 1), 1);
  });

  it('counts an owner beyond its bits as the largest one', () => {
    const table = new KeyTable();
    table.set(digest(1), 1, 1_000_000);
    assert.equal(table.get(digest(1), 1), largestOwner);
  });

  it('holds 300,000 keys in at most 45 bytes each', () => {
    const table = new KeyTable();
    for (let n = 0; n < 300_000; n++) table.set(digest(n), n, n % 5);
    assert.equal(table.count, 300_000);
    for (let n = 0; n < 300_000; n++) assert.equal(table.get(digest(n), n), n % 5);
    for (let n = 300_000; n < 310_000; n++) assert.equal(table.get(digest(n), n), undefined);
    assert.ok(table.sizeBytes <= 300_000 * 45, String(table.sizeBytes / 300_000));
  });

  it('has room for as many keys as were reserved, keeps those it has, and takes more', () => {
    const table = new KeyTable();
    for (let n = 0; n < 1000; n++) table.set(digest(n), n, n % 5);
    table.reserve(100_000);
    const { sizeBytes } = table;
    assert.ok(sizeBytes <= 100_000 * 45, String(sizeBytes / 100_000));
    for (let n = 1000; n < 100_000; n++) table.set(digest(n), n, n % 5);
    assert.ok(table.sizeBytes <= sizeBytes * 1.01, 'hardly a segment had to grow');
    table.reserve(10);
    for (let n = 100_000; n < 120_000; n++) table.set(digest(n), n, n % 5);
    for (let n = 0; n < 120_000; n++) assert.equal(table.get(digest(n), n), n % 5);
    assert.equal(table.count, 120_000);
  });

  it('is as fast with digests that are much alike', () => {
    for (const alike of [
      (n: number) => n.toString(16).padStart(40, '0'),
      (n: number) => n.toString(16).padEnd(40, '0'),
      (n: number) => n.toString(16).padStart(8, '0').repeat(5),
    ]) {
      const table = new KeyTable();
      const digests = Array.from({ length: 60_000 }, (_, n) => alike(0x100000 + n));
      // With keys that crowd each other, this would take minutes; the test's own limit is what fails it.
      for (const each of digests) table.set(each, 1, 1);
      assert.ok(digests.every(each => table.get(each, 1) === 1));
      assert.equal(table.count, digests.length);
    }
  });
});
