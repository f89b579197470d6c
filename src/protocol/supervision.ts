import * as v from 'valibot';

/** How workers are watched, restarted and scaled. The defaults are those of the documented flow. */
export const supervisionLimits = {
  /** How often the watch looks. */
  checkSeconds: { min: 1, max: 60, default: 10 },
  /** A worker that uploads is stuck when no counter moves for so long. */
  uploadStuckSeconds: { min: 1, max: 86_400, default: 15 * 60 },
  /** The same for one that indexes, extracts, scans or hashes. */
  discoverStuckSeconds: { min: 1, max: 86_400, default: 30 * 60 },
  /** A worker is silent when no heartbeat is heard for so long. */
  silentSeconds: { min: 2, max: 86_400, default: 60 },
  /** Time to finish the book in hand before a signal says the same; half of it again before the kill. */
  gentleStopSeconds: { min: 0, max: 3600, default: 30 },
  /** Automatic restarts of one worker in 24 hours. */
  restartsPerDay: { min: 0, max: 1000, default: 3 },
  /** Resident memory of a worker, in MiB; one that holds more is stopped and started again. */
  workerMemoryMb: { min: 128, max: 1_048_576, default: 1024 },
  /** Scaling never goes below so many workers; above, the number of workers asked for is the limit. */
  minWorkers: { min: 1, max: 64, default: 1 },
} as const;
export type SupervisionName = keyof typeof supervisionLimits;
export type Supervision = Readonly<Record<SupervisionName, number>>;

export const supervisionNames = Object.keys(supervisionLimits) as SupervisionName[];

const bounded = ({ min, max }: { min: number; max: number }) =>
  v.optional(v.pipe(v.number(), v.integer(), v.minValue(min), v.maxValue(max)));

/** What a user set of it; the rest is by default. */
export const supervisionSchema = v.object({
  checkSeconds: bounded(supervisionLimits.checkSeconds),
  uploadStuckSeconds: bounded(supervisionLimits.uploadStuckSeconds),
  discoverStuckSeconds: bounded(supervisionLimits.discoverStuckSeconds),
  silentSeconds: bounded(supervisionLimits.silentSeconds),
  gentleStopSeconds: bounded(supervisionLimits.gentleStopSeconds),
  restartsPerDay: bounded(supervisionLimits.restartsPerDay),
  workerMemoryMb: bounded(supervisionLimits.workerMemoryMb),
  minWorkers: bounded(supervisionLimits.minWorkers),
});

/** What is in force: what was set, and the defaults for the rest. */
export function supervisionInForce(set: v.InferOutput<typeof supervisionSchema> | undefined): Supervision {
  const inForce = (name: SupervisionName): number => set?.[name] ?? supervisionLimits[name].default;
  return {
    checkSeconds: inForce('checkSeconds'),
    uploadStuckSeconds: inForce('uploadStuckSeconds'),
    discoverStuckSeconds: inForce('discoverStuckSeconds'),
    silentSeconds: inForce('silentSeconds'),
    gentleStopSeconds: inForce('gentleStopSeconds'),
    restartsPerDay: inForce('restartsPerDay'),
    workerMemoryMb: inForce('workerMemoryMb'),
    minWorkers: inForce('minWorkers'),
  };
}
