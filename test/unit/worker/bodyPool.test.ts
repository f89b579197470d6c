import assert from 'node:assert/strict';
import { BodyPool } from '../../../src/engine/worker/bodyPool.ts';

const mb = 1024 * 1024;

describe('the memory for bodies', () => {
  it('is used again for what fits into it, and is of the length that was asked for', () => {
    const pool = new BodyPool(10 * mb);
    const first = pool.take(700_000);
    assert.equal(first.length, 700_000);
    const memory = first.buffer;
    assert.ok(memory.byteLength < 700_000 * 1.25);
    pool.give(first);
    const second = pool.take(690_000);
    assert.equal(second.length, 690_000);
    assert.equal(second.buffer, memory);
    assert.notEqual(pool.take(690_000).buffer, memory);
  });

  it('is never that of two bodies at a time', () => {
    const pool = new BodyPool(10 * mb);
    const taken = new Set<ArrayBufferLike>();
    for (let round = 0; round < 3; round++) {
      const bodies = Array.from({ length: 5 }, (_, n) => pool.take(mb + n));
      assert.equal(new Set(bodies.map(body => body.buffer)).size, bodies.length);
      for (const body of bodies) {
        taken.add(body.buffer);
        pool.give(body);
      }
    }
    assert.ok(taken.size <= 10);
  });

  it('is shared up to a bound, and beyond it like any other', () => {
    const pool = new BodyPool(4 * mb);
    const large = pool.take(3 * mb);
    assert.ok(large.buffer instanceof SharedArrayBuffer);
    const beyond = pool.take(2 * mb);
    assert.equal(beyond.length, 2 * mb);
    assert.ok(!(beyond.buffer instanceof SharedArrayBuffer));
    pool.give(beyond);
    pool.give(large);
    assert.equal(pool.take(3 * mb - 1).buffer, large.buffer);
  });

  it('fits, if not exactly', () => {
    const pool = new BodyPool(10 * mb);
    const large = pool.take(2 * mb);
    pool.give(large);
    assert.notEqual(pool.take(mb / 2).buffer, large.buffer);
    assert.equal(pool.take(1.5 * mb).buffer, large.buffer);
  });

  it('takes back nothing that is not its own, and nothing twice', () => {
    const pool = new BodyPool(10 * mb);
    const foreign = Buffer.from(new SharedArrayBuffer(mb));
    pool.give(foreign);
    assert.notEqual(pool.take(mb).buffer, foreign.buffer);
    const twice = pool.take(mb / 2);
    pool.give(twice);
    pool.give(twice);
    assert.notEqual(pool.take(mb / 2).buffer, pool.take(mb / 2).buffer);
    const small = pool.take(100);
    assert.equal(small.length, 100);
    pool.give(small);
  });
});
