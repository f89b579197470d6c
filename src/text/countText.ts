import { t } from './localize.ts';
import { formatNumber } from '../protocol/format.ts';
import { manySkipped, oneSkipped, skippedText, type SkippedByReason } from '../protocol/skipReason.ts';

/*
 * Numbers with their nouns, a whole sentence for one and one for many: no translator can work with an `s` at the end.
 */

export function booksCount(count: number): string {
  return count === 1 ? t('1 book') : t('{0} books', formatNumber(count));
}

export function newBooksCount(count: number): string {
  return count === 1 ? t('1 new book') : t('{0} new books', formatNumber(count));
}

export function duplicatesCount(count: number): string {
  return count === 1 ? t('1 duplicate') : t('{0} duplicates', formatNumber(count));
}

export function failedBooksCount(count: number): string {
  return count === 1 ? t('1 book failed') : t('{0} books failed', formatNumber(count));
}

export function tarsCount(count: number): string {
  return count === 1 ? t('1 tar') : t('{0} tars', formatNumber(count));
}

export function filesCount(count: number): string {
  return count === 1 ? t('1 file') : t('{0} files', formatNumber(count));
}

export function restartsCount(count: number): string {
  return count === 1 ? t('1 restart') : t('{0} restarts', formatNumber(count));
}

export function workersCount(count: number): string {
  return count === 1 ? t('1 worker') : t('{0} workers', formatNumber(count));
}

/** As a thing, where `failedBooksCount` says what happened. */
export function booksThatFailedCount(count: number): string {
  return count === 1 ? t('1 failed book') : t('{0} failed books', formatNumber(count));
}

/** What is no book, by reason. */
export function notBooksText(skipped: Readonly<SkippedByReason>): string {
  return skippedText(skipped, (reason, count) =>
    count === 1 ? t(oneSkipped[reason]) : t(manySkipped[reason], formatNumber(count)),
  );
}

/** Of tars of the source folders that the run was not asked for. */
export function notInRunCount(count: number): string {
  return t('{0} not in this run', formatNumber(count));
}

/** A share of tars: `2 of 3 tars`. Other languages than English cannot put it together from its parts. */
export function tarsOutOf(count: number, total: number): string {
  return total === 1
    ? t('{0} of 1 tar', formatNumber(count))
    : t('{0} of {1} tars', formatNumber(count), formatNumber(total));
}
