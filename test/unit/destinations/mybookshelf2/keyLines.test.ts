import assert from 'node:assert/strict';
import type { KnownKey } from '../../../../src/engine/destinations/destination.ts';
import { KeyLines } from '../../../../src/engine/destinations/mybookshelf2/keyLines.ts';

const a = 'a'.repeat(40);
const b = '0123456789abcdef0123456789abcdef01234567';

function keysOf(...chunks: readonly Buffer[]): { keys: KnownKey[]; count: number } {
  const keys: KnownKey[] = [];
  const lines = new KeyLines(key => keys.push(key));
  for (const chunk of chunks) lines.add(chunk);
  return { keys, count: lines.count };
}

describe('KeyLines', () => {
  const text = Buffer.from(
    [
      `${a}\t1`,
      `${b.toUpperCase()}\t2147483647`,
      `\\N\t5`,
      `${a}\t\\N`,
      `žluťoučký\\tkůň\\\\\\n☃\t7`,
      `\t8`,
      `${a}b\t9`,
      `${a.slice(1)}\t10`,
      `${b}\t-1`,
      `${b}\t12\textra`,
      'x'.repeat(5000) + `${a}\t13`,
      `${b}\t0`,
    ].join('\n') + '\n',
  );
  const expected = {
    keys: [
      { sha1: a, sizeBytes: 1 },
      { sha1: b, sizeBytes: 2_147_483_647 },
      { sha1: b, sizeBytes: 0 },
    ],
    count: 12,
  };

  it('tells SHA-1s and sizes, and passes over rows that can be no book of ours', () => {
    assert.deepEqual(keysOf(text), expected);
  });

  it('finds the same wherever a chunk ends, also within a character or an escape', () => {
    for (let border = 0; border <= text.length; border++) {
      assert.deepEqual(keysOf(text.subarray(0, border), text.subarray(border)), expected);
    }
    assert.deepEqual(keysOf(...Array.from(text, byte => Buffer.of(byte))), expected);
  });

  it('tells nothing of a line that was cut off', () => {
    assert.deepEqual(keysOf(Buffer.from(`${a}\t12`)), { keys: [], count: 0 });
  });
});
