import type { Batch } from './batch.ts';

/** What is done with a batch, in this order. */
export interface BatchStages<D> {
  /** Reads and digests it; null where a stop came first. One batch at a time is. */
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
  /** Of the bodies of all batches under way. A batch by itself may have more. */
  readonly bytes: number;
}

/**
 * Takes batches of a tar from digest to commit. While the books of one are uploaded the next one is digested, so neither
 * waits for the other; and batches end in their order, so that what is recorded of a tar has no gap:
 *
 *   digest 1 ─ settle 1 ───────────── end 1
 *              digest 2 ─ settle 2 ──────── end 2     (settled before 1, and ended after it)
 *                         digest 3 …
 */
export class BatchPipeline<D> {
  readonly #stages: BatchStages<D>;
  readonly #bounds: PipelineBounds;
  readonly #underWay = new Set<Promise<unknown>>();
  #bytes = 0;
  #digesting: Promise<unknown> = Promise.resolve();
  /** Whether the last batch that was taken on, and all before it, have ended. */
  #last: Promise<boolean> = Promise.resolve(true);
  #failure: { readonly by: unknown } | null = null;

  constructor(stages: BatchStages<D>, bounds: PipelineBounds) {
    this.#stages = stages;
    this.#bounds = bounds;
  }

  /**
   * Takes a batch on, as soon as there is room for it.
   *
   * @throws what an earlier one failed for
   */
  async add(batch: Batch): Promise<void> {
    await this.#digesting;
    while (this.#isFull(batch.bytes)) await Promise.race(this.#underWay);
    this.throwFailure();
    this.#bytes += batch.bytes;
    const digesting = this.#stages.digest(batch);
    this.#digesting = digesting.catch(() => null);
    const last = (this.#last = this.#run(batch, digesting, this.#last));
    const done = last
      .catch((thrown: unknown) => {
        // What the first one failed for is thrown on by those behind it.
        this.#failure ??= { by: thrown };
      })
      .finally(() => {
        this.#bytes -= batch.bytes;
        this.#underWay.delete(done);
      });
    this.#underWay.add(done);
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

  #isFull(more: number): boolean {
    if (this.#underWay.size === 0) return false;
    return this.#underWay.size >= this.#bounds.batches || this.#bytes + more > this.#bounds.bytes;
  }

  /** Throws what a batch failed for. */
  throwFailure(): void {
    if (this.#failure) throw this.#failure.by;
  }

  async #run(batch: Batch, digesting: Promise<D | null>, before: Promise<boolean>): Promise<boolean> {
    const digested = await digesting;
    const isSettled = digested !== null && (await this.#stages.settle(batch, digested));
    for (const { member } of batch.books) await member.release();
    // Thrown on where that failed: this one cannot end, either.
    const mayEnd = await before;
    if (!isSettled || !mayEnd) return false;
    this.#stages.end(batch);
    await this.#stages.commit();
    return true;
  }
}
