import { noCounts, type BookCounts } from '../../src/protocol/snapshot.ts';

/** Counts of books, all of them uploaded unless said otherwise. */
export function counted(found: number, failed = 0): BookCounts {
  return { ...noCounts(), found, uploaded: found - failed, failed };
}
