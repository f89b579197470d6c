import {
  noAmounts,
  type Amounts,
  type PhaseSeconds,
  type ThroughputPoint,
  type ThroughputSeries,
} from '../../protocol/throughput.ts';
import type { ThroughputRange } from '../../protocol/throughputMessages.ts';
import { addAmounts } from '../../protocol/throughputRings.ts';

/** A point of one worker or of all, at a time of the wall. */
export interface SeriesPoint {
  /** Seconds since 1970. */
  readonly time: number;
  readonly seconds: number;
  readonly amounts: Amounts;
}

/** The points of a range, of one worker or, for null, of all. */
export function chosenPoints(
  series: ThroughputSeries,
  range: ThroughputRange,
  worker: number | null,
  since: number,
): SeriesPoint[] {
  return series[range].map(point => ({
    time: since / 1000 + point.at,
    seconds: point.seconds,
    amounts: amountsOf(point, worker),
  }));
}

/** What was done in the whole series. */
export function allDone(series: ThroughputSeries, worker: number | null): Amounts {
  return series.run.reduce<Amounts>(
    (sum, point) => addAmounts(sum, amountsOf(point, worker)),
    [...noAmounts],
  );
}

export function chosenPhases(
  phases: readonly PhaseSeconds[],
  worker: number | null,
): readonly PhaseSeconds[] {
  return worker === null ? phases : phases.slice(worker - 1, worker);
}

/** The same in no more than so many points. */
export function coarser(points: readonly SeriesPoint[], most: number): SeriesPoint[] {
  const size = Math.max(1, Math.ceil(points.length / most));
  const merged: SeriesPoint[] = [];
  // From the end, so that only the oldest may be made of fewer.
  for (let end = points.length; end > 0; end -= size) {
    const some = points.slice(Math.max(0, end - size), end);
    merged.unshift({
      time: some.at(-1)?.time ?? 0,
      seconds: some.reduce((sum, point) => sum + point.seconds, 0),
      amounts: some.reduce<Amounts>((sum, point) => addAmounts(sum, point.amounts), [...noAmounts]),
    });
  }
  return merged;
}

function amountsOf(point: ThroughputPoint, worker: number | null): Amounts {
  return worker === null ? point.total : (point.workers[worker - 1] ?? [...noAmounts]);
}
