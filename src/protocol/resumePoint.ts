import * as v from 'valibot';
import { failedBookSchema, settledMemberSchema } from './progressFile.ts';
import { bookCountsSchema } from './snapshot.ts';

const count = v.pipe(v.number(), v.integer(), v.minValue(0));

/** Where to go on in a tar, and all that is known of what was done before: what moves when a tar changes hands. */
export const resumePointSchema = v.object({
  /** What the tar was when it was read so far. For one that is not like that it says nothing. */
  tarSizeBytes: v.number(),
  tarMtimeMs: v.number(),
  /** How often it had turned out to be doubtful before that was read; never where it is absent. */
  doubts: v.optional(count),
  /** Only books of these types were wanted of those members; all where it is absent. */
  bookTypes: v.optional(v.array(v.string())),
  /** Members whose header stands before this have their outcome, but for those in `failed`. */
  doneOffset: count,
  doneBytes: count,
  /** What those members were counted as; the ones in `failed` are among its `found` and `failed`. */
  counts: bookCountsSchema,
  failed: v.array(failedBookSchema),
  /** Members behind `doneOffset`, by header offset, whose batch was cut short after they came to the shelf. */
  settled: v.array(settledMemberSchema),
});
export type ResumePoint = v.InferOutput<typeof resumePointSchema>;

/**
 * Whether a point has more of the tar behind it than another: further on, or with fewer books that failed. One that was come to
 * before the tar turned out to be doubtful has nothing behind it that counts (ADR 6).
 */
export function isFurther(point: ResumePoint, other: ResumePoint): boolean {
  const moreDoubts = (point.doubts ?? 0) - (other.doubts ?? 0);
  if (moreDoubts !== 0) return moreDoubts > 0;
  if (point.doneOffset !== other.doneOffset) return point.doneOffset > other.doneOffset;
  if (point.failed.length !== other.failed.length) return point.failed.length < other.failed.length;
  return point.settled.length > other.settled.length;
}
