import type { BookKey } from '../../protocol/bookKey.ts';
import type { Failure } from '../../protocol/errors.ts';
import type { ShelfOutcome } from '../../protocol/progressFile.ts';
import type { SkipReason } from '../../protocol/skipReason.ts';
import type { BookCounts, DuplicateLayer } from '../../protocol/snapshot.ts';
import type { ArchiveMember } from '../archive/archive.ts';
import type { Batch } from './batch.ts';
import type { WorkerContext } from './workerContext.ts';
import type { TarCounter } from './tarCounter.ts';

const layerNames: Readonly<Record<DuplicateLayer, string>> = {
  own: 'uploaded by this worker',
  others: 'uploaded by another worker',
  destination: 'known to the destination',
};

/** Who hears what becomes of the books of a batch. */
export interface BookOutcomes {
  isNoBook(batch: Batch, member: ArchiveMember, reason: SkipReason): void;
  stored(batch: Batch, member: ArchiveMember, key: BookKey, outcome: 'uploaded' | 'already_exists'): void;
  duplicate(batch: Batch, member: ArchiveMember, key: BookKey, layer: DuplicateLayer): void;
  failed(batch: Batch, member: ArchiveMember, failure: Failure): void;
}

/** Records, counts and logs what becomes of the members of one tar. */
export class TarOutcomes implements BookOutcomes {
  readonly #tar: string;
  readonly #context: Pick<WorkerContext, 'activity' | 'log' | 'progress'>;
  readonly #counter: TarCounter;
  /** By header offset, members before the point of an earlier run that failed in it, and were counted by it. */
  readonly #failedEarlier: ReadonlySet<number>;

  constructor(
    tar: string,
    context: Pick<WorkerContext, 'activity' | 'log' | 'progress'>,
    counter: TarCounter,
    failedEarlier: ReadonlySet<number>,
  ) {
    this.#tar = tar;
    this.#context = context;
    this.#counter = counter;
    this.#failedEarlier = failedEarlier;
  }

  found(batch: Batch): void {
    this.#counter.found(batch.counts);
  }

  skipped(batch: Batch, member: ArchiveMember, reason: SkipReason): void {
    this.#counter.skipped(batch.counts, reason);
    this.#context.log?.info(`skipped: ${this.#tar} › ${member.name}: ${reason}`);
  }

  /** What its name made it a book is none by its bytes. One that failed before stays so: it was counted as a book. */
  isNoBook(batch: Batch, member: ArchiveMember, reason: SkipReason): void {
    if (this.#failedEarlier.has(member.headerOffset)) {
      this.failed(batch, member, {
        code: 'BOOK_NOT_READABLE',
        message: `${member.name} is no book: ${reason}.`,
      });
      return;
    }
    this.#counter.notFound(batch.counts);
    this.skipped(batch, member, reason);
  }

  /** The destination took it, or had it. */
  stored(batch: Batch, member: ArchiveMember, key: BookKey, outcome: 'uploaded' | 'already_exists'): void {
    const settled = outcome === 'uploaded' ? 'uploaded' : 'destination';
    this.#context.progress.addBook(key, member.name, outcome, new Date(), {
      tar: this.#tar,
      headerOffset: member.headerOffset,
      outcome: settled,
    });
    this.#context.progress.trickle();
    this.onShelf(batch, member, settled);
  }

  duplicate(batch: Batch, member: ArchiveMember, key: BookKey, layer: DuplicateLayer): void {
    // Also where the engine takes it for our own: a worker that was killed had told it, and not yet recorded it.
    if (layer !== 'others') {
      this.#context.progress.addBook(
        key,
        member.name,
        'already_exists',
        new Date(),
        layer === 'destination'
          ? { tar: this.#tar, headerOffset: member.headerOffset, outcome: layer }
          : undefined,
      );
    }
    this.#context.log?.info(`already there (${layerNames[layer]}): ${this.#tar} › ${member.name}`);
    this.onShelf(batch, member, layer);
  }

  onShelf(batch: Batch, member: ArchiveMember, outcome: ShelfOutcome): void {
    const { counts, isRetry, bytes } = this.#advance(batch, member);
    if (isRetry) this.#context.progress.resolveFailure(this.#tar, member.headerOffset, outcome);
    if (outcome === 'uploaded') this.#counter.uploaded(counts, bytes);
    else this.#counter.duplicate(counts, outcome, bytes);
  }

  failed(batch: Batch, member: ArchiveMember, failure: Failure): void {
    const { counts, bytes } = this.#advance(batch, member);
    this.#context.progress.addFailure(this.#tar, member, failure);
    this.#counter.failed(counts, member.name, failure, bytes);
  }

  /**
   * How far an outcome takes us, and in whose counts it counts. A book that an earlier run counted as failed, bytes
   * and all, is taken back first; where it is counted now is what that run counted, and no batch.
   */
  #advance(batch: Batch, member: ArchiveMember): { counts: BookCounts; isRetry: boolean; bytes: number } {
    this.#context.activity.books++;
    if (!this.#failedEarlier.has(member.headerOffset)) {
      return { counts: batch.counts, isRetry: false, bytes: member.fileBytes };
    }
    this.#counter.triedAgain();
    return { counts: this.#counter.ended, isRetry: true, bytes: 0 };
  }
}
