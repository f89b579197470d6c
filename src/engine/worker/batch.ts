import type { BookFormat } from '../../protocol/bookFormat.ts';
import { noCounts, type BookCounts } from '../../protocol/snapshot.ts';
import type { ArchiveMember } from '../archive/archive.ts';
import { placeToHandOver } from '../bodies/digest.ts';
import type { DonePoint } from '../progress/progressRecord.ts';

/** A member that is a book. */
export interface FoundBook {
  readonly member: ArchiveMember;
  readonly format: BookFormat;
}

/** Books of a tar that go through the pipeline together, and are recorded together. */
export class Batch {
  readonly books: FoundBook[] = [];
  /** What its members count, those that are no books too. */
  readonly counts: BookCounts;
  bytes = 0;
  /** Of bodies that have to be in memory while their books are under way. */
  keptBytes = 0;
  /** Whether a helper may be given it. */
  mayBeShared = false;
  /** Every member before this is in this batch, in one before it, or has its outcome already. */
  end: DonePoint = { offset: 0, bytes: 0 };

  /** @param counts of the batch that this is a part of */
  constructor(counts: BookCounts = noCounts()) {
    this.counts = counts;
  }

  /** Once each has its outcome: what is left to do with the batch is to record its end. */
  forgetBooks(): void {
    this.books.length = 0;
  }

  add(book: FoundBook): void {
    this.books.push(book);
    this.bytes += book.member.sizeBytes;
    if (!placeToHandOver(book.member)) this.keptBytes += book.member.sizeBytes;
  }
}
