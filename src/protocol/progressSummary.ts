import * as v from 'valibot';

const count = v.pipe(v.number(), v.integer(), v.minValue(0));

/** What stands in a worker's progress file and its journal, without the books themselves. */
export const progressSummarySchema = v.object({
  worker: count,
  /** Where to look: the progress file, or else its journal, or else what was kept of either. */
  path: v.string(),
  /** Of the progress file; 0 where there is none. */
  sizeBytes: count,
  /** ISO 8601 in UTC: when either file was last written; null where both are gone. */
  savedAt: v.nullable(v.string()),
  completedTars: count,
  /** Tars that were begun, or have failures. */
  otherTars: count,
  currentTar: v.nullable(v.string()),
  /** Entries of `completed_files` and of the journal, by their status. */
  files: v.record(v.string(), count),
  journal: v.object({
    sizeBytes: count,
    /** Lines that the progress file does not include yet. */
    lines: count,
  }),
  /** What is wrong with the files as they are, in words. */
  damage: v.array(v.string()),
  /** Names of files that could not be read once and were kept under another name. */
  keptAside: v.array(v.string()),
});
export type ProgressSummary = v.InferOutput<typeof progressSummarySchema>;
