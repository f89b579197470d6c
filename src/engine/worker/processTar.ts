import { join } from 'node:path';
import { TarshelfError, toFailure, type Failure } from '../../protocol/errors.ts';
import { formatNumber } from '../../protocol/format.ts';
import type { FailedBook, ShelfOutcome } from '../../protocol/progressFile.ts';
import type { ResumePoint } from '../../protocol/resumePoint.ts';
import { sentence } from '../../protocol/sentences.ts';
import type { BookCounts } from '../../protocol/snapshot.ts';
import type { Archive, ArchiveMember } from '../archive/archive.ts';
import { openArchive } from '../archive/openArchive.ts';
import { extractionRoot } from '../extraction/extractionFolder.ts';
import { openFolder } from '../extraction/orphanedFolders.ts';
import { readThroughFolder } from '../extraction/readThroughFolder.ts';
import { removeExtractions } from '../extraction/removeExtractions.ts';
import { isDiskFull, type WhenRoom } from '../system/diskRoom.ts';
import { TarDamage } from '../archive/tarDamage.ts';
import type { IndexOptions } from '../archive/tarIndex.ts';
import { detectAtOnce, type Detection } from '../books/bookType.ts';
import { detectWanted, wanted } from '../books/wantedBook.ts';
import { DestinationUnusable } from '../destinations/destination.ts';
import { noSlot } from '../progress/handFile.ts';
import type { TarStatus } from '../progress/journal.ts';
import { MemberBytes } from '../bodies/memberBytes.ts';
import { Batch } from './batch.ts';
import { BatchPipeline } from './batchPipeline.ts';
import { BatchWork, type DigestedBatch } from './batchWork.ts';
import { Shares } from './shares.ts';
import { TarCounter } from './tarCounter.ts';
import { TarOutcomes } from './tarOutcomes.ts';
import type { WorkerContext } from './workerContext.ts';
import { SourceUnplugged, unpluggedBy, withSource } from './unplugged.ts';

/*
 * What lives in this folder: the child process that takes tars through the pipeline, one after another:
 *
 *   index ─▶ detect ─▶ batch ─▶ digest ─▶ claim ─▶ metadata ─▶ upload ─▶ commit
 *
 * What stands behind `batch` may be done by another worker that has no tar left (shares.ts here, helper.ts there, ADR 13).
 * It promises that every member of a tar called completed has an outcome, and that a stop is heard between
 * any two books. Whatever is looked into is noted in the hand file before, and its bytes, members and books are counted
 * as they come, so that others can tell what it died of and whether it gets on.
 */

export interface TarResult {
  readonly result: 'completed' | 'completedWithErrors' | 'failed' | 'stopped';
  readonly doneBytes: number;
  readonly counts: BookCounts;
  readonly failure: Failure | null;
}

/** Some that are digested, and others whose books are uploaded. What helpers are at takes little memory here. */
const batchesAtOnce = 3;
/** So that there is something to read while the last books of a batch are. */
const digestsAtOnce = 2;
const batchesWithShared = 64;
/** They take no memory for bodies, and while the disk makes one durable the work goes on. */
const batchesToEnd = 5;

/** A batch closes at `batchSize` books or at this many bytes: each costs some messages and a wait for the disk. */
const largestBatchBytes = 32 * 1024 * 1024;

/**
 * It also closes at so many bytes of bodies that are kept in memory, in as many batches as are under way. Where many books are
 * uploaded at the same time, there have to be as many.
 */
function largestKeptBytes(parallelUploads: number): number {
  return (parallelUploads <= 4 ? 8 : 16) * 1024 * 1024;
}

/** A tar and where it lies. */
export interface TarPlace {
  readonly name: string;
  /** Its source folder; null for an extraction folder whose tar is gone. */
  readonly folder: string | null;
}

/** What the engine says of a tar that it hands over. */
export interface TarOffer {
  /** Of the lease under which it is held. */
  readonly epoch: number;
  /** What other workers have recorded of it. */
  readonly resume: ResumePoint | null;
  /** Header offsets of members that are not to be touched: they ended two processes. */
  readonly poison: readonly number[];
  /** Header offsets of members that were in hand when a process died. Up to the last one, one at a time is. */
  readonly suspects: readonly number[];
}

const nothingKnown: TarOffer = { epoch: 0, resume: null, poison: [], suspects: [] };

/** Takes one tar from its first header to its end mark. Failures come back as a result; nothing is thrown for them. */
export async function processTar(
  tar: TarPlace,
  context: WorkerContext,
  offer: TarOffer = nothingKnown,
): Promise<TarResult> {
  context.hand.begin(tar.name, offer.epoch);
  try {
    return await new TarRun(tar, context, offer).run();
  } finally {
    context.hand.end();
  }
}

