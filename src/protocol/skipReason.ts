import * as v from 'valibot';

/**
 * Why a member is no book, or none that counts. `not a regular file` is for links, devices and sparse files; `given up by hand`
 * for books that failed and that a person does not want tried again.
 */
export const skipReasons = [
  'empty',
  'image',
  'zip without a book',
  'xml without a book',
  'attributes of a file on macOS',
  'type not wanted',
  'unknown',
  'not a regular file',
  'given up by hand',
] as const;
export type SkipReason = (typeof skipReasons)[number];

/** How many members were skipped for each reason; a file of another version may know other reasons. */
export const skippedByReasonSchema = v.record(v.string(), v.pipe(v.number(), v.integer(), v.minValue(0)));
export type SkippedByReason = v.InferOutput<typeof skippedByReasonSchema>;

export function addSkipped(
  some: Readonly<SkippedByReason> | undefined,
  more: Readonly<SkippedByReason>,
): SkippedByReason {
  const sum = { ...some };
  for (const [reason, count] of Object.entries(more)) sum[reason] = (sum[reason] ?? 0) + count;
  return sum;
}

/** How many were skipped since; reasons for which none was are left out. */
export function skippedSince(
  before: Readonly<SkippedByReason>,
  now: Readonly<SkippedByReason>,
): SkippedByReason {
  const since = Object.entries(now).map(
    ([reason, count]) => [reason, count - (before[reason] ?? 0)] as const,
  );
  return Object.fromEntries(since.filter(([, count]) => count > 0));
}

/** The reasons in words, the most frequent first: `12 images, 3 unknown`. */
export function skippedText(skipped: Readonly<SkippedByReason>): string {
  return Object.entries(skipped)
    .filter(([, count]) => count > 0)
    .sort(([, a], [, b]) => b - a)
    .map(([reason, count]) => `${String(count)} ${reason}`)
    .join(', ');
}
