import * as v from 'valibot';

/**
 * `migration_progress_worker{N}.json`, the documented format. The documented keys keep their meaning, so that
 * the Python system and this one read each other's files; the keys that only Tarshelf writes are optional
 * here, and whatever keys others wrote are kept (`looseObject`).
 */
export const completedFileSchema = v.looseObject({
  /** Path of the member within its tar. */
  file: v.optional(v.string()),
  status: v.optional(v.string()),
  /** Local time, `YYYY-MM-DD HH:MM:SS`. */
  uploaded_at: v.optional(v.string()),
  /** Size in bytes, the second half of a book's key. Written by Tarshelf only. */
  size: v.optional(v.number()),
});
export type CompletedFile = v.InferOutput<typeof completedFileSchema>;

export const tarProgressSchema = v.looseObject({
  tar_file: v.optional(v.string()),
  status: v.optional(v.string()),
  files_processed: v.optional(v.number()),
  files_uploaded: v.optional(v.number()),
  errors: v.optional(v.number()),
  started_at: v.optional(v.string()),
  completed_at: v.optional(v.string()),
  error_message: v.optional(v.string()),
  /** What the tar was when it was processed; a tar that has changed since is read again. Tarshelf only. */
  tar_size: v.optional(v.number()),
  tar_mtime_ms: v.optional(v.number()),
});
export type TarProgress = v.InferOutput<typeof tarProgressSchema>;

export const progressFileSchema = v.looseObject({
  completed_tars: v.optional(v.array(v.string()), []),
  current_tar: v.optional(v.nullable(v.string()), null),
  tar_progress: v.optional(v.record(v.string(), tarProgressSchema), {}),
  /** By SHA-1 of the book. */
  completed_files: v.optional(v.record(v.string(), completedFileSchema), {}),
  /** Tars dealt to this worker, recorded before the first one starts. Tarshelf only. */
  assigned_tars: v.optional(v.array(v.string()), []),
  /** Identity of the destination that `completed_files` are on. Tarshelf only. */
  destination: v.optional(v.string()),
});
export type ProgressFile = v.InferOutput<typeof progressFileSchema>;

export function progressFileName(worker: number): string {
  return `migration_progress_worker${String(worker)}.json`;
}

/** The worker number in the name of a progress file, or undefined for any other name. */
export function workerOfProgressFile(name: string): number | undefined {
  const match = /^migration_progress_worker([1-9]\d*)\.json$/.exec(name);
  return match ? Number(match[1]) : undefined;
}
