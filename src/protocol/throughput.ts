import * as v from 'valibot';

const count = v.pipe(v.number(), v.integer(), v.minValue(0));
const seconds = v.pipe(v.number(), v.minValue(0));

/**
 * What is counted, in this order. Bytes are those of tars that have their outcome; books are counted when they are
 * stored, known, or given up. `own`, `others` and `destination` are duplicates by the layer that knew them.
 */
export const amountNames = ['bytes', 'uploaded', 'own', 'others', 'destination', 'failed'] as const;
export type AmountName = (typeof amountNames)[number];

/** So much of each, in the order of `amountNames`: there are thousands of them in a history. */
export const amountsSchema = v.tuple([count, count, count, count, count, count]);
export type Amounts = v.InferOutput<typeof amountsSchema>;

export const noAmounts: Readonly<Amounts> = [0, 0, 0, 0, 0, 0];

export function amountOf(amounts: Readonly<Amounts>, name: AmountName): number {
  return amounts[amountNames.indexOf(name)] ?? 0;
}

/** The phases in which a worker has a tar in hand: those that a run's time goes into. */
export const workPhases = ['index', 'extract', 'scan', 'hash', 'upload', 'wait'] as const;
export type WorkPhase = (typeof workPhases)[number];

/** Seconds by phase, in the order of `workPhases`. */
export const phaseSecondsSchema = v.tuple([seconds, seconds, seconds, seconds, seconds, seconds]);
export type PhaseSeconds = v.InferOutput<typeof phaseSecondsSchema>;

/** So many workers are followed one by one; those behind them count in the total only. */
export const followedWorkers = 64;

/** What was done in some time. */
export const throughputPointSchema = v.object({
  /** When that time ended, in seconds since the series began. */
  at: seconds,
  /** How long it was. */
  seconds: v.pipe(v.number(), v.minValue(0)),
  total: amountsSchema,
  /** Worker 1 first. One that came later is missing in earlier points. */
  workers: v.pipe(v.array(amountsSchema), v.maxLength(followedWorkers)),
});
export type ThroughputPoint = v.InferOutput<typeof throughputPointSchema>;

/** The seconds that each worker spent in each phase since the series began; worker 1 first. */
export const phasesSchema = v.pipe(v.array(phaseSecondsSchema), v.maxLength(followedWorkers));

const longestSeries = 2000;
export const pointsSchema = v.pipe(v.array(throughputPointSchema), v.maxLength(longestSeries));

/** The last five minutes second by second, the last hour in tens of seconds, and the run as finely as it fits. */
export const throughputSeriesSchema = v.object({
  minutes: pointsSchema,
  hour: pointsSchema,
  run: pointsSchema,
  /** What a point of `run` spans. */
  runStepSeconds: v.pipe(v.number(), v.minValue(1)),
});
export type ThroughputSeries = v.InferOutput<typeof throughputSeriesSchema>;

/** All that an engine knows of a run's throughput. A run that goes on in another engine begins a new one there. */
export const throughputHistorySchema = v.object({
  /** When the series began, in milliseconds since 1970. It is also the name by which a later point belongs to it. */
  since: count,
  series: throughputSeriesSchema,
  phases: phasesSchema,
});
export type ThroughputHistory = v.InferOutput<typeof throughputHistorySchema>;
