import type { BookKey } from '../../protocol/bookKey.ts';
import type { BookFormat } from '../books/bookType.ts';
import type { BookMetadata } from '../books/metadata/bookMetadata.ts';

/*
 * What lives in this folder: the places where books go, one file each, behind one interface. A destination
 * promises that once `store` has returned, the book stays there through a kill of any process.
 */

/** A new book on its way to a destination. */
export interface Book {
  readonly key: BookKey;
  readonly format: BookFormat;
  readonly metadata: BookMetadata;
  readonly tar: string;
  readonly member: string;
  /** Its bytes, in order. Throws when they are not the ones that the key was made of. */
  body(): AsyncIterable<Buffer> | Iterable<Buffer>;
}

export interface Destination {
  /** Names this very shelf, wherever it moves to; progress is recorded for it and for no other. */
  readonly id: string;
  /**
   * Stores a book, or finds that the destination has it already.
   *
   * @throws DestinationUnusable when no further book can be stored either; any other error is this book's own.
   */
  store(book: Book): Promise<'uploaded' | 'already_exists'>;
  /** Every key that the destination has. */
  keys(): Iterable<BookKey> | AsyncIterable<BookKey>;
  close(): void;
}

/** The destination takes no book at all for now: its disk is full, or it may not be written. */
export class DestinationUnusable extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'DestinationUnusable';
  }
}
