import {
  DestinationUnusable,
  type Book,
  type Destination,
  type KnownKey,
} from '../destinations/destination.ts';
import type { BookFormat } from '../../protocol/bookFormat.ts';
import type { BookKey } from '../../protocol/bookKey.ts';
import type { Failure } from '../../protocol/errors.ts';
import type { Patience } from './patience.ts';

function whenUnusable(thrown: unknown): Failure | null {
  if (!(thrown instanceof DestinationUnusable)) return null;
  return { code: 'DESTINATION_UNUSABLE', message: thrown.message };
}

function leastWait(thrown: unknown): number {
  return thrown instanceof DestinationUnusable ? thrown.retryAfterMs : 0;
}

/** A destination that waits while it takes no book at all, instead of failing one after another. */
export class PatientDestination implements Destination {
  readonly #inner: Destination;
  readonly #patience: Patience;

  private constructor(inner: Destination, patience: Patience) {
    this.#inner = inner;
    this.#patience = patience;
  }

  /** @throws DestinationUnusable when the waiting was ended */
  static async open(open: () => Promise<Destination>, patience: Patience): Promise<PatientDestination> {
    return new PatientDestination(await patience.persist(open, whenUnusable, leastWait), patience);
  }

  get id(): string {
    return this.#inner.id;
  }

  get storesTogether(): number {
    return this.#inner.storesTogether ?? 1;
  }

  store(book: Book, signal?: AbortSignal): Promise<'uploaded' | 'already_exists'> {
    return this.#patience.persist(() => this.#inner.store(book, signal), whenUnusable, leastWait);
  }

  known(
    books: readonly { readonly key: BookKey; readonly format: BookFormat }[],
    signal?: AbortSignal,
  ): Promise<boolean[]> {
    const ask = this.#inner.known?.bind(this.#inner);
    if (!ask) return Promise.resolve(books.map(() => false));
    return this.#patience.persist(() => ask(books, signal), whenUnusable, leastWait);
  }

  readKeys(
    onKey: (key: KnownKey) => void,
    since: string | null,
    signal?: AbortSignal,
  ): Promise<string | null> {
    return this.#inner.readKeys(onKey, since, signal);
  }

  close(): void {
    this.#inner.close();
  }
}
