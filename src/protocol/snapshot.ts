import * as v from 'valibot';
import { failureSchema } from './errors.ts';
import { historyEntrySchema } from './history.ts';
import { ingestOptionsSchema } from './ingestOptions.ts';
import { addSkipped, skippedByReasonSchema } from './skipReason.ts';
import { readSourceFolders, sourceFoldersSchema } from './sourceFolders.ts';

const count = v.pipe(v.number(), v.integer(), v.minValue(0));

/**
 * The state of a tar.
 *
 *   waiting ──▶ running ──▶ completed
 *                  │  ├────▶ failed       (damaged or unreadable; what could be read was uploaded)
 *                  │  └────▶ completedWithErrors  (read to its end, some books failed)
 *                  └───────▶ waiting      (the run was stopped, or its worker died)
 *
 * A tar that an earlier run completed starts as `completed` with `earlier` set.
 */
export const tarPhaseSchema = v.picklist([
  'waiting',
  'running',
  'completed',
  'completedWithErrors',
  'failed',
]);
export type TarPhase = v.InferOutput<typeof tarPhaseSchema>;

/** What knew a book before: this worker's progress, another worker's, or the destination. */
export const duplicateLayerSchema = v.picklist(['own', 'others', 'destination']);
export type DuplicateLayer = v.InferOutput<typeof duplicateLayerSchema>;

/** Duplicates by the layer that knew them. */
export const duplicateCountsSchema = v.object({ own: count, others: count, destination: count });

/** What became of the members read so far. `found` counts books; `skipped` members that are no books. */
export const bookCountsSchema = v.object({
  found: count,
  uploaded: count,
  duplicates: duplicateCountsSchema,
  failed: count,
  skipped: count,
  /** By reason; their sum is `skipped`, but where an earlier version counted without reasons. */
  skippedBy: v.optional(skippedByReasonSchema),
});
export type BookCounts = v.InferOutput<typeof bookCountsSchema>;

export const tarStateSchema = v.object({
  /** File name within its source folder; unique in a run. */
  name: v.string(),
  /** The source folder that it lies in; null for an extraction folder whose tar is gone. */
  folder: v.optional(v.nullable(v.string()), null),
  phase: tarPhaseSchema,
  sizeBytes: count,
  /** How far its books have an outcome, from 0 to `sizeBytes`. Extracting it does not count. */
  doneBytes: count,
  /** Number of the worker that it is assigned to, or null when it needs none. */
  worker: v.nullable(count),
  counts: bookCountsSchema,
  /** Completed by an earlier run. */
  earlier: v.boolean(),
  failure: v.nullable(failureSchema),
});
export type TarState = v.InferOutput<typeof tarStateSchema>;

/**
 * What a worker does:
 *
 *   starting ─▶ idle ─▶ index, extract, scan, hash, upload, wait ─▶ stopping ─▶ stopped
 *                              │                                        └─────▶ paused   (its tars stay, or go to the others)
 *                              └─▶ died ──back-off──▶ starting
 */
export const workerPhaseSchema = v.picklist([
  'starting',
  /** It has no tar. */
  'idle',
  /** Headers are read, and nothing of the tar's bodies. */
  'index',
  /** The tar is laid down as files before it is read; `extraction` says how far. */
  'extract',
  /** First bytes are looked at: is it a book? */
  'scan',
  'hash',
  'upload',
  /** For a disk, a destination or another worker; nothing of it is its own to mend. */
  'wait',
  'stopping',
  'stopped',
  /** It is not started until a person says so. */
  'paused',
  /** It is about to be started again. */
  'died',
]);
export type WorkerPhase = v.InferOutput<typeof workerPhaseSchema>;

/** How far an extraction is. None of the books in it has an outcome by that. */
export const extractionSchema = v.object({
  /** Of the tar's file, from 0 to its size. */
  bytes: count,
  files: count,
});
export type Extraction = v.InferOutput<typeof extractionSchema>;

/**
 * Whether a worker gets on, by what it reports once a second:
 *
 *   well    some counter moved not long ago, or it waits for something
 *   slow    none did for two thirds of its phase's threshold
 *   stuck   none did for all of it
 *   silent  it reports nothing: its event loop is blocked, or the process is halted
 */
export const workerHealthSchema = v.picklist(['well', 'slow', 'stuck', 'silent']);
export type WorkerHealth = v.InferOutput<typeof workerHealthSchema>;

