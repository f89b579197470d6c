import * as v from 'valibot';
import { runSnapshotSchema } from './snapshot.ts';

/**
 * What an engine leaves in its state folder for whoever has no channel to it, such as another terminal. It is
 * written for reading only: no engine goes by it.
 */
export const statusFileName = 'status.json';

/**
 * A whole status is written at least so often while its engine lives, changes or none: an older one means that
 * the engine hangs, or that its pid is another process's by now.
 */
export const statusSavedAtLeastEveryMs = 15_000;

/** Times are ISO 8601 in UTC. */
export const statusFileSchema = v.object({
  version: v.literal(1),
  /** Of the engine. */
  pid: v.pipe(v.number(), v.integer(), v.minValue(1)),
  /** Name of the machine or container that the pid belongs to. */
  host: v.string(),
  startedAt: v.pipe(v.string(), v.isoTimestamp()),
  savedAt: v.pipe(v.string(), v.isoTimestamp()),
  /** Set once the run has come to its end; without it the engine lives or died. */
  endedAt: v.optional(v.pipe(v.string(), v.isoTimestamp())),
  snapshot: runSnapshotSchema,
});
export type StatusFile = v.InferOutput<typeof statusFileSchema>;
