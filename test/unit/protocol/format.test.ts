import assert from 'node:assert/strict';
import {
  formatBytes,
  formatCount,
  formatDuration,
  formatPercent,
  formatRate,
} from '../../../src/protocol/format.ts';

function holds(format: (value: number) => string, cases: readonly (readonly [number, string])[]): void {
  for (const [value, text] of cases) assert.equal(format(value), text, `of ${String(value)}`);
}

describe('formatBytes', () => {
  it('uses decimal units with one digit after the point below 10', () => {
    holds(formatBytes, [
      [0, '0 B'],
      [512, '512 B'],
      [1000, '1 kB'],
      [1500, '1.5 kB'],
      [12_345_678, '12 MB'],
      [1_500_000_000, '1.5 GB'],
      [300_400_000_000, '300 GB'],
      [2_000_000_000_000, '2 TB'],
    ]);
  });

  it('never shows 1000 of a unit, nor 10.0', () => {
    holds(formatBytes, [
      [999, '999 B'],
      [999_499, '999 kB'],
      [999_500, '1 MB'],
      [9_949_999, '9.9 MB'],
      [9_960_000, '10 MB'],
    ]);
  });

  it('stays in the largest unit that it knows', () => {
    assert.equal(formatBytes(12_000_000_000_000_000_000), '12000 PB');
  });

  it('takes what makes no sense for nothing', () => {
    holds(formatBytes, [
      [-1, '0 B'],
      [Number.NaN, '0 B'],
      [Number.POSITIVE_INFINITY, '0 B'],
    ]);
  });
});

describe('formatRate', () => {
  it('is bytes by the second', () => {
    holds(formatRate, [
      [0, '0 B/s'],
      [12_400_000, '12 MB/s'],
      [1_250_000_000, '1.3 GB/s'],
    ]);
  });
});

describe('formatDuration', () => {
  it('shows the two largest units and leaves out an empty second one', () => {
    holds(formatDuration, [
      [0, '0 s'],
      [0.6, '1 s'],
      [45, '45 s'],
      [60, '1 min'],
      [300, '5 min'],
      [3600, '1 h'],
      [7800, '2 h 10 min'],
      [86_400, '1 d'],
      [273_600, '3 d 4 h'],
    ]);
  });

  it('carries what is rounded up into the next unit', () => {
    holds(formatDuration, [
      [59.7, '1 min'],
      [3599, '1 h'],
      [86_399, '1 d'],
      [2 * 86_400 - 1, '2 d'],
    ]);
  });

  it('takes what makes no sense for nothing', () => {
    holds(formatDuration, [
      [-5, '0 s'],
      [Number.NaN, '0 s'],
    ]);
  });
});

describe('formatPercent', () => {
  it('rounds down, so that 100 % means done', () => {
    assert.equal(formatPercent(0, 10), '0 %');
    assert.equal(formatPercent(42, 100), '42 %');
    assert.equal(formatPercent(999, 1000), '99 %');
    assert.equal(formatPercent(1000, 1000), '100 %');
  });

  it('stays between 0 and 100', () => {
    assert.equal(formatPercent(-1, 10), '0 %');
    assert.equal(formatPercent(11, 10), '100 %');
  });

  it('takes nothing of nothing for done', () => {
    assert.equal(formatPercent(0, 0), '100 %');
  });
});

describe('formatCount', () => {
  it('puts the noun into its number', () => {
    assert.equal(formatCount(0, 'book'), '0 books');
    assert.equal(formatCount(1, 'book'), '1 book');
    assert.equal(formatCount(12_345, 'book'), '12,345 books');
    assert.equal(formatCount(2, 'has', 'have'), '2 have');
  });
});
