import type { FilePlace } from '../archive/archive.ts';
import type { HeaderChain, HeadersAt } from '../archive/headersAhead.ts';
import type { BodyThread, DigestedPlace } from './bodyThread.ts';
import type { BookToDescribe } from './describeBook.ts';

/** A thread that waits for its disk for more than this share of its time gains nothing by another one: disks with heads lose. */
const mostAtDisk = 0.5;

/** The threads that digest for a worker: one, or, where cores are idle, several, as long as they have more to do than to wait for the disk. */
export class DigestThreads {
  readonly #threads: readonly BodyThread[];

  /** @param threads at least one */
  constructor(threads: readonly BodyThread[]) {
    this.#threads = threads;
  }

  /** So many groups of books keep them busy: one that waits for each, or for the only one two. */
  get groupsAtOnce(): number {
    return Math.max(3, this.#threads.length * 2);
  }

  /** As {@link BodyThread.digest}. */
  digest(
    places: readonly FilePlace[],
    books: readonly BookToDescribe[] | null,
    onRead: (bytes: number) => void,
  ): Promise<readonly DigestedPlace[]> {
    return this.#leastBusy().digest(places, books, onRead);
  }

  /** As {@link BodyThread.headers}. */
  headers(at: HeadersAt): Promise<HeaderChain> {
    return this.#leastBusy().headers(at);
  }

  /** Begins them, which takes its time, before they are needed. */
  begin(): void {
    for (const thread of this.#threads) thread.begin();
  }

  async close(): Promise<void> {
    await Promise.all(this.#threads.map(thread => thread.close()));
  }

  #leastBusy(): BodyThread {
    const [first, ...others] = this.#threads;
    if (!first) throw new Error('there is no thread that digests');
    let least = first;
    if (first.shareAtDisk <= mostAtDisk)
      for (const thread of others) if (thread.asked < least.asked) least = thread;
    return least;
  }
}
