import assert from 'node:assert/strict';
import { FrameLines } from '../../../src/engine/supervisor/clients/frameLines.ts';

describe('frame lines', () => {
  it('come out whole however the bytes were cut, characters among them', () => {
    const text = 'книга\n\n{"a":"é"}\nlast\n';
    const bytes = Buffer.from(text);
    for (let size = 1; size <= bytes.length; size++) {
      const lines = new FrameLines(100);
      const all: string[] = [];
      for (let at = 0; at < bytes.length; at += size) all.push(...lines.take(bytes.subarray(at, at + size)));
      assert.deepEqual(all, ['книга', '', '{"a":"é"}', 'last']);
    }
  });

  it('are refused when one is too long, whether its end has come or not', () => {
    assert.throws(() => [...new FrameLines(3).take(Buffer.from('abcd\n'))], RangeError);
    const lines = new FrameLines(3);
    assert.deepEqual([...lines.take(Buffer.from('abc\nab'))], ['abc']);
    assert.throws(() => [...lines.take(Buffer.from('cd'))], RangeError);
  });

  it('may be longer from one line to the next', () => {
    const lines = new FrameLines(3);
    const all: string[] = [];
    for (const line of lines.take(Buffer.from('abc\nabcdef\n'))) {
      all.push(line);
      lines.largestBytes = 6;
    }
    assert.deepEqual(all, ['abc', 'abcdef']);
  });
});
