import * as v from 'valibot';
import { formatNumber } from './format.ts';

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

/** The reasons in words, of one member; a window puts them into its language. */
export const oneSkipped = {
  empty: '1 empty file',
  image: '1 image',
  'zip without a book': '1 ZIP without a book',
  'xml without a book': '1 XML file without a book',
  'attributes of a file on macOS': '1 attribute file of macOS',
  'type not wanted': '1 book of a type that is not wanted',
  unknown: '1 file of unknown type',
  'not a regular file': '1 link or special file',
  'given up by hand': '1 book given up by hand',
} as const satisfies Readonly<Record<SkipReason, string>>;

/** The same of many. */
export const manySkipped = {
  empty: '{0} empty files',
  image: '{0} images',
  'zip without a book': '{0} ZIPs without a book',
  'xml without a book': '{0} XML files without a book',
  'attributes of a file on macOS': '{0} attribute files of macOS',
  'type not wanted': '{0} books of types that are not wanted',
  unknown: '{0} files of unknown type',
  'not a regular file': '{0} links or special files',
  'given up by hand': '{0} books given up by hand',
} as const satisfies Readonly<Record<SkipReason, string>>;

/**
 * The reasons in words, the most frequent first: `12 images, 3 files of unknown type`.
 *
 * @param inWords how many for one of our reasons; English where it is left out
 */
export function skippedText(
  skipped: Readonly<SkippedByReason>,
  inWords: (reason: SkipReason, count: number) => string = inEnglish,
): string {
  return Object.entries(skipped)
    .filter(([, count]) => count > 0)
    .sort(([, a], [, b]) => b - a)
    .map(([reason, count]) =>
      isSkipReason(reason) ? inWords(reason, count) : `${formatNumber(count)} ${reason}`,
    )
    .join(', ');
}

function inEnglish(reason: SkipReason, count: number): string {
  return count === 1 ? oneSkipped[reason] : manySkipped[reason].replace('{0}', formatNumber(count));
}

function isSkipReason(reason: string): reason is SkipReason {
  return Object.hasOwn(oneSkipped, reason);
}
