import * as v from 'valibot';
import { skippedByReasonSchema } from './skipReason.ts';
import { bookCountsSchema, duplicateCountsSchema, duplicateLayerSchema } from './snapshot.ts';
import { errorCodeSchema } from './errors.ts';

/*
 * `migration_progress_worker{N}.json`, the documented format. The documented keys keep their meaning, so that
 * the Python system and this one read each other's files; the keys that only Tarshelf writes are optional
 * here, and whatever keys others wrote are kept (`looseObject`).
 *
 * `completed_files` has no schema: it may hold millions of entries, and is read and copied as a stream. By
 * the SHA-1 of a book it has
 *
 *   file         path of the member within its tar
 *   status       `uploaded` (also when missing), `already_exists` or `already_exists_in_db`
 *   uploaded_at  local time, `YYYY-MM-DD HH:MM:SS`
 *   size         in bytes, the second half of a book's key. Written by Tarshelf only
 */

const count = v.pipe(v.number(), v.integer(), v.minValue(0));

/** A key whose value makes no sense counts as missing: one odd figure must not cost the whole file. */
function sensible<S extends v.GenericSchema>(schema: S) {
  return v.fallback(v.optional(schema), undefined);
}

/** A book of a tar that has no place on the shelf yet. */
export const failedBookSchema = v.object({
  /** Position of the member's header in the tar: names may repeat. */
  header_offset: count,
  size: count,
  file: v.string(),
  code: errorCodeSchema,
  message: v.string(),
  /** How often it was tried so far. */
  attempts: count,
});
export type FailedBook = v.InferOutput<typeof failedBookSchema>;

/** One of another version, whose reason this one may not know: it is to be tried again whatever that was. */
const recordedBookSchema = v.object({
  ...failedBookSchema.entries,
  code: v.fallback(errorCodeSchema, 'INTERNAL'),
});

/** Each by itself: one that makes no sense must not cost the others their names. */
const recordedBooksSchema = v.pipe(
  v.array(v.unknown()),
  v.transform(books =>
    books.flatMap((book): FailedBook[] => {
      const parsed = v.safeParse(recordedBookSchema, book);
      return parsed.success ? [parsed.output] : [];
    }),
  ),
);

/** What became of a book that is on the shelf: it was new, or this layer knew it. */
export const shelfOutcomeSchema = v.union([v.literal('uploaded'), duplicateLayerSchema]);
export type ShelfOutcome = v.InferOutput<typeof shelfOutcomeSchema>;

/** A member, by the position of its header, that is on the shelf. */
export const settledMemberSchema = v.tuple([count, shelfOutcomeSchema]);

/** What has failed of one tar. */
export const failedTarSchema = v.object({
  tar: v.string(),
  /** Number of the worker that recorded it. */
  worker: count,
  books: v.array(failedBookSchema),
  /** Why the tar as a whole failed, or null where only books did. */
  message: v.nullable(v.string()),
});
export type FailedTar = v.InferOutput<typeof failedTarSchema>;

export const tarProgressSchema = v.looseObject({
  tar_file: sensible(v.string()),
  status: sensible(v.string()),
  files_processed: sensible(count),
  files_uploaded: sensible(count),
  errors: sensible(count),
  started_at: sensible(v.string()),
  completed_at: sensible(v.string()),
  error_message: sensible(v.string()),
  /** The keys from here on are Tarshelf's only. Duplicates by the layer that knew them. */
  duplicates: sensible(duplicateCountsSchema),
  /** Members that are no books. */
  skipped: sensible(count),
  skipped_by: sensible(skippedByReasonSchema),
  /** What the tar was when it was processed; a tar that has changed since is read again. */
  tar_size: sensible(v.number()),
  tar_mtime_ms: sensible(v.number()),
  /** How often the tar, as it was then, turned out to be doubtful: what had been read of it before the last time does not count. */
  doubts: sensible(count),
  /**
   * Only books of these types were wanted; all where it is absent. What makes no sense is no type at all: to take it for all
   * would lose books.
   */
  book_types: v.optional(v.fallback(v.array(v.string()), () => [])),
  /** Every member whose header stands before this position has its outcome; `done_counts` counts them. */
  done_offset: sensible(count),
  /** How much of the tar's file that is. Not the same in a compressed tar. */
  done_bytes: sensible(count),
  /** The tar is not compressed: `done_bytes` goes as far as `done_offset`, but for what is behind the end of the file. */
  in_place: sensible(v.boolean()),
  done_counts: sensible(bookCountsSchema),
  /** Those of them that failed, to be tried again. */
  failed_books: sensible(recordedBooksSchema),
  /** Members behind `done_offset` that are on the shelf already, by header offset: their batch was cut short. */
  settled: sensible(v.array(settledMemberSchema)),
});
export type TarProgress = v.InferOutput<typeof tarProgressSchema>;

/** All keys but `completed_files`. */
export const progressHeadSchema = v.object({
  completed_tars: v.optional(v.nullable(v.array(v.string())), []),
  current_tar: v.optional(v.nullable(v.string()), null),
  tar_progress: v.optional(v.nullable(v.record(v.string(), tarProgressSchema)), {}),
  /** Tars dealt to this worker, recorded before the first one starts. Tarshelf only. */
  assigned_tars: sensible(v.array(v.string())),
  /** Identity of the destination that `completed_files` are on. Tarshelf only. */
  destination: sensible(v.string()),
  /** Number of the last line of the journal that this file includes. Tarshelf only. */
  journal_applied: sensible(count),
});

/** What `tar_progress` may say of a tar that nothing is left to do in; all else is to be read again. */
export const completedTarStatuses: ReadonlySet<string> = new Set(['completed', 'no_new_files']);

export function progressFileName(worker: number): string {
  return `migration_progress_worker${String(worker)}.json`;
}

/** What a worker appended since its progress file was last rewritten. */
export function journalFileName(worker: number): string {
  return `migration_journal_worker${String(worker)}.jsonl`;
}

/** The worker number in the name of a progress file or a journal, or undefined for any other name. */
export function workerOfProgressFile(name: string): number | undefined {
  const match = /^migration_(?:progress_worker([1-9]\d*)\.json|journal_worker([1-9]\d*)\.jsonl)$/.exec(name);
  const digits = match?.[1] ?? match?.[2];
  return digits === undefined ? undefined : Number(digits);
}

/** A whole progress file, for readers that take it as one text: small ones, or those of the Python system. */
export const progressFileSchema = v.object({
  ...progressHeadSchema.entries,
  completed_files: v.optional(v.nullable(v.record(v.string(), v.unknown())), {}),
});
export type ProgressFile = v.InferOutput<typeof progressFileSchema>;
