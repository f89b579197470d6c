import assert from 'node:assert/strict';
import { parseArguments, UsageError } from '../../../scripts/bench/arguments.ts';
import { ticks } from '../../../scripts/bench/drawPlots.ts';
import { isMet, type Measurement } from '../../../scripts/bench/scenario.ts';
import { interleaved, median, medianRatio } from '../../../scripts/bench/statistics.ts';
import { tableText } from '../../../scripts/bench/table.ts';

const scenarios = [
  { name: 'hash' },
  { name: 'index' },
  { name: 'memory' },
  { name: 'long', onlyNamed: true },
] as const;

describe('the arguments of the bench', () => {
  it('are all scenarios but those that must be named, in five rounds where nothing is said, and three with small tars', () => {
    const usual = { only: ['hash', 'index', 'memory'], quick: false, json: false, help: false, rounds: 5 };
    assert.deepEqual(parseArguments([], scenarios), usual);
    assert.deepEqual(parseArguments(['--quick'], scenarios), { ...usual, quick: true, rounds: 3 });
  });

  it('pick scenarios in the order of the bench, however they are written', () => {
    for (const given of [
      ['--only', 'memory,hash'],
      ['--only=memory', '--only=hash'],
    ])
      assert.deepEqual(parseArguments(given, scenarios).only, ['hash', 'memory']);
    assert.deepEqual(parseArguments(['--only=long,hash'], scenarios).only, ['hash', 'long']);
  });

  it('say how often each thing is run', () => {
    assert.equal(parseArguments(['--quick', '--rounds', '7'], scenarios).rounds, 7);
    assert.equal(parseArguments(['--rounds=1', '--quick'], scenarios).rounds, 1);
  });

  it('are refused where they make no sense', () => {
    const refused = [
      '--fast',
      'hash',
      '--only',
      '--only=',
      '--only=tar',
      '--quick=yes',
      '--rounds=0',
      '--rounds',
    ];
    for (const argument of refused)
      assert.throws(() => parseArguments([argument], scenarios), UsageError, argument);
  });
});

describe('the statistics of the bench', () => {
  it('take the middle one, or what is between the two', () => {
    assert.equal(median([9, 1, 5]), 5);
    assert.equal(median([10, 1, 2, 3]), 2.5);
    assert.equal(median([]), Number.NaN);
  });

  it('compare each round with itself', () => {
    // Twice as much in each round, on a machine that got slower from one to the next.
    assert.equal(medianRatio([2, 20, 200], [1, 10, 100]), 2);
  });

  it('run in turns, and one at a time', async () => {
    const order: string[] = [];
    const run = (name: string) => async (): Promise<number> => {
      order.push(`${name} begins`);
      await Promise.resolve();
      order.push(`${name} ends`);
      return order.length;
    };
    const samples = await interleaved(2, { a: run('a'), b: run('b') });
    const once = ['a begins', 'a ends', 'b begins', 'b ends'];
    assert.deepEqual(order, [...once, ...once]);
    assert.deepEqual(samples, { a: [2, 6], b: [4, 8] });
  });
});

describe('a row of the bench', () => {
  const row: Measurement = {
    what: 'hashing',
    unit: 's',
    ours: 2.5,
    theirs: { name: 'openssl', value: 2 },
    ratio: 1.25,
    bar: { kind: 'at most', value: 1.25, of: 'ratio' },
  };

  it('is met up to its bar, and by what the bar is about', () => {
    assert.equal(isMet(row), true);
    assert.equal(isMet({ ...row, ratio: 1.26 }), false);
    assert.equal(isMet({ ...row, bar: { kind: 'at most', value: 2, of: 'ours' } }), false);
    assert.equal(isMet({ ...row, bar: { kind: 'at least', value: 2.5, of: 'ours' } }), true);
    assert.equal(isMet({ ...row, bar: { kind: 'at least', value: 1.3, of: 'ratio' } }), false);
    assert.equal(isMet({ ...row, bar: null }), null);
    // What could not be measured is not met.
    assert.equal(isMet({ ...row, ours: Number.NaN, ratio: Number.NaN }), false);
  });

  it('stands in a table with its numbers, and what is to be known beside it', () => {
    const [title, rule, ...rest] = tableText([{ ...row, note: 'by one worker' }]).split('\n');
    assert.match(title ?? '', /^\| what +\| ours +\| theirs +\| ratio +\| bar +\| met \|$/);
    assert.match(rule ?? '', /^\|-+\|/);
    assert.deepEqual(rest, [
      '| hashing | 2.5 s | 2 s, openssl | 1.25  | at most 1.25 | yes |',
      '',
      'hashing: by one worker.',
    ]);
  });
});

describe('the axis of a plot', () => {
  it('has round numbers that reach as far as the values', () => {
    assert.deepEqual(ticks(3.08), [0, 1, 2, 3, 4]);
    assert.deepEqual(ticks(500), [0, 100, 200, 300, 400, 500]);
    assert.deepEqual(ticks(0.03), [0, 0.01, 0.02, 0.03]);
    assert.deepEqual(ticks(0), [0, 1]);
  });
});
