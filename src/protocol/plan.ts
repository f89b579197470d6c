import * as v from 'valibot';
import { modeSchema } from './ingestOptions.ts';

const count = v.pipe(v.number(), v.integer(), v.minValue(0));

/**
 * What earlier runs made of a tar:
 *
 *   new        nothing is recorded of it, or it has changed since
 *   begun      it was read in part
 *   failed     it, or books in it, failed: they are tried again
 *   completed  nothing is left to do; a run passes over it
 */
const plannedTarStateSchema = v.picklist(['new', 'begun', 'failed', 'completed']);

export const plannedTarSchema = v.object({
  name: v.string(),
  /** The source folder that it lies in; null for an extraction folder whose tar is gone. */
  folder: v.nullable(v.string()),
  sizeBytes: count,
  state: plannedTarStateSchema,
  doneBytes: count,
  failedBooks: count,
  /** Who gets it when all tars are taken; null for a completed one. */
  worker: v.nullable(count),
});
export type PlannedTar = v.InferOutput<typeof plannedTarSchema>;

/** What a run would do if it began now. */
export const planSchema = v.object({
  tars: v.array(plannedTarSchema),
  /** Source folders with nothing in them: of a disk that is not connected, the empty mount point may be all that is there. */
  emptyFolders: v.array(v.string()),
  /** So many are at work at most; never more than there are tars. */
  workers: count,
  mode: modeSchema,
  /** On the disk of the state folder; null where the system does not tell. */
  freeBytes: v.nullable(count),
  /** What extracting would take of it at most: the largest tars, one for each worker. */
  extractBytes: count,
});
export type Plan = v.InferOutput<typeof planSchema>;
