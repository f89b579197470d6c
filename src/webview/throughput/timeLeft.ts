import { amountOf, type ThroughputPoint } from '../../protocol/throughput.ts';

/** How long it takes yet, and how much more or less that may be; null while it is too early to say. */
export interface TimeLeft {
  readonly seconds: number;
  readonly plusMinus: number | null;
}

const recentPoints = 30;
const fewestPoints = 6;

/**
 * How sure an estimate is, by how much the rate of the last minutes varied, and by how far these minutes are from the
 * last hour. About nineteen runs of twenty end within it, if they go on as they did.
 *
 * @param secondsLeft what the engine estimates
 * @param hour the points of the last hour, ten seconds each
 */
export function timeLeft(secondsLeft: number, hour: readonly ThroughputPoint[]): TimeLeft {
  const rates = hour.filter(point => point.seconds > 0).map(rateOf);
  const recent = rates.slice(-recentPoints);
  const mean = meanOf(recent);
  if (recent.length < fewestPoints || mean <= 0) return { seconds: secondsLeft, plusMinus: null };
  const variance = recent.reduce((sum, rate) => sum + (rate - mean) ** 2, 0) / (recent.length - 1);
  const pointsLeft = Math.max(1, secondsLeft / 10);
  // Of the mean that was measured, and of the one that is to come.
  const ofMeans = variance * (1 / recent.length + 1 / pointsLeft);
  const drift = (mean - meanOf(rates)) / 2;
  const share = (2 * Math.sqrt(ofMeans + drift ** 2)) / mean;
  return { seconds: secondsLeft, plusMinus: secondsLeft * share };
}

function rateOf(point: ThroughputPoint): number {
  return amountOf(point.total, 'bytes') / point.seconds;
}

function meanOf(values: readonly number[]): number {
  return values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;
}
