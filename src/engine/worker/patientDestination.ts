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
import type { UploadWindow } from './uploadWindow.ts';

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
  readonly #window: UploadWindow | null;

  private constructor(inner: Destination, patience: Patience, window: UploadWindow | null) {
    this.#inner = inner;
    this.#patience = patience;
    // What is stored many at a time has a rule of its own.
    this.#window = (inner.storesTogether ?? 1) > 1 ? null : window;
  }

  /**
   * @param window learns how its uploads go
   * @throws DestinationUnusable when the waiting was ended
   */
  static async open(
    open: () => Promise<Destination>,
    patience: Patience,
    window: UploadWindow | null = null,
  ): Promise<PatientDestination> {
    return new PatientDestination(await patience.persist(open, whenUnusable, leastWait), patience, window);
  }

  get id(): string {
    return this.#inner.id;
  }

  /** Whether it may be left out: see {@link Destination.keepsNothing}. */
  get takesAtOnce(): boolean {
    return this.#inner.keepsNothing === true;
  }

  get storesTogether(): number {
    return this.#inner.storesTogether ?? 1;
  }

  /** @param onPause told when the book lies there until the destination takes books again, and when that is over */
  store(
    book: Book,
    signal?: AbortSignal,
    onPause?: (pauses: boolean) => void,
  ): Promise<'uploaded' | 'already_exists'> {
    return this.#patience.persist(() => this.#storeOnce(book, signal), whenUnusable, leastWait, onPause);
  }

  /** Whether {@link known} ever says more than that it knows none. */
  get isAsked(): boolean {
    return this.#inner.known !== undefined;
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

  async #storeOnce(book: Book, signal: AbortSignal | undefined): Promise<'uploaded' | 'already_exists'> {
    const window = this.#window;
    if (!window) return this.#inner.store(book, signal);
    const begunAt = window.begin();
    try {
      const outcome = await this.#inner.store(book, signal);
      if (outcome === 'uploaded') window.uploaded(begunAt, book.key.sizeBytes);
      else window.ended(begunAt);
      return outcome;
    } catch (thrown) {
      window.ended(begunAt);
      if (thrown instanceof DestinationUnusable) window.trouble();
      throw thrown;
    }
  }
}