class TarRun {
  readonly #name: string;
  readonly #path: string;
  /** It is an extraction folder whose tar is gone. */
  readonly #isFolder: boolean;
  readonly #context: WorkerContext;
  readonly #counter: TarCounter;
  /** The tar as it was last begun. */
  #begun: Pick<Archive, 'identity' | 'readsInPlace'> | null = null;
  /** What an earlier run recorded of it does not count. */
  #isToBeReadAnew: boolean;
  /** Members whose header stands before this have their outcome from an earlier run, */
  #doneOffset = 0;
  /** but for these, by header offset: they failed, and are tried again. */
  #failedEarlier: ReadonlySet<number> = new Set();
  /** Members behind that point, by header offset, that are on the shelf already. */
  #settledEarlier: ReadonlyMap<number, ShelfOutcome> = new Map();
  readonly #offered: ResumePoint | null;
  readonly #poison: ReadonlySet<number>;
  /** No member up to this header offset shares the hand with another. */
  readonly #lastSuspect: number;

  constructor({ name, folder }: TarPlace, context: WorkerContext, offer: TarOffer) {
    this.#name = name;
    this.#offered = offer.resume;
    this.#poison = new Set(offer.poison);
    this.#lastSuspect = Math.max(-1, ...offer.suspects);
    this.#isFolder = folder === null;
    this.#path = join(folder ?? extractionRoot(context.options.stateFolder), name);
    this.#context = context;
    this.#counter = new TarCounter(name, context.link, context.activity);
    this.#isToBeReadAnew = context.options.retry?.lost === true;
  }

  /** Reads the tar, and reads on whenever its disk was gone meanwhile and has come back. */
  async run(): Promise<TarResult> {
    for (let unplugged: SourceUnplugged | null = null; ;) {
      try {
        await this.#assign();
        return await this.#pass(unplugged);
      } catch (thrown) {
        unplugged = await this.#unpluggedBy(thrown);
        if (!unplugged && !this.#stoppedWaiting(thrown)) return await this.#failedFor(thrown);
        // Counts what was recorded, and no more: the batch in hand is given up.
        if (this.#begun) this.#begin(this.#begun);
        if (this.#context.stop.aborted) return await this.#stopped();
      }
    }
  }

  /**
   * @param unplugged why the pass before has ended, which is to be waited out
   * @throws SourceUnplugged, or what the tar fails for
   */
  async #pass(unplugged: SourceUnplugged | null): Promise<TarResult> {
    const { stop } = this.#context;
    let archive = await this.#open(unplugged);
    try {
      const { identity } = archive;
      this.#begin(archive);
      await this.#commit();
      archive = await this.#asModeWants(archive);
      await this.#readMembers(archive);
      if (stop.aborted) return await this.#stopped();
      this.#counter.doneUpTo(identity.sizeBytes);
      const anyFailed = this.#counter.counts.failed > 0;
      const result = await this.#ended(anyFailed ? 'completedWithErrors' : 'completed', null);
      if (!anyFailed) await this.#removeExtraction();
      return result;
    } finally {
      await archive.close();
    }
  }

  /** A tar that comes late, from another worker, is recorded as this one's before anything of it is. */
  async #assign(): Promise<void> {
    const { destination, progress } = this.#context;
    const { assignedTars } = progress.record;
    if (assignedTars.includes(this.#name)) return;
    progress.assign([...assignedTars, this.#name], destination.id);
    await this.#commit();
  }

  #begin({ identity, readsInPlace }: Pick<Archive, 'identity' | 'readsInPlace'>): void {
    this.#begun = { identity, readsInPlace };
    const { bookTypes, retry } = this.#context.options;
    // Once: after that it goes on with what this run has done.
    if (this.#isToBeReadAnew) this.#context.progress.doubtTar(this.#name);
    this.#isToBeReadAnew = false;
    const point = this.#context.progress.beginTar(
      this.#name,
      this.#path,
      { ...identity, readsInPlace, bookTypes },
      new Date(),
      this.#offered,
    );
    this.#doneOffset = point.doneOffset;
    // What ended the worker twice is tried again only where a person asks for it.
    const again = point.failed.filter(book =>
      retry ? (retry.books?.includes(book.file) ?? true) : book.code !== 'POISON',
    );
    this.#settledEarlier = new Map(point.settled);
    this.#counter.resume(point.counts, point.doneBytes);
    if (retry?.skip === true) {
      this.#failedEarlier = new Set();
      for (const book of again) this.#giveUp(book);
    } else this.#failedEarlier = new Set(again.map(book => book.header_offset));
  }

  /** A person wants a book that failed neither tried again nor counted any longer. */
  #giveUp({ header_offset: headerOffset, file }: FailedBook): void {
    const { progress } = this.#context;
    progress.skipFailure(this.#name, headerOffset);
    this.#counter.triedAgain();
    this.#counter.notFound(this.#counter.ended);
    this.#counter.skipped(this.#counter.ended, 'given up by hand');
    this.#context.log?.info(`skipped: ${this.#name} › ${file}: given up by hand`);
  }

  /** Opens the tar, as soon as its disk is there. One that was found gone is not asked again at once. */
  #open(unplugged: SourceUnplugged | null): Promise<Archive> {
    let gone = unplugged;
    return this.#context.patience.persist(
      () => {
        if (!gone) return this.#openNow();
        const thrown = gone;
        gone = null;
        return Promise.reject(thrown);
      },
      thrown => (thrown instanceof SourceUnplugged ? thrown.failure : null),
    );
  }

  #openNow(): Promise<Archive> {
    const { digestThreads, options, openArchive: open = openArchive } = this.#context;
    const { addBytes } = this.#context.activity;
    if (this.#isFolder) return openFolder(options.stateFolder, this.#name, this.#onNotice, addBytes);
    return withSource(this.#path, () =>
      open(this.#path, join(options.stateFolder, 'spool'), this.#whenRoom, addBytes, at =>
        digestThreads.headers(at),
      ),
    );
  }

  /** Whether the stop came while there was no room for what is extracted: that is no failure of the tar. */
  #stoppedWaiting(thrown: unknown): boolean {
    if (!this.#context.stop.aborted || !(thrown instanceof TarshelfError)) return false;
    return thrown.code === 'EXTRACTION_NO_SPACE' || thrown.code === 'STATE_NOT_WRITABLE';
  }

  /** An extraction folder is not in the source, so its failures say nothing of that. */
  #unpluggedBy(thrown: unknown): Promise<SourceUnplugged | null> {
    return this.#isFolder ? Promise.resolve(null) : unpluggedBy(this.#path, thrown);
  }

  /** Saves the progress, as soon as there is room for it. */
  #commit(): Promise<void> {
    const { patience, progress } = this.#context;
    return patience.persist(
      () => progress.commit(),
      thrown =>
        thrown instanceof TarshelfError && thrown.code === 'STATE_NOT_WRITABLE' ? thrown.toFailure() : null,
    );
  }

