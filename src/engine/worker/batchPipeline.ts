import pLimit, { type LimitFunction } from 'p-limit';
import type { Batch } from './batch.ts';

/** What is done with a batch, in this order. */
export interface BatchStages<D> {
  /**
   * Has a batch done elsewhere, if somebody is free; null where nobody is.
   *
   * @returns what of it is to be done here after all, in this order; nothing where each book has its outcome by now
   */
  share?(batch: Batch): Promise<readonly Batch[]> | null;
  /** Reads and digests it; null where a stop came first. */
  digest(batch: Batch): Promise<D | null>;
  /** Brings its books to the shelf. Several batches may be at it. @returns whether each book has its outcome by now */
  settle(batch: Batch, digested: D): Promise<boolean>;
  /** It has ended, and so have all before it. Returns at once; {@link commit} is called next. */
  end(batch: Batch): void;
  /** Makes durable what was recorded. */
  commit(): Promise<void>;
}

export interface PipelineBounds {
  readonly batches: number;
  /** Of these, so many may be digested. */
  readonly digests: number;
  /** Of the bodies that are kept for all batches under way here. A batch by itself may have more. */
  readonly bytes: number;
  /** So many more may be under way that have all their outcomes, and wait for those before them or for the disk. */
  readonly batchesToEnd: number;
  /** As long as some batch is elsewhere, so many may be under way, most of which wait for those before them to end. */
  readonly batchesWithShared: number;
}

/**
 * Takes batches of a tar from digest to commit. While the books of one are uploaded the next one is digested, so neither
 * waits for the other; and batches end in their order, so that what is recorded of a tar has no gap:
 *
 *   digest 1 ─ settle 1 ───────────── end 1
 *              digest 2 ─ settle 2 ──────── end 2     (settled before 1, and ended after it)
 *              shared 3 ─────────────────────── end 3 (digested and settled elsewhere)
 *                         digest 4 …
 *
 * What comes back from elsewhere undone is digested and settled here, one such batch at a time: there is memory for its
 * bodies beside those of the others, and no more.
 */
export class BatchPipeline<D> {
  readonly #stages: BatchStages<D>;
  readonly #bounds: PipelineBounds;
  readonly #underWay = new Set<Promise<unknown>>();
  /** Those that are digested or settled here. */
  #here = 0;
  #bytes = 0;
  #elsewhere = 0;
  readonly #digestTurns: LimitFunction;
  /** Batches that are digested, or wait for that. */
  #digests = 0;
  /** What came back from elsewhere. */
  #returned: Promise<unknown> = Promise.resolve();
  /** Whether the last batch that was taken on, and all before it, have ended. */
  #last: Promise<boolean> = Promise.resolve(true);
  #failure: { readonly by: unknown } | null = null;
  #change = Promise.withResolvers<undefined>();

  constructor(stages: BatchStages<D>, bounds: PipelineBounds) {
    this.#stages = stages;
    this.#bounds = bounds;
    this.#digestTurns = pLimit(bounds.digests);
  }

  /**
   * Takes a batch on, as soon as there is room for it here or elsewhere.
   *
   * @throws what an earlier one failed for
   */
  async add(batch: Batch): Promise<void> {
    for (;;) {
      const change = this.#change.promise;
      if (this.#digests < this.#bounds.digests) {
        this.throwFailure();
        if (!this.#isFull(batch.keptBytes)) {
          this.#takeOn(batch, this.#doHere(batch));
          return;
        }
      }
      const shared = this.#share(batch);
      if (shared) {
        this.#takeOn(batch, this.#doElsewhere(shared));
        return;
      }
      await change;
    }
  }

  /** Somebody elsewhere may be free by now. */
  wake(): void {
    this.#change.resolve(undefined);
    this.#change = Promise.withResolvers();
  }

  /** Waits until nothing is under way. @throws what a batch failed for */
  async drain(): Promise<void> {
    await this.idle();
    this.throwFailure();
  }

  /** Waits until nothing is under way, whatever became of it. */
  async idle(): Promise<void> {
    while (this.#underWay.size > 0) await Promise.all(this.#underWay);
  }

  /** Throws what a batch failed for. */
  throwFailure(): void {
    if (this.#failure) throw this.#failure.by;
  }

  #isFull(more: number): boolean {
    if (this.#here >= this.#bounds.batches || this.#underWay.size >= this.#mostUnderWay) return true;
    return this.#here > 0 && this.#bytes + more > this.#bounds.bytes;
  }

  get #mostUnderWay(): number {
    const { batches, batchesToEnd, batchesWithShared } = this.#bounds;
    return this.#elsewhere > 0 ? batchesWithShared : batches + batchesToEnd;
  }

  #share(batch: Batch): Promise<readonly Batch[]> | null {
    if (!batch.mayBeShared || this.#failure || this.#underWay.size >= this.#bounds.batchesWithShared)
      return null;
    return this.#stages.share?.(batch) ?? null;
  }

  #takeOn(batch: Batch, settling: Promise<boolean>): void {
    const last = (this.#last = this.#run(batch, settling, this.#last));
    const done = last
      .catch((thrown: unknown) => {
        // What the first one failed for is thrown on by those behind it.
        this.#failure ??= { by: thrown };
      })
      .finally(() => {
        this.#underWay.delete(done);
        this.wake();
      });
    this.#underWay.add(done);
  }

  async #run(batch: Batch, settling: Promise<boolean>, before: Promise<boolean>): Promise<boolean> {
    const isSettled = await settling;
    for (const { member } of batch.books) if (!member.body) await member.release();
    // It may have to wait for others to end, and its bodies need not.
    if (isSettled) batch.forgetBooks();
    // Thrown on where that failed: this one cannot end, either.
    const mayEnd = await before;
    if (!isSettled || !mayEnd) return false;
    this.#stages.end(batch);
    await this.#stages.commit();
    return true;
  }

  /** @returns whether each book of the batch has its outcome by now */
  async #doHere(batch: Batch): Promise<boolean> {
    this.#here++;
    this.#bytes += batch.keptBytes;
    try {
      return await this.#settle(batch, await this.#digest(batch));
    } finally {
      this.#here--;
      this.#bytes -= batch.keptBytes;
      this.wake();
    }
  }

  async #digest(batch: Batch): Promise<D | null> {
    this.#digests++;
    try {
      return await this.#digestTurns(() => this.#stages.digest(batch));
    } finally {
      this.#digests--;
    }
  }

  #settle(batch: Batch, digested: D | null): Promise<boolean> | boolean {
    try {
      return digested !== null && this.#stages.settle(batch, digested);
    } finally {
      // Its claims are asked for before the next one is begun.
      this.wake();
    }
  }

  async #doElsewhere(shared: Promise<readonly Batch[]>): Promise<boolean> {
    this.#elsewhere++;
    let left: readonly Batch[];
    try {
      left = await shared;
    } finally {
      this.#elsewhere--;
      this.wake();
    }
    if (left.length === 0) return true;
    const turn = this.#returned.then(() => this.#doAllHere(left));
    this.#returned = turn.catch(() => null);
    return await turn;
  }

  async #doAllHere(parts: readonly Batch[]): Promise<boolean> {
    for (const part of parts) if (!(await this.#doHere(part))) return false;
    return true;
  }
}
