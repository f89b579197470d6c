import { join } from 'node:path';
import type { BookKey } from '../../protocol/bookKey.ts';
import { oneLine, type Failure } from '../../protocol/errors.ts';
import { formatCount } from '../../protocol/format.ts';
import type { SkipReason } from '../../protocol/skipReason.ts';
import type { DuplicateLayer } from '../../protocol/snapshot.ts';
import type { Lease, ShareOutcome, WorkerRequest } from '../../protocol/workerMessages.ts';
import type { ArchiveMember } from '../archive/archive.ts';
import { FileSource } from '../archive/byteSource.ts';
import { TarFile } from '../archive/tarFile.ts';
import { Batch } from './batch.ts';
import { BatchWork, type DigestedBatch } from './batchWork.ts';
import type { BookOutcomes } from './tarOutcomes.ts';
import { unpluggedBy } from './unplugged.ts';
import type { WorkerContext } from './workerContext.ts';

export type ShareRequest = Extract<WorkerRequest, { type: 'share:process' }>;

/**
 * Does batches of a tar that another worker holds: digest, claim, metadata, upload. It records nothing and decides
 * nothing: what becomes of each book is the holder's to hear, and what it cannot do is the holder's to do.
 *
 * The engine names a share of another tar only once all of the one before have ended.
 */
export class Helper {
  readonly #context: WorkerContext;
  readonly #underWay = new Set<Promise<void>>();
  /** One share at a time is digested. */
  #digesting: Promise<unknown> = Promise.resolve();
  /** Of the tar that the shares in hand are of. */
  #dropped = new AbortController();

  constructor(context: WorkerContext) {
    this.#context = context;
  }

  take(request: ShareRequest): void {
    const { hand, link, log } = this.#context;
    const { lease, id } = request;
    if (this.#underWay.size === 0) {
      this.#dropped = new AbortController();
      hand.begin(lease.tar, lease.epoch);
    }
    const done = this.#process(request)
      .catch((thrown: unknown) => {
        // The holder meets it, too, and knows what to make of it.
        log?.info(`books of ${lease.tar} given back to its worker: ${oneLine(thrown)}`);
      })
      .finally(() => {
        this.#underWay.delete(done);
        if (this.#underWay.size === 0) hand.end();
        link.send({ type: 'share:ended', lease, id });
      });
    this.#underWay.add(done);
  }

  /** Nobody is left to hear of the shares in hand: their books in hand are finished, and no more. */
  drop(): void {
    this.#dropped.abort();
  }

  /** Waits until no share is in hand. */
  async idle(): Promise<void> {
    while (this.#underWay.size > 0) await Promise.all(this.#underWay);
  }

  async #process({ lease, id, folder, share }: ShareRequest): Promise<void> {
    const stop = AbortSignal.any([this.#context.stop, this.#dropped.signal]);
    if (stop.aborted) return;
    const path = join(folder, lease.tar);
    const tar = new TarFile(await FileSource.open(path, this.#context.activity.addBytes));
    try {
      const { sizeBytes, mtimeMs } = tar.identity;
      if (sizeBytes !== share.tarSizeBytes || mtimeMs !== share.tarMtimeMs)
        throw new Error('the tar has changed');
      const batch = new Batch();
      for (const { format, ...member } of share.members)
        batch.add({ member: tar.member({ ...member, kind: 'file', reason: null }), format });
      const context = { ...this.#context, stop };
      const work = new BatchWork(lease.tar, context, new ShareOutcomes(context, lease, id), {
        unpluggedBy: thrown => unpluggedBy(path, thrown),
        commit: () => Promise.resolve(),
      });
      const digested = await this.#digest(() => work.digest(batch));
      if (digested && (await work.settle(batch, digested)))
        this.#context.log?.info(
          `helped with ${lease.tar}: ${formatCount(batch.books.length, 'book')} to byte ${String(share.members.at(-1)?.endOffset)}`,
        );
    } finally {
      await tar.close();
    }
  }

  #digest(digest: () => Promise<DigestedBatch | null>): Promise<DigestedBatch | null> {
    const digesting = this.#digesting.then(digest);
    this.#digesting = digesting.catch(() => null);
    return digesting;
  }
}

/** Tells the holder what becomes of the books of a share. */
class ShareOutcomes implements BookOutcomes {
  readonly #context: Pick<WorkerContext, 'activity' | 'link'>;
  readonly #lease: Lease;
  readonly #id: number;

  constructor(context: Pick<WorkerContext, 'activity' | 'link'>, lease: Lease, id: number) {
    this.#context = context;
    this.#lease = lease;
    this.#id = id;
  }

  isNoBook(_: Batch, { headerOffset }: ArchiveMember, reason: SkipReason): void {
    this.#tell({ kind: 'noBook', headerOffset, reason });
  }

  stored(
    _: Batch,
    { headerOffset }: ArchiveMember,
    key: BookKey,
    outcome: 'uploaded' | 'already_exists',
  ): void {
    this.#tell({ kind: 'stored', headerOffset, key, outcome });
  }

  duplicate(_: Batch, { headerOffset }: ArchiveMember, key: BookKey, layer: DuplicateLayer): void {
    this.#tell({ kind: 'duplicate', headerOffset, key, layer });
  }

  failed(_: Batch, { headerOffset }: ArchiveMember, failure: Failure): void {
    this.#tell({ kind: 'failed', headerOffset, failure });
  }

  #tell(outcome: ShareOutcome): void {
    this.#context.activity.books++;
    this.#context.link.shared(this.#lease, this.#id, outcome);
  }
}