  /** Writes below the state folder what of a tar has to lie there while it is read, as soon as there is room for it. */
  readonly #whenRoom: WhenRoom = write =>
    this.#context.patience.persist(write, thrown => {
      if (!isDiskFull(thrown)) return null;
      const { mode, stateFolder } = this.#context.options;
      const name = mode === 'extract' ? 'diskFullWhileExtracting' : 'diskFullWhileReading';
      const message = sentence(name, stateFolder, this.#name);
      return { code: 'STATE_NOT_WRITABLE', message };
    });

  async #asModeWants(archive: Archive): Promise<Archive> {
    const { mode, stateFolder } = this.#context.options;
    if (this.#isFolder) {
      this.#onNotice('its tar is gone; the files of this extraction folder are read');
      return archive;
    }
    const reading = await readThroughFolder(archive, {
      tar: this.#name,
      mode,
      stateFolder,
      stop: this.#context.stop,
      onNotice: this.#onNotice,
      onExtracted: (position, files) => {
        this.#counter.extracted(position, files);
      },
      whenRoom: this.#whenRoom,
      // Not waited for: what is open already is of no use after that either.
      openAgain: () => this.#openNow(),
      onRead: this.#context.activity.addBytes,
    });
    this.#counter.phase = 'index';
    return reading;
  }

  /** Only once the progress file says that the tar is completed: until then the next run may want the folder. */
  async #removeExtraction(): Promise<void> {
    const { mode, stateFolder } = this.#context.options;
    if (mode !== 'in-place') {
      await removeExtractions(stateFolder, name => name === this.#name, this.#onNotice);
    }
  }

  readonly #onNotice = (message: string): void => {
    this.#context.link.send({ type: 'notice', message: `${this.#name}: ${message}.` });
  };

  /** Reads the index and hands on what it yields, batch by batch; members before what cannot be read are dealt with too. */
  async #readMembers(archive: Archive): Promise<void> {
    const { options, stop } = this.#context;
    const { parallelUploads } = options;
    const outcomes = new TarOutcomes(this.#name, this.#context, this.#counter, this.#failedEarlier);
    const work = new BatchWork(this.#name, this.#context, outcomes, {
      unpluggedBy: thrown => this.#unpluggedBy(thrown),
      commit: () => this.#commit(),
    });
    const shares = archive.isPlainFile
      ? new Shares(this.#context, archive.identity, outcomes, () => {
          pipeline.wake();
        })
      : null;
    const pipeline = new BatchPipeline<DigestedBatch>(
      {
        share: batch => shares?.give(batch) ?? null,
        digest: batch => work.digest(batch),
        settle: (batch, digested) => work.settle(batch, digested),
        end: batch => {
          this.#counter.endBatch(batch.counts, batch.end.bytes);
          this.#context.progress.endBatch(this.#name, batch.end, this.#counter.ended);
        },
        commit: () => this.#commit(),
      },
      {
        batches: batchesAtOnce,
        digests: digestsAtOnce,
        bytes: batchesAtOnce * largestKeptBytes(parallelUploads),
        batchesToEnd,
        batchesWithShared,
      },
    );
    shares?.open();
    try {
      const broken = await this.#readInto(pipeline, archive, outcomes);
      await pipeline.drain();
      if (broken && !stop.aborted) throw broken.by;
    } finally {
      // The archive is closed next, and a pass after this one must not meet what this one has under way.
      await pipeline.idle();
      shares?.close();
    }
  }

  /**
   * @returns what the reading failed for, once all before that is handed on; null where it came to its end or was stopped
   * @throws SourceUnplugged, or what a batch failed for
   */
  async #readInto(
    pipeline: BatchPipeline<DigestedBatch>,
    archive: Archive,
    outcomes: TarOutcomes,
  ): Promise<{ readonly by: unknown } | null> {
    const { activity, options, stop } = this.#context;
    const largestKept = largestKeptBytes(options.parallelUploads);
    let batch = new Batch();
    const handOn = async (): Promise<void> => {
      const whole = batch;
      batch = new Batch();
      batch.end = whole.end;
      const [first] = whole.books;
      whole.mayBeShared = first !== undefined && first.member.headerOffset > this.#lastSuspect;
      await pipeline.add(whole);
    };
    const putAside = async (member: ArchiveMember): Promise<void> => {
      await handOn();
      await pipeline.drain();
      if (stop.aborted) return;
      if (!this.#failedEarlier.has(member.headerOffset)) outcomes.found(batch);
      outcomes.failed(batch, member, poisonFailure(member));
      batch.end = { offset: member.endOffset, bytes: member.filePosition };
      // Recorded at once: who dies of the next one is not to meet it again.
      await handOn();
      await pipeline.drain();
    };
    activity.doing = 'index';
    let from = this.#doneOffset;
    for (const offset of this.#failedEarlier) from = Math.min(from, offset);
    let broken: { readonly by: unknown } | null = null;
    try {
      for await (const group of groupsOf(archive, { from, onNotice: this.#onNotice }))
        for (const member of group) {
          if (stop.aborted) return null;
          activity.members++;
          const isRetry = this.#failedEarlier.has(member.headerOffset);
          if (member.headerOffset < this.#doneOffset && !isRetry) continue;
          const settled = this.#settledEarlier.get(member.headerOffset);
          if (settled === undefined && this.#poison.has(member.headerOffset)) {
            await putAside(member);
            continue;
          }
          const detection =
            settled === undefined ? (this.#detectAtOnce(member) ?? (await this.#detect(member))) : null;
          if (settled !== undefined) {
            outcomes.found(batch);
            outcomes.onShelf(batch, member, settled);
          } else if (detection?.kind === 'book') {
            if (!archive.readsInPlace) await this.#keep(member);
            if (!isRetry) outcomes.found(batch);
            batch.add({ member, format: detection.format });
          } else if (detection && !isRetry) {
            // A book that failed, and whose type is not wanted any more, stays counted as that.
            outcomes.skipped(batch, member, detection.reason);
          }
          batch.end = { offset: member.endOffset, bytes: member.filePosition };
          const isCareful = member.headerOffset <= this.#lastSuspect && batch.books.length > 0;
          const isFull =
            batch.books.length >= options.batchSize ||
            batch.bytes >= largestBatchBytes ||
            batch.keptBytes >= largestKept;
          if (isCareful || isFull) {
            await handOn();
            if (isCareful) await pipeline.drain();
          }
        }
    } catch (thrown) {
      const unplugged = await this.#unpluggedBy(thrown);
      if (unplugged) throw unplugged;
      // What a batch failed for was thrown on by the one that hands on the next.
      pipeline.throwFailure();
      broken = { by: thrown };
    }
    // Also without a book: what was skipped since the last batch is counted, and is not to be met again.
    if (!stop.aborted) await handOn();
    return broken;
  }

  /** Takes out of an archive that passes by what will be read later. */
  async #keep(member: ArchiveMember): Promise<void> {
    const { activity, hand } = this.#context;
    activity.doing = 'scan';
    const slot = hand.take(member.headerOffset);
    try {
      await member.keep();
    } finally {
      hand.drop(slot);
      activity.doing = 'index';
    }
  }

  /** What a file is, where its name or what it begins with tells that; null for any other member. */
  #detectAtOnce({ kind, name, sizeBytes, head }: ArchiveMember): Detection | null {
    const detection = kind === 'file' ? detectAtOnce(name, sizeBytes, head ?? null) : null;
    return detection && wanted(detection, this.#context.options.bookTypes) === detection ? detection : null;
  }

  /** What a member is; null for a folder, which is neither a book nor worth counting. */
  async #detect(member: ArchiveMember): Promise<Detection | null> {
    if (member.kind === 'directory') return null;
    if (member.kind === 'other') return { kind: 'skipped', reason: 'not a regular file' };
    const { activity, hand, options } = this.#context;
    // Most are told by what is at hand, and need not be noted.
    let slot: number = noSlot;
    const bytes = new MemberBytes(member, () => {
      slot = hand.take(member.headerOffset);
      activity.doing = 'scan';
    });
    try {
      const detection = await detectWanted(member.name, bytes, options.bookTypes);
      if (detection.kind === 'skipped') await bytes.release();
      return detection;
    } finally {
      hand.drop(slot);
      activity.doing = 'index';
    }
  }

  async #stopped(): Promise<TarResult> {
    // `current_tar` stays: the next run goes on with it, from the last batch that was whole.
    await this.#commit();
    return {
      result: 'stopped',
      doneBytes: this.#counter.doneBytes,
      counts: this.#counter.counts,
      failure: null,
    };
  }

  async #ended(
    result: 'completed' | 'completedWithErrors' | 'failed',
    failure: Failure | null,
  ): Promise<TarResult> {
    const { progress } = this.#context;
    progress.endTar(this.#name, statuses[result], this.#counter.counts, failure?.message ?? null, new Date());
    await this.#commit();
    return { result, doneBytes: this.#counter.doneBytes, counts: this.#counter.counts, failure };
  }

  async #failedFor(thrown: unknown): Promise<TarResult> {
    const isDoubtful = thrown instanceof TarDamage && thrown.isDoubtful;
    // A copy that was mended may have the size and the time of the damaged one.
    if (isDoubtful) this.#context.progress.doubtTar(this.#name);
    const result = await this.#ended('failed', this.#explain(thrown));
    // The files in it are as doubtful as what they came from.
    if (isDoubtful) await this.#removeExtraction();
    return result;
  }

  #explain(thrown: unknown): Failure {
    const { found } = this.#counter.counts;
    if (thrown instanceof TarDamage && thrown.isDoubtful && found > 0) {
      return {
        code: 'TAR_DAMAGED',
        message: sentence('tarDoubtful', this.#name, thrown.reason, thrown.offset, formatNumber(found)),
      };
    }
    if (thrown instanceof TarDamage) {
      return {
        code: 'TAR_DAMAGED',
        message: sentence('tarDamaged', this.#name, thrown.reason, thrown.offset),
      };
    }
    if (thrown instanceof DestinationUnusable) {
      return { code: 'DESTINATION_UNUSABLE', message: thrown.message };
    }
    return toFailure(thrown, 'TAR_NOT_READABLE');
  }
}

/** The members of an archive in their order, as many at a time as are there at once. */
async function* groupsOf(
  archive: Archive,
  options: IndexOptions,
): AsyncGenerator<readonly ArchiveMember[], void, undefined> {
  if (archive.memberGroups) yield* archive.memberGroups(options);
  else for await (const member of archive.members(options)) yield [member];
}

function poisonFailure({ name }: ArchiveMember): Failure {
  return {
    code: 'POISON',
    message: sentence('bookPutAside', name),
  };
}

const statuses = {
  completed: 'completed',
  completedWithErrors: 'completed_with_errors',
  failed: 'failed',
} as const satisfies Record<string, TarStatus>;
