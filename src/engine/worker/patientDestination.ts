import type { BookKey } from '../../protocol/bookKey.ts';
import { DestinationUnusable, type Book, type Destination } from '../destinations/destination.ts';
import type { Patience } from './patience.ts';

/** A destination that waits while it takes no book at all, instead of failing one after another. */
export class PatientDestination implements Destination {
  readonly #inner: Destination;
  readonly #patience: Patience;

  constructor(inner: Destination, patience: Patience) {
    this.#inner = inner;
    this.#patience = patience;
  }

  get id(): string {
    return this.#inner.id;
  }

  store(book: Book): Promise<'uploaded' | 'already_exists'> {
    return this.#patience.persist(
      () => this.#inner.store(book),
      thrown =>
        thrown instanceof DestinationUnusable
          ? { code: 'DESTINATION_UNUSABLE', message: thrown.message }
          : null,
    );
  }

  keys(): Iterable<BookKey> | AsyncIterable<BookKey> {
    return this.#inner.keys();
  }

  close(): void {
    this.#inner.close();
  }
}
