import { execFileSync } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { commitCost } from '../commitCost.ts';
import { benchFolder } from '../corpora.ts';
import type { KeyCost, LoadCost } from '../keys.ts';
import type { Scenario } from '../scenario.ts';
import { interleaved, median, medianRatio } from '../statistics.ts';

export const commits: Scenario = {
  name: 'commits',
  about: 'committing a batch of 100 outcomes with many books recorded before, against few',
  async run({ quick, rounds }) {
    const [many, few] = quick ? [100_000, 1000] : [1_000_000, 10_000];
    const samples = await interleaved(rounds, {
      many: () => commitCost(many),
      few: () => commitCost(few),
    });
    const ms = (costs: typeof samples.many): number[] => costs.map(cost => cost.commit);
    return [
      {
        what: `commit of a batch at ${many.toLocaleString('en')} completed files`,
        unit: 'ms',
        ours: median(ms(samples.many)),
        theirs: { name: `at ${few.toLocaleString('en')}`, value: median(ms(samples.few)) },
        ratio: medianRatio(ms(samples.many), ms(samples.few)),
        bar: { kind: 'at most', value: 2, of: 'ratio' },
      },
    ];
  },
};

export const keys: Scenario = {
  name: 'keys',
  about: 'the table of known keys of an engine, in a process of its own',
  async run({ quick, rounds }) {
    const count = quick ? 1_000_000 : 10_000_000;
    await mkdir(benchFolder(), { recursive: true });
    const { costs } = await interleaved(rounds, {
      costs: () => Promise.resolve(keyCost(count)),
    });
    const of = (what: Exclude<keyof KeyCost, 'anew'>): number => median(costs.map(cost => cost[what]));
    const anew = (what: keyof LoadCost): string => median(costs.map(cost => cost.anew[what])).toFixed(0);
    const what = `${count.toLocaleString('en')} keys`;
    const alone = { theirs: null, ratio: null } as const;
    return [
      {
        ...alone,
        what: `${what}, memory of the process`,
        unit: 'MB',
        ours: of('residentMb'),
        bar: { kind: 'at most', value: 450, of: 'ours' },
        note: `the table alone ${of('tableMb').toFixed(0)} MB; at most ${of('peakMb').toFixed(0)} MB while they were loaded; without a snapshot ${anew('residentMb')} MB`,
      },
      {
        ...alone,
        what: `${what}, loading`,
        unit: 's',
        ours: of('loadSeconds'),
        bar: { kind: 'at most', value: 1, of: 'ours' },
        note: `all that an engine reads of progress at its start; ${anew('loadSeconds')} s without a snapshot, which is then made`,
      },
      {
        ...alone,
        what: `${what}, look-ups`,
        unit: 'look-ups/s',
        ours: of('lookUpsPerSecond'),
        bar: { kind: 'at least', value: 1_000_000, of: 'ours' },
      },
    ];
  },
};

function keyCost(count: number): KeyCost {
  const script = join(import.meta.dirname, '../keys.ts');
  const env = { ...process.env, TARSHELF_BENCH_FOLDER: benchFolder() };
  return JSON.parse(
    execFileSync(process.execPath, [script, String(count)], { encoding: 'utf8', env }),
  ) as KeyCost;
}
