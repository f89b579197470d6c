import type { BookMetadata } from '../books/metadata/bookMetadata.ts';
import type { HandFile } from '../progress/handFile.ts';
import type { BookToRead, MetadataSource } from './metadataSource.ts';

/** With those that are digested and uploaded meanwhile no more than a hand file notes. */
const mostNoted = 16;
const leastAhead = 4;

/**
 * The metadata of books that are going to be asked for in this order. Some are read before they are: what one message to
 * the thread that reads them costs is then shared by several, and that thread reads while here books are stored.
 */
export class MetadataAhead {
  readonly #source: MetadataSource;
  readonly #books: readonly BookToRead[];
  readonly #hand: Pick<HandFile, 'take' | 'drop'>;
  #next = 0;
  readonly #begun = new Map<BookToRead, Promise<BookMetadata>>();
  /** What is read at the moment. */
  readonly #reading = new Set<Promise<unknown>>();

  readonly #most: number;

  /** @param uploads so many may be under way at the same time */
  constructor(
    source: MetadataSource,
    books: readonly BookToRead[],
    hand: Pick<HandFile, 'take' | 'drop'>,
    uploads: number,
  ) {
    this.#most = Math.max(leastAhead, mostNoted - uploads);
    this.#source = source;
    this.#books = books.filter(book => source.readsOwn(book) && !source.known(book));
    this.#hand = hand;
  }

  /** As {@link MetadataSource.read} does. Who asks has the book in hand, and asks no more after a stop. */
  read(book: BookToRead, stop: AbortSignal): Promise<BookMetadata> {
    // By halves, so that the thread has something to do while what it has read is used.
    if (this.#begun.size <= this.#most / 2) this.#readOn(book, stop);
    const begun = this.#begun.get(book);
    this.#begun.delete(book);
    return begun ?? this.#source.read(book, stop);
  }

  /** Waits until nothing is read any more, also of what nobody has asked for. Then the file of the books may be closed. */
  async idle(): Promise<void> {
    await Promise.allSettled(this.#reading);
  }

  #readOn(asked: BookToRead, stop: AbortSignal): void {
    while (this.#begun.size < this.#most) {
      const book = this.#books[this.#next++];
      if (!book) return;
      const reading = book === asked ? this.#source.read(book, stop) : this.#readNoted(book, stop);
      const ended = reading
        .catch(() => undefined)
        .finally(() => {
          this.#reading.delete(ended);
        });
      this.#reading.add(ended);
      this.#begun.set(book, reading);
    }
  }

  async #readNoted(book: BookToRead, stop: AbortSignal): Promise<BookMetadata> {
    const slot = this.#hand.take(book.member.headerOffset);
    try {
      return await this.#source.read(book, stop);
    } finally {
      this.#hand.drop(slot);
    }
  }
}
