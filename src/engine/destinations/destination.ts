import type { BookKey } from '../../protocol/bookKey.ts';
import type { BookFormat } from '../../protocol/bookFormat.ts';
import type { BookMetadata } from '../books/metadata/bookMetadata.ts';

/*
 * What lives in this folder: the places where books go, one file or folder each, behind one interface. A destination
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
  /**
   * Writes its bytes to a new file and makes them durable; where that fails there is no file. Cheaper than to write what
   * `body` gives; absent where that is all there is.
   *
   * @throws as `body` does, or what the system says of the file
   */
  copyTo?(path: string): Promise<void>;
}

/** A key as a destination knows it; one that keeps no sizes knows books by SHA-1 alone. */
export interface KnownKey {
  readonly sha1: string;
  readonly sizeBytes?: number;
}

/** A book that a destination lists and that is not there. */
export interface LostBook {
  readonly key: BookKey;
  /** The tar that it came from. */
  readonly tar: string;
}

/** Told of what a destination does meanwhile. */
export interface DestinationListener {
  /** What failed in a way that can pass is tried again. */
  onRetry?(): void;
  /** It begins to wait for its turn with other processes. @returns what ends that */
  onQueued?(): () => void;
  /** The program that has the book in hand shows that it is at work. */
  onWork?(): void;
}

export interface Destination {
  /** Names this very shelf, wherever it moves to; progress is recorded for it and for no other. */
  readonly id: string;
  /** Up to so many books are best stored at the same time, whatever a user sets; absent: as many as that. */
  readonly storesTogether?: number;
  /** Books are counted and nothing of them is wanted: there is nothing to wait for in {@link store}, which may be left out. */
  readonly keepsNothing?: true;
  /**
   * Stores a book, or finds that the destination has it already.
   *
   * @throws DestinationUnusable when no further book can be stored either; any other error is this book's own.
   */
  store(book: Book, signal?: AbortSignal): Promise<'uploaded' | 'already_exists'>;
  /**
   * Which of some books the destination has, asked for many at once where it lists them not at all or seldom. One
   * that it does not know may be there nevertheless, and is found by `store` then.
   *
   * @throws DestinationUnusable
   */
  known?(
    books: readonly { readonly key: BookKey; readonly format: BookFormat }[],
    signal?: AbortSignal,
  ): Promise<boolean[]>;
  /**
   * What is wrong with books that it lists, for whoever wants to be sure: a file may be gone without its knowing. Absent
   * where its list is all that there is to go by.
   *
   * @returns for each of them the reason, in words for a person; null where nothing is wrong
   * @throws DestinationUnusable
   */
  faults?(keys: readonly BookKey[], signal?: AbortSignal): Promise<(string | null)[]>;
  /**
   * Tells of every book that it lists and that has a fault; each may be stored again. Takes a look at all that it has.
   *
   * @throws DestinationUnusable
   */
  findLost?(onLost: (book: LostBook) => void, signal?: AbortSignal): Promise<void>;
  /**
   * Tells every key that the destination has; after `since`, at least those that came after it.
   *
   * @param since what an earlier call returned; null for all
   * @returns where the next call goes on, or null where only all can be read again
   * A destination that cannot list them tells none, and answers `known`.
   *
   * @throws DestinationUnusable when the list cannot be read now: it is never taken for an empty one
   */
  readKeys(
    onKey: (key: KnownKey) => void,
    since: string | null,
    signal?: AbortSignal,
  ): Promise<string | null>;
  close(): void;
}

/** The destination takes no book at all for now: its disk is full, it is down, or it may not be written. */
export class DestinationUnusable extends Error {
  /** It asks to be left alone for so long. */
  readonly retryAfterMs: number;

  constructor(message: string, options?: ErrorOptions & { retryAfterMs?: number }) {
    super(message, options);
    this.name = 'DestinationUnusable';
    this.retryAfterMs = options?.retryAfterMs ?? 0;
  }
}
