import * as v from 'valibot';

const count = v.pipe(v.number(), v.integer(), v.minValue(0));

/**
 * What supervision did, and what made it:
 *
 *   died        a worker's process ended unasked
 *   slow        nothing moved for two thirds of the threshold
 *   stuck       nothing moved for all of it, and the worker is being stopped
 *   silent      no heartbeat, and the worker is being stopped
 *   memory      it holds more memory than it may, and is being stopped
 *   restarted   its next process was started
 *   paused      it is not started any more until a person says so
 *   resumed     a person said so
 *   reassigned  tars went from it to others
 *   poison      a member that ended its process twice is put aside as failed
 *   scaled      the number of workers changed with the load of the machine
 *   swept       a process that an earlier engine had left was ended
 *   engine      the engine began or ended
 */
export const historyKinds = [
  'died',
  'slow',
  'stuck',
  'silent',
  'memory',
  'restarted',
  'paused',
  'resumed',
  'reassigned',
  'poison',
  'scaled',
  'swept',
  'engine',
] as const;

export const historyEntrySchema = v.object({
  /** ISO 8601 in UTC. */
  at: v.pipe(v.string(), v.isoTimestamp()),
  kind: v.picklist(historyKinds),
  worker: v.nullable(count),
  tar: v.nullable(v.string()),
  /** One line for a person. */
  message: v.string(),
});
export type HistoryEntry = v.InferOutput<typeof historyEntrySchema>;
export type HistoryKind = HistoryEntry['kind'];

/** So many of the last entries are kept for clients; `auto_monitor.log` has them all. */
export const keptHistoryEntries = 200;

/** The history of a state folder, kept over restarts of its engine. */
export const historyFileName = 'supervision_history.json';
