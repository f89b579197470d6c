import { corpus, type CorpusName } from '../corpora.ts';
import { ingest, shell, warm } from '../processes.ts';
import type { BenchContext, Measurement, Scenario } from '../scenario.ts';
import { interleaved, median, medianRatio } from '../statistics.ts';

async function compare(
  { quick, rounds }: BenchContext,
  name: CorpusName,
  size: string,
): Promise<Measurement[]> {
  const { folder, tars } = await corpus(name, quick);
  await warm(tars);
  const { ours, theirs } = await interleaved(rounds, {
    ours: () => ingest({ source: folder, workers: 1 }),
    theirs: () => shell('openssl dgst -sha1 "$@"', ...tars),
  });
  const row = (what: string, of: 'wallSeconds' | 'cpuSeconds', limit: number): Measurement => ({
    what: `ingest ${size}to nowhere, 1 worker, ${what}`,
    unit: 's',
    ours: median(ours.map(used => used[of])),
    theirs: { name: 'openssl dgst -sha1', value: median(theirs.map(used => used[of])) },
    ratio: medianRatio(
      ours.map(used => used[of]),
      theirs.map(used => used[of]),
    ),
    bar: { kind: 'at most', value: limit, of: 'ratio' },
  });
  return [row('wall', 'wallSeconds', 1.25), row('CPU of all processes', 'cpuSeconds', 1.4)];
}

export const hash: Scenario = {
  name: 'hash',
  about: 'all of an ingest but its writing, by one worker, against `openssl dgst -sha1` of the same tars',
  run: context => compare(context, 'large', ''),
};

/** Of 3 GB, starting is a good part: a hundredth of one tar of those that this is made for. */
export const long: Scenario = {
  name: 'long',
  about: 'the same of eight tars, 12 GB, which need as much memory to spare for a warm cache',
  onlyNamed: true,
  run: context => compare(context, 'long', 'of eight tars '),
};
