export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

/** The median of the ratios of what was measured side by side: what slows the machine for a while slows both. */
export function medianRatio(numerators: readonly number[], denominators: readonly number[]): number {
  return median(numerators.map((value, index) => value / (denominators[index] ?? Number.NaN)));
}

/** Runs one after another and then all again, so many times: A B A B …, and never A A B B. */
export async function interleaved<Name extends string, Sample>(
  rounds: number,
  runs: Readonly<Record<Name, () => Promise<Sample>>>,
): Promise<Record<Name, Sample[]>> {
  const entries = Object.entries(runs) as [Name, () => Promise<Sample>][];
  const samples = Object.fromEntries(entries.map(([name]) => [name, [] as Sample[]])) as Record<
    Name,
    Sample[]
  >;
  for (let round = 0; round < rounds; round++) {
    for (const [name, run] of entries) samples[name].push(await run());
  }
  return samples;
}
