import { setTimeout as sleep } from 'node:timers/promises';
import type { ShareOutcome } from '../../protocol/workerMessages.ts';
import type { FileIdentity } from '../archive/byteSource.ts';
import { Batch, type FoundBook } from './batch.ts';
import type { ShareHolder } from './engineLink.ts';
import type { TarOutcomes } from './tarOutcomes.ts';
import type { WorkerContext } from './workerContext.ts';

/** While one is uploaded the next one is digested, so no helper waits for the holder. */
const sharesOfHelper = 2;

/** Whoever stops takes along what helpers have done by then; they are mostly stopped with it. */
const patienceAfterStopMs = 2000;

interface Given {
  readonly batch: Batch;
  /** Those that have no outcome yet, by header offset. */
  readonly left: Map<number, FoundBook>;
  readonly ended: (left: Batch[]) => void;
}

/** Batches of the tar in hand that helpers are at: the holder's side. What becomes of their books is recorded here alone. */
export class Shares implements ShareHolder {
  readonly #context: Pick<WorkerContext, 'activity' | 'link' | 'stop'>;
  readonly #identity: FileIdentity;
  readonly #outcomes: TarOutcomes;
  readonly #onFree: () => void;
  readonly #given = new Map<number, Given>();
  #helpers = 0;

  /** @param onFree told when there may be a helper for a batch */
  constructor(
    context: Pick<WorkerContext, 'activity' | 'link' | 'stop'>,
    identity: FileIdentity,
    outcomes: TarOutcomes,
    onFree: () => void,
  ) {
    this.#context = context;
    this.#identity = identity;
    this.#outcomes = outcomes;
    this.#onFree = onFree;
  }

  /** From now on helpers may come. */
  open(): void {
    this.#context.link.holder = this;
    this.#context.link.send({ type: 'share:possible' });
  }

  /** What is still heard counts nothing. */
  close(): void {
    this.#context.link.holder = null;
  }

  /**
   * Gives a batch to a helper, if one has room for it.
   *
   * @returns what of it is left to be done here when the helper has ended with it
   */
  give(batch: Batch): Promise<Batch[]> | null {
    const { link, stop } = this.#context;
    if (stop.aborted || this.#given.size >= this.#helpers * sharesOfHelper) return null;
    const id = link.nextShareId();
    const { promise, resolve } = Promise.withResolvers<Batch[]>();
    const left = new Map(batch.books.map(book => [book.member.headerOffset, book]));
    this.#given.set(id, { batch, left, ended: resolve });
    link.send({
      type: 'share:offer',
      id,
      share: {
        tarSizeBytes: this.#identity.sizeBytes,
        tarMtimeMs: this.#identity.mtimeMs,
        members: batch.books.map(
          ({ member: { name, headerOffset, bodyOffset, sizeBytes, endOffset }, format }) => ({
            ...{ name, headerOffset, bodyOffset, sizeBytes, endOffset, format },
          }),
        ),
      },
    });
    return this.#untilEnded(id, promise);
  }

  onHelpers(helpers: number): void {
    this.#helpers = helpers;
    this.#onFree();
  }

  onOutcomes(id: number, outcomes: readonly ShareOutcome[]): void {
    const given = this.#given.get(id);
    for (const outcome of outcomes) {
      const book = given?.left.get(outcome.headerOffset);
      // One has its outcome once, whatever is heard after it.
      if (!given || !book) continue;
      given.left.delete(outcome.headerOffset);
      this.#record(given.batch, book, outcome);
    }
  }

  onEnded(id: number, hasDied: boolean): void {
    const given = this.#given.get(id);
    if (!given) return;
    this.#given.delete(id);
    const books = [...given.left.values()];
    // One at a time, so that another death has one member in common with that one.
    const parts = hasDied ? books.map(book => [book]) : [books];
    given.ended(parts.filter(part => part.length > 0).map(part => partOf(given.batch, part)));
  }

  async #untilEnded(id: number, ended: Promise<Batch[]>): Promise<Batch[]> {
    const { activity, stop } = this.#context;
    const stopped = new AbortController();
    const onStop = (): void => {
      void sleep(patienceAfterStopMs, undefined, { signal: stopped.signal }).then(
        () => {
          this.onEnded(id, false);
        },
        () => undefined,
      );
    };
    stop.addEventListener('abort', onStop, { once: true });
    activity.begin('othersUpload');
    try {
      return await ended;
    } finally {
      activity.end('othersUpload');
      stop.removeEventListener('abort', onStop);
      stopped.abort();
    }
  }

  #record(batch: Batch, { member }: FoundBook, outcome: ShareOutcome): void {
    switch (outcome.kind) {
      case 'stored':
        this.#outcomes.stored(batch, member, outcome.key, outcome.outcome);
        break;
      case 'duplicate': {
        // What is the helper's own is another's for us.
        const layer = outcome.layer === 'own' ? 'others' : outcome.layer;
        this.#outcomes.duplicate(batch, member, outcome.key, layer);
        break;
      }
      case 'failed':
        this.#outcomes.failed(batch, member, outcome.failure);
        break;
      case 'noBook':
        this.#outcomes.isNoBook(batch, member, outcome.reason);
        break;
      default:
        outcome satisfies never;
    }
  }
}

/** Some books of a batch, whose outcomes count as the batch's. */
function partOf(batch: Batch, books: readonly FoundBook[]): Batch {
  const part = new Batch(batch.counts);
  for (const book of books) part.add(book);
  return part;
}
