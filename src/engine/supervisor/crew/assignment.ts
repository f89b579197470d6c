/** Who gets which tar. A seam: today one engine deals them at the start; later machines may draw from a queue. */
export interface Assignment {
  /** The tars of each worker; worker 1 has index 0. */
  readonly tarsOf: readonly (readonly string[])[];
}

/**
 * Deals tars to workers in turn, as documented: with 4 workers, worker 1 gets tars 1, 5, 9, … There are never
 * more workers than tars.
 */
export function dealRoundRobin(tars: readonly string[], workers: number): Assignment {
  const hands = Array.from({ length: Math.min(workers, tars.length) }, (): string[] => []);
  tars.forEach((tar, index) => hands[index % hands.length]?.push(tar));
  return { tarsOf: hands };
}
