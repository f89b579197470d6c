import { corpus } from '../corpora.ts';
import { ingest, warm } from '../processes.ts';
import type { BenchContext, Measurement, Scenario } from '../scenario.ts';
import { interleaved, median, medianRatio } from '../statistics.ts';

async function compare(
  { quick, rounds }: BenchContext,
  which: 'folder' | 'firstFolder',
  what: string,
  limit: number,
): Promise<Measurement[]> {
  const large = await corpus('large', quick);
  await warm(large.tars);
  const { two, one } = await interleaved(rounds, {
    two: () => ingest({ source: large[which], workers: 2 }),
    one: () => ingest({ source: large[which], workers: 1 }),
  });
  const walls = (samples: typeof one): number[] => samples.map(used => used.wallSeconds);
  return [
    {
      what,
      unit: 's',
      ours: median(walls(two)),
      theirs: { name: '1 worker', value: median(walls(one)) },
      ratio: medianRatio(walls(one), walls(two)),
      bar: { kind: 'at least', value: limit, of: 'ratio' },
    },
  ];
}

export const twoWorkers: Scenario = {
  name: 'two-workers',
  about: 'two workers on two tars against one worker; the ratio is how many times as fast',
  run: context => compare(context, 'folder', '2 workers on 2 tars, wall', 1.6),
};

export const oneTar: Scenario = {
  name: 'one-tar',
  about: 'two workers on one tar against one worker; the ratio is how many times as fast',
  run: context => compare(context, 'firstFolder', '2 workers on 1 tar, wall', 1.5),
};
