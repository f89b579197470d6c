import { corpus, type CorpusName } from '../corpora.ts';
import { ingest, warm, workerPeakMb } from '../processes.ts';
import type { BenchContext, Measurement, Scenario } from '../scenario.ts';
import { interleaved, median } from '../statistics.ts';

const limits: readonly (readonly [CorpusName, number])[] = [
  ['large', 150],
  ['small', 200],
  ['million', 250],
];

/** A million members take long, and how much memory they take is much the same each time. */
function roundsOf(name: CorpusName, { quick, rounds }: BenchContext): number {
  if (name !== 'million') return rounds;
  return quick ? 1 : 3;
}

export const memory: Scenario = {
  name: 'memory',
  about: 'the largest resident memory of a worker, from its start to its end, by the kernel',
  async run(context) {
    const measurements: Measurement[] = [];
    for (const [name, limit] of limits) {
      const { folder, members, tars } = await corpus(name, context.quick);
      await warm(tars);
      const { peaks } = await interleaved(roundsOf(name, context), {
        peaks: async () => workerPeakMb(await ingest({ source: folder, workers: 1 })),
      });
      measurements.push({
        what: `memory of a worker, ${members.toLocaleString('en')} members (${name})`,
        unit: 'MB',
        ours: median(peaks),
        theirs: null,
        ratio: null,
        bar: { kind: 'at most', value: limit, of: 'ours' },
      });
    }
    return measurements;
  },
};
