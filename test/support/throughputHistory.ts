import type { Amounts, PhaseSeconds, ThroughputHistory } from '../../src/protocol/throughput.ts';
import { addAmounts, ThroughputRings } from '../../src/protocol/throughputRings.ts';

/** The throughput of a run of some hours as an engine would have measured it, always the same. */
export function throughputHistory({ hours = 2, workers = 4 } = {}): ThroughputHistory {
  const rings = new ThroughputRings();
  let seed = 7;
  const random = (): number => {
    seed = (seed * 48_271) % 2_147_483_647;
    return seed / 2_147_483_647;
  };
  const some = (mean: number): number => Math.floor(mean * 2 * random() + random());
  for (let at = 1; at <= hours * 3600; at++) {
    const tide = 1 + 0.4 * Math.sin(at / 400) + (at > hours * 3300 ? 0.5 : 0);
    const each = Array.from({ length: workers }, (): Amounts => [
      some(3_000_000 * tide),
      some(1.2 * tide),
      some(0.2),
      some(0.5),
      some(0.3),
      some(0.01),
    ]);
    rings.add({ at, seconds: 1, total: each.reduce(addAmounts), workers: each });
  }
  const seconds = hours * 3600;
  const phases = Array.from({ length: workers }, (): PhaseSeconds => [
    seconds * 0.03,
    0,
    seconds * 0.12,
    seconds * 0.2,
    seconds * 0.6,
    seconds * 0.05,
  ]);
  return { since: Date.UTC(2026, 0, 5, 9, 30), series: rings.series, phases };
}
