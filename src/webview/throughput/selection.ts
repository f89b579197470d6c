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

const steps = [1, 5, 10, 30, 60, 120, 300, 600, 1200, 3600, 7200, 21_600, 86_400];

/**
 * The same in about so many points at most. They end at whole steps of the clock, so that the next point changes
 * the last one and leaves those before as they were.
 */
export function coarser(points: readonly SeriesPoint[], most: number): SeriesPoint[] {
  const spanSeconds = (points.at(-1)?.time ?? 0) - (points[0]?.time ?? 0);
  const step = steps.find(each => spanSeconds / each <= most) ?? spanSeconds / most;
  // Seconds are measured by a timer, and end a little after the clock's.
  const stepOf = ({ time }: SeriesPoint): number => Math.ceil((time - 0.25) / step);
  const merged: SeriesPoint[] = [];
  for (const point of points) {
    const last = merged.at(-1);
    if (last && stepOf(last) === stepOf(point)) {
      merged[merged.length - 1] = {
        time: point.time,
        seconds: last.seconds + point.seconds,
        amounts: addAmounts(last.amounts, point.amounts),
      };
    } else merged.push(point);
  }
  return merged;
}

function amountsOf(point: ThroughputPoint, worker: number | null): Amounts {
  return worker === null ? point.total : (point.workers[worker - 1] ?? [...noAmounts]);
}
