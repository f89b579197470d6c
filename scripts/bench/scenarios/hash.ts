import { corpus } from '../corpora.ts';
import { ingest, shell, warm } from '../processes.ts';
import type { Scenario } from '../scenario.ts';
import { interleaved, median, medianRatio } from '../statistics.ts';

export const hash: Scenario = {
  name: 'hash',
  about: 'all of an ingest but its writing, by one worker, against `openssl dgst -sha1` of the same tars',
  async run({ quick, rounds }) {
    const { folder, tars } = await corpus('large', quick);
    await warm(tars);
    const { ours, theirs } = await interleaved(rounds, {
      ours: () => ingest({ source: folder, workers: 1 }),
      theirs: () => shell('openssl dgst -sha1 "$@"', ...tars),
    });
    const row = (what: string, of: 'wallSeconds' | 'cpuSeconds', limit: number) => ({
      what,
      unit: 's',
      ours: median(ours.map(used => used[of])),
      theirs: { name: 'openssl dgst -sha1', value: median(theirs.map(used => used[of])) },
      ratio: medianRatio(
        ours.map(used => used[of]),
        theirs.map(used => used[of]),
      ),
      bar: { kind: 'at most', value: limit, of: 'ratio' } as const,
    });
    return [
      row('ingest to nowhere, 1 worker, wall', 'wallSeconds', 1.25),
      row('ingest to nowhere, 1 worker, CPU of all processes', 'cpuSeconds', 1.4),
    ];
  },
};
