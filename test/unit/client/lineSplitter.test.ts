import assert from 'node:assert/strict';
import { LineSplitter } from '../../../src/client/lineSplitter.ts';

describe('line splitter', () => {
  function linesOf(...pieces: string[]): string[] {
    const lines: string[] = [];
    const splitter = new LineSplitter(line => lines.push(line));
    for (const piece of pieces) splitter.push(piece);
    return lines;
  }

  it('makes the same lines however the text is cut', () => {
    const text = 'one\ntwo\r\n\nÜber drei\n';
    const expected = ['one', 'two', 'Über drei'];
    assert.deepEqual(linesOf(text), expected);
    assert.deepEqual(linesOf(...text.split('')), expected);
    for (let at = 1; at < text.length; at++)
      assert.deepEqual(linesOf(text.slice(0, at), text.slice(at)), expected);
  });

  it('keeps a line without an end until it is told that this is all', () => {
    const lines: string[] = [];
    const splitter = new LineSplitter(line => lines.push(line));
    splitter.push('whole\nha');
    splitter.push('lf');
    assert.deepEqual(lines, ['whole']);
    splitter.end();
    splitter.end();
    assert.deepEqual(lines, ['whole', 'half']);
  });

  it('takes a line of many megabytes in small pieces in a moment', () => {
    const piece = 'x'.repeat(1000);
    const lines: string[] = [];
    const splitter = new LineSplitter(line => lines.push(line));
    const before = performance.now();
    for (let n = 0; n < 20_000; n++) splitter.push(piece);
    splitter.push('\n');
    assert.equal(lines[0]?.length, 20_000_000);
    assert.ok(performance.now() - before < 2000);
  });
});
