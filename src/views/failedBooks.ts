import type { FailedBook, FailedTar } from '../protocol/progressFile.ts';
import type { TarState } from '../protocol/snapshot.ts';
import { systemTimers, type Timers } from './refreshBatch.ts';

/** What has failed in a state folder, as an engine process that is asked tells it. */
export type ListFailures = () => Promise<readonly FailedTar[]>;

/** An answer, and how many failed books each tar had when it was asked for. */
interface Answer {
  readonly askedAt: number;
  readonly failed: ReadonlyMap<string, number>;
  readonly books: Promise<ReadonlyMap<string, readonly FailedBook[]>>;
}

/** Each question is a process of its own: where failures come one after another, it is not asked for each. */
const askEveryMs = 5000;

/**
 * The failed books of tars. One question tells of all tars of a state folder, so that its answer is kept until the
 * counts of a tar that is looked at have changed.
 */
export class FailedBooks {
  readonly #list: ListFailures;
  readonly #tars: () => readonly TarState[];
  readonly #onMore: (tar: string) => void;
  readonly #timers: Timers;
  #answer: Answer | null = null;
  /** Tars whose books are to be looked at again, with what calls that off. */
  readonly #again = new Map<string, () => void>();

  /**
   * @param tars what is known of tars at the moment
   * @param onMore is told later of a tar whose answer was known to be behind
   */
  constructor(
    list: ListFailures,
    tars: () => readonly TarState[],
    onMore: (tar: string) => void,
    timers: Timers = systemTimers,
  ) {
    this.#list = list;
    this.#tars = tars;
    this.#onMore = onMore;
    this.#timers = timers;
  }

  /**
   * The books of a tar that failed, in the order in which they stand in it.
   *
   * @throws TarshelfError as the question does
   */
  async of(tar: TarState): Promise<readonly FailedBook[]> {
    const answer = this.#answerFor(tar);
    const books = (await answer.books).get(tar.name) ?? [];
    // A worker counts a failure a moment before it records it.
    const isBehind = books.length < tar.counts.failed || answer.failed.get(tar.name) !== stamp(tar);
    if (isBehind && tar.phase === 'running') this.#lookAgain(tar.name);
    return books;
  }

  /** Another state folder, or another run. */
  forget(): void {
    this.#answer = null;
  }

  dispose(): void {
    for (const cancel of this.#again.values()) cancel();
    this.#again.clear();
  }

  #answerFor(tar: TarState): Answer {
    const answer = this.#answer;
    if (!answer) return this.#ask();
    const isYoung = this.#timers.now() - answer.askedAt < askEveryMs;
    // While a tar is read there is a next time; what stands at its end is asked for at once.
    if (tar.phase === 'running' && isYoung) return answer;
    return answer.failed.get(tar.name) === stamp(tar) ? answer : this.#ask();
  }

  #ask(): Answer {
    const failed = new Map(this.#tars().map(tar => [tar.name, stamp(tar)]));
    const books = this.#list().then(
      tars => new Map(tars.map(({ tar, books: list }) => [tar, inOrder(list)])),
    );
    const answer = { askedAt: this.#timers.now(), failed, books };
    this.#answer = answer;
    books.catch(() => {
      if (this.#answer === answer) this.#answer = null;
    });
    return answer;
  }

  #lookAgain(tar: string): void {
    if (this.#again.has(tar)) return;
    const cancel = this.#timers.after(askEveryMs, () => {
      this.#again.delete(tar);
      this.#onMore(tar);
    });
    this.#again.set(tar, cancel);
  }
}

/** Two states of a tar with the same stamp have the same failed books. */
function stamp({ counts, phase }: TarState): number {
  // One that is read again may mend one book and break another; then it has been running in between.
  return counts.failed * 2 + (phase === 'running' ? 1 : 0);
}

function inOrder(books: readonly FailedBook[]): FailedBook[] {
  return [...books].sort((a, b) => a.header_offset - b.header_offset);
}