export const workerStateSchema = v.object({
  /** Numbered from 1. */
  number: count,
  phase: workerPhaseSchema,
  pid: v.nullable(count),
  currentTar: v.nullable(v.string()),
  assignedTars: v.array(v.string()),
  /** Of the current tar while that is extracted. */
  extraction: v.optional(v.nullable(extractionSchema), null),
  /** What it extracts or, else, has dealt with. Mean over the last seconds; 0 when it does nothing. */
  bytesPerSecond: v.pipe(v.number(), v.minValue(0)),
  /** Of its current tar at that rate; null while the rate is not known for long enough to tell. */
  secondsLeft: v.optional(v.nullable(v.number()), null),
  /** Automatic ones in the last 24 hours. */
  restarts: count,
  health: v.optional(workerHealthSchema, 'well'),
  /** In plain words, why it waits, is paused, or is not well. */
  note: v.optional(v.nullable(v.string()), null),
  /** Resident memory of its process; null while that is not known. */
  memoryBytes: v.optional(v.nullable(count), null),
  /** Uploads that it may have under way at the same time, at the moment. */
  parallelUploads: v.optional(count, 1),
});
export type WorkerState = v.InferOutput<typeof workerStateSchema>;

/** `stopped` was asked for by a client; `refused` never began. */
export const runPhaseSchema = v.picklist([
  'starting',
  'running',
  'stopping',
  'stopped',
  'finished',
  'refused',
]);
export type RunPhase = v.InferOutput<typeof runPhaseSchema>;

/** The outcome of a run, in the form that the command line prints as its last line with `--json`. */
export const summarySchema = v.object({
  tars: v.object({ total: count, completed: count, failed: count }),
  books: v.object({ found: count, uploaded: count, duplicates: count, failed: count }),
  skipped: count,
  skippedBy: v.optional(skippedByReasonSchema),
  /** Bytes of tars read by this run. */
  bytes: count,
  seconds: v.pipe(v.number(), v.minValue(0)),
});
export type Summary = v.InferOutput<typeof summarySchema>;

export const runStateSchema = readSourceFolders({
  phase: runPhaseSchema,
  sourceFolders: sourceFoldersSchema,
  stateFolder: v.string(),
  /** Sum of all tars' sizes, and how much of it is done, earlier runs included. */
  totalBytes: count,
  doneBytes: count,
  bytesPerSecond: v.pipe(v.number(), v.minValue(0)),
  /** Seconds left at the present rate; null while that is not known for long enough to tell. */
  secondsLeft: v.nullable(v.number()),
  counts: bookCountsSchema,
  summary: v.nullable(summarySchema),
  failure: v.nullable(failureSchema),
});
export type RunState = v.InferOutput<typeof runStateSchema>;

/** The whole state of an engine. `sequence` is that of the last event it includes. */
export const snapshotSchema = v.object({
  sequence: count,
  /** The run that is under way, or else the last one; null where there was none yet. */
  run: v.nullable(runStateSchema),
  /** What that run was asked to do. */
  options: v.optional(v.nullable(ingestOptionsSchema), null),
  tars: v.array(tarStateSchema),
  workers: v.array(workerStateSchema),
  /** The last things that supervision did, oldest first. */
  history: v.optional(v.array(historyEntrySchema), []),
});
export type Snapshot = v.InferOutput<typeof snapshotSchema>;

/** The state of an engine that has a run, or had one. */
export const runSnapshotSchema = v.object({ ...snapshotSchema.entries, run: runStateSchema });
export type RunSnapshot = v.InferOutput<typeof runSnapshotSchema>;

/** A worker of which nothing is known but its number. */
export function newWorker(number: number): WorkerState {
  return {
    number,
    phase: 'starting',
    pid: null,
    currentTar: null,
    assignedTars: [],
    extraction: null,
    bytesPerSecond: 0,
    secondsLeft: null,
    restarts: 0,
    health: 'well',
    note: null,
    memoryBytes: null,
    parallelUploads: 1,
  };
}

export function noCounts(): BookCounts {
  return { found: 0, uploaded: 0, duplicates: { own: 0, others: 0, destination: 0 }, failed: 0, skipped: 0 };
}

export function sumCounts(all: Iterable<BookCounts>): BookCounts {
  const sum = noCounts();
  for (const c of all) {
    sum.found += c.found;
    sum.uploaded += c.uploaded;
    sum.duplicates.own += c.duplicates.own;
    sum.duplicates.others += c.duplicates.others;
    sum.duplicates.destination += c.duplicates.destination;
    sum.failed += c.failed;
    sum.skipped += c.skipped;
    if (c.skippedBy) sum.skippedBy = addSkipped(sum.skippedBy, c.skippedBy);
  }
  return sum;
}

export function totalDuplicates(counts: BookCounts): number {
  return counts.duplicates.own + counts.duplicates.others + counts.duplicates.destination;
}
