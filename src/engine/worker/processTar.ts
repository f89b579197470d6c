import { join } from 'node:path';
import pLimit, { type LimitFunction } from 'p-limit';
import { oneLine, TarshelfError, toFailure, type Failure } from '../../protocol/errors.ts';
import { formatCount } from '../../protocol/format.ts';
import type { BookKey } from '../../protocol/bookKey.ts';
import type { BookFormat } from '../../protocol/bookFormat.ts';
import type { IngestOptions } from '../../protocol/ingestOptions.ts';
import type { FailedBook, ShelfOutcome } from '../../protocol/progressFile.ts';
import type { SkipReason } from '../../protocol/skipReason.ts';
import type { ResumePoint } from '../../protocol/resumePoint.ts';
import type { BookCounts } from '../../protocol/snapshot.ts';
import type { DuplicateLayer } from '../../protocol/snapshot.ts';
import type { Archive, ArchiveMember } from '../archive/archive.ts';
import { openArchive } from '../archive/openArchive.ts';
import { extractionRoot } from '../extraction/extractionFolder.ts';
import { openFolder } from '../extraction/orphanedFolders.ts';
import { readThroughFolder } from '../extraction/readThroughFolder.ts';
import { removeExtractions } from '../extraction/removeExtractions.ts';
import { isDiskFull, type WhenRoom } from '../diskRoom.ts';
import { TarDamage } from '../archive/tarDamage.ts';
import type { FileIdentity } from '../archive/byteSource.ts';
import { bufferReader } from '../books/byteReader.ts';
import { correctedBook, detectBook, type Detection } from '../books/bookType.ts';
import { DestinationUnusable } from '../destinations/destination.ts';
import type { EventLog } from '../logs/eventLog.ts';
import { noSlot, type HandFile } from '../progress/handFile.ts';
import type { TarStatus } from '../progress/journal.ts';
import type { DonePoint } from '../progress/progressRecord.ts';
import type { WorkerProgress } from '../progress/workerProgress.ts';
import { MemberBytes } from './memberBytes.ts';
import type { Activity } from './activity.ts';
import { digestBody, handedOver, rereadBody, type DigestedBody } from './bookBody.ts';
import type { EngineLink, FinalVerdict } from './engineLink.ts';
import type { MetadataSource } from './metadataSource.ts';
import type { Patience } from './patience.ts';
import type { PatientDestination } from './patientDestination.ts';
import { TarCounter } from './tarCounter.ts';
import { SourceUnplugged, unpluggedBy, withSource } from './unplugged.ts';

/*
 * What lives in this folder: the child process that takes tars through the pipeline, one after another:
 *
 *   index ─▶ detect ─▶ batch ─▶ digest ─▶ claim ─▶ metadata ─▶ upload ─▶ commit
 *
 * It promises that every member of a tar called completed has an outcome, and that a stop is heard between
 * any two books. Whatever is looked into is noted in the hand file before, and its bytes, members and books are counted
 * as they come, so that others can tell what it died of and whether it gets on.
 */

/** What a worker needs for any tar. */
export interface WorkerContext {
  readonly options: IngestOptions;
  readonly destination: PatientDestination;
  readonly progress: WorkerProgress;
  readonly link: EngineLink;
  readonly patience: Patience;
  readonly metadata: MetadataSource;
  /** Aborted when the worker is to finish the book in hand, save and end. */
  readonly stop: AbortSignal;
  /** Aborted when there is no time left even for the book in hand: what has no outcome then gets none. */
  readonly abandon: AbortSignal;
  readonly activity: Activity;
  readonly hand: Pick<HandFile, 'begin' | 'take' | 'drop' | 'end'>;
  /** Lets through as many uploads as may be under way at the same time. */
  readonly uploads: LimitFunction;
  /** What becomes of single members goes here, for people. */
  readonly log?: Pick<EventLog, 'info' | 'warn'>;
  /** How tars are opened, where that is not from the disk as usual. */
  readonly openArchive?: typeof openArchive;
}

export interface TarResult {
  readonly result: 'completed' | 'completedWithErrors' | 'failed' | 'stopped';
  readonly doneBytes: number;
  readonly counts: BookCounts;
  readonly failure: Failure | null;
}

/** So many books of a batch are read at the same time. More is no faster, and holds more of a compressed tar. */
const digestsAtOnce = 4;

const layerNames: Readonly<Record<DuplicateLayer, string>> = {
  own: 'uploaded by this worker',
  others: 'uploaded by another worker',
  destination: 'known to the destination',
};

/** A batch closes at `batchSize` books or at this many bytes, whichever is first: bodies are kept meanwhile. */
const largestBatchBytes = 64 * 1024 * 1024;

interface FoundBook {
  readonly member: ArchiveMember;
  readonly format: BookFormat;
}

interface NoBook extends FoundBook {
  readonly skipped: SkipReason;
}

interface UnreadableBook extends FoundBook {
  readonly failure: Failure;
}

interface DigestedBook extends FoundBook {
  readonly body: DigestedBody;
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
  /** Of the tar as it was last begun. */
  #identity: FileIdentity | null = null;
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
        if (this.#identity) this.#begin(this.#identity);
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
      this.#begin(identity);
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

  #begin(identity: FileIdentity): void {
    this.#identity = identity;
    const point = this.#context.progress.beginTar(
      this.#name,
      this.#path,
      identity,
      new Date(),
      this.#offered,
    );
    this.#doneOffset = point.doneOffset;
    const { retry } = this.#context.options;
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
    this.#context.progress.skipFailure(this.#name, headerOffset);
    this.#counter.triedAgain();
    this.#counter.notFound();
    this.#counter.skipped('given up by hand');
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
    const { options, openArchive: open = openArchive } = this.#context;
    const { addBytes } = this.#context.activity;
    if (this.#isFolder) return openFolder(options.stateFolder, this.#name, this.#onNotice, addBytes);
    return withSource(this.#path, () =>
      open(this.#path, join(options.stateFolder, 'spool'), this.#whenRoom, addBytes),
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
      const otherwise = mode === 'extract' ? ', or stop and use --mode in-place' : '';
      const message = `The disk of ${stateFolder} is full, so ${this.#name} cannot be read further. Free some space${otherwise}.`;
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

  /** Reads the index and deals with what it yields, batch by batch; members before what cannot be read are dealt with too. */
  async #readMembers(archive: Archive): Promise<void> {
    const { activity, options, stop } = this.#context;
    let batch: FoundBook[] = [];
    let batchBytes = 0;
    // What fails is the reading, or what is done with a batch.
    const doing = { batch: false };
    let broken: { readonly by: unknown } | null = null;
    // Every member before this is in the batch, or has its outcome.
    let end: DonePoint = { offset: 0, bytes: 0 };
    const finishBatch = async (): Promise<void> => {
      doing.batch = true;
      await this.#processBatch(batch, end);
      for (const { member } of batch) await member.release();
      if (!stop.aborted) this.#counter.doneUpTo(end.bytes);
      batch = [];
      batchBytes = 0;
      doing.batch = false;
      activity.doing = 'index';
    };
    const putAside = async (member: ArchiveMember): Promise<void> => {
      await finishBatch();
      if (stop.aborted) return;
      if (!this.#failedEarlier.has(member.headerOffset)) this.#counter.found();
      this.#failed(member, poisonFailure(member));
      end = { offset: member.endOffset, bytes: member.filePosition };
      // Recorded at once: who dies of the next one is not to meet it again.
      await finishBatch();
    };
    activity.doing = 'index';
    let from = this.#doneOffset;
    for (const offset of this.#failedEarlier) from = Math.min(from, offset);
    try {
      for await (const member of archive.members({ from, onNotice: this.#onNotice })) {
        if (stop.aborted) return;
        activity.members++;
        const isRetry = this.#failedEarlier.has(member.headerOffset);
        if (member.headerOffset < this.#doneOffset && !isRetry) continue;
        const settled = this.#settledEarlier.get(member.headerOffset);
        if (settled === undefined && this.#poison.has(member.headerOffset)) {
          await putAside(member);
          continue;
        }
        const detection = settled === undefined ? await this.#detect(member) : null;
        if (settled !== undefined) {
          this.#counter.found();
          this.#onShelf(member, settled);
        } else if (detection?.kind === 'book') {
          if (!archive.readsInPlace) await this.#keep(member);
          if (!isRetry) this.#counter.found();
          batch.push({ member, format: detection.format });
          batchBytes += member.sizeBytes;
        } else if (detection) {
          this.#skipped(member, detection.reason);
        }
        end = { offset: member.endOffset, bytes: member.filePosition };
        const isCareful = member.headerOffset <= this.#lastSuspect && batch.length > 0;
        if (isCareful || batch.length >= options.batchSize || batchBytes >= largestBatchBytes)
          await finishBatch();
      }
    } catch (thrown) {
      const unplugged = await this.#unpluggedBy(thrown);
      if (doing.batch || unplugged) throw unplugged ?? thrown;
      broken = { by: thrown };
    }
    // Also without a book: what was skipped since the last batch is counted, and is not to be met again.
    if (!stop.aborted) await finishBatch();
    if (broken && !stop.aborted) throw broken.by;
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

  /** @param end every member before this is in this batch, or has its outcome already. */
  async #processBatch(batch: readonly FoundBook[], end: DonePoint): Promise<void> {
    const { link, progress, stop, uploads } = this.#context;
    this.#counter.phase = 'hash';
    const read = await this.#digest(batch);
    if (!read) return;
    const digested: DigestedBook[] = [];
    // Told only now: a batch that is given up is read again, and would tell of them again.
    for (const book of read) {
      if ('failure' in book) this.#failed(book.member, book.failure);
      else if ('skipped' in book) this.#isNoBook(book.member, book.skipped);
      else digested.push(book);
    }

    const verdicts = await this.#unlessStopped(link.claim(digested.map(book => book.body.key)));
    if (verdicts === null) return;
    this.#counter.phase = 'upload';
    const there = await this.#askDestination(digested, verdicts);
    const waits = new BatchWaits(digested.length, this.#context.activity);
    // What is claimed is uploaded as soon as that is known, so nothing that others wait for is held by one that waits.
    const outcomes = await Promise.allSettled(
      digested.map(async (book, index) => {
        const verdict = await this.#unlessStopped(verdicts[index]);
        waits.begin();
        try {
          if (verdict === null) return;
          if (verdict.kind === 'claimed' && there.has(book)) this.#thereAlready(book);
          else if (verdict.kind === 'claimed') await uploads(() => this.#upload(book));
          else this.#duplicate(book, verdict.layer);
        } finally {
          waits.end();
        }
      }),
    );
    const rejected = outcomes.find(outcome => outcome.status === 'rejected');
    // Without a stop, every book of the batch has its outcome by now.
    if (!rejected && !stop.aborted) progress.endBatch(this.#name, end, this.#counter.counts);
    await this.#commit();
    // After a stop it is the stop that counts: until then it was waited for.
    if (rejected && !stop.aborted) throw rejected.reason;
  }

  /**
   * Which of the books that are claimed by now the destination has. Those that wait for others' uploads are left
   * out: what is held here is not to wait for them.
   */
  async #askDestination(
    books: readonly DigestedBook[],
    verdicts: readonly Promise<FinalVerdict>[],
  ): Promise<ReadonlySet<DigestedBook>> {
    const { destination, stop } = this.#context;
    if (stop.aborted) return new Set();
    const notYet = Promise.resolve(null);
    const now = await Promise.all(verdicts.map(verdict => Promise.race([verdict, notYet])));
    const claimed = books.filter((_, index) => now[index]?.kind === 'claimed');
    if (claimed.length === 0) return new Set();
    try {
      const known = await destination.known(
        claimed.map(({ body, format }) => ({ key: body.key, format })),
        stop,
      );
      return new Set(claimed.filter((_, index) => known[index]));
    } catch (thrown) {
      // Without an answer each book is asked for on its way, or after the stop by the next run.
      this.#context.log?.warn(`${this.#name}: ${oneLine(thrown)}`);
      return new Set();
    }
  }

  #giveBack(key: BookKey): void {
    this.#context.link.send({ type: 'claim:outcome', key, outcome: 'failed' });
  }

  #thereAlready(book: DigestedBook): void {
    this.#context.link.send({ type: 'claim:outcome', key: book.body.key, outcome: 'stored' });
    this.#duplicate(book, 'destination');
  }

  /**
   * Reads and digests a batch, several books at a time: while one is hashed the next ones are read.
   *
   * @returns the books in their order; null after a stop
   */
  async #digest(batch: readonly FoundBook[]): Promise<(DigestedBook | UnreadableBook | NoBook)[] | null> {
    const limit = pLimit(digestsAtOnce);
    // Once it is, no further book is begun: the whole batch is read again.
    const disk = { gone: false };
    const read = await Promise.allSettled(
      batch.map(found =>
        limit(async () => {
          if (disk.gone || this.#context.stop.aborted) return null;
          const { hand } = this.#context;
          const slot = hand.take(found.member.headerOffset);
          try {
            return await this.#looked({ ...found, body: await digestBody(found.member) });
          } catch (thrown) {
            const unplugged = await this.#unpluggedBy(thrown);
            if (unplugged) {
              disk.gone = true;
              throw unplugged;
            }
            return { ...found, failure: toFailure(thrown, 'BOOK_NOT_READABLE') };
          } finally {
            hand.drop(slot);
          }
        }),
      ),
    );
    const books = read.flatMap(outcome => {
      if (outcome.status === 'rejected') throw outcome.reason;
      return outcome.value ?? [];
    });
    return this.#context.stop.aborted ? null : books;
  }

  /** A name may lie: now that its bytes are at hand, they decide where they are sure. */
  async #looked(book: DigestedBook): Promise<DigestedBook | NoBook> {
    const { member, body, format } = book;
    const bytes = body.kept ? bufferReader(body.kept) : new MemberBytes(member);
    const detection = this.#wanted(await correctedBook(format, bytes));
    return detection.kind === 'book'
      ? { ...book, format: detection.format }
      : { ...book, skipped: detection.reason };
  }

  /** What a member is; null for a folder, which is neither a book nor worth counting. */
  async #detect(member: ArchiveMember): Promise<Detection | null> {
    if (member.kind === 'directory') return null;
    if (member.kind === 'other') return { kind: 'skipped', reason: 'not a regular file' };
    const { activity, hand } = this.#context;
    // Most are told by their names alone, and need not be noted.
    let slot: number = noSlot;
    const bytes = new MemberBytes(member, () => {
      slot = hand.take(member.headerOffset);
      activity.doing = 'scan';
    });
    try {
      const found = await detectBook(member.name, bytes);
      let detection = this.#wanted(found);
      // Behind an unwanted name may be a wanted book; to tell that, not all of it has to be read.
      if (found.kind === 'book' && detection.kind === 'skipped')
        detection = this.#wanted(await correctedBook(found.format, bytes));
      if (detection.kind === 'skipped') await bytes.release();
      return detection;
    } finally {
      hand.drop(slot);
      activity.doing = 'index';
    }
  }

  #wanted(detection: Detection): Detection {
    const { bookTypes } = this.#context.options;
    if (detection.kind === 'skipped' || !bookTypes || bookTypes.includes(detection.format)) return detection;
    return { kind: 'skipped', reason: 'type not wanted' };
  }

  #skipped(member: ArchiveMember, reason: SkipReason): void {
    this.#counter.skipped(reason);
    this.#context.log?.info(`skipped: ${this.#name} › ${member.name}: ${reason}`);
  }

  /** What its name made it a book is none by its bytes. One that failed before stays so: it was counted as a book. */
  #isNoBook(member: ArchiveMember, reason: SkipReason): void {
    if (this.#failedEarlier.has(member.headerOffset)) {
      this.#failed(member, { code: 'BOOK_NOT_READABLE', message: `${member.name} is no book: ${reason}.` });
      return;
    }
    this.#counter.notFound();
    this.#skipped(member, reason);
  }

  async #upload(book: DigestedBook): Promise<void> {
    if (this.#context.stop.aborted) return;
    const { abandon, activity, destination, hand, link, log, metadata, progress, stop } = this.#context;
    const { member, format, body } = book;
    let slot = hand.take(member.headerOffset);
    // A book that lies there while its destination takes none is none to suspect.
    const onPause = (pauses: boolean): void => {
      if (pauses) hand.drop(slot);
      else slot = hand.take(member.headerOffset);
    };
    try {
      const says = await metadata.read(book, stop);
      if (says.warning !== null) log?.warn(`${this.#name} › ${member.name}: ${says.warning}`);
      const bytes = (): Iterable<Buffer> | AsyncIterable<Buffer> =>
        body.kept ? [body.kept] : rereadBody(member, body.key);
      const outcome = await destination.store(
        {
          key: body.key,
          format,
          metadata: says,
          tar: this.#name,
          member: member.name,
          body: () => handedOver(bytes(), activity.addBytes, abandon),
        },
        abandon,
        onPause,
      );
      progress.addBook(body.key, member.name, outcome, new Date(), {
        tar: this.#name,
        headerOffset: member.headerOffset,
        outcome: outcome === 'uploaded' ? 'uploaded' : 'destination',
      });
      progress.trickle();
      link.send({ type: 'claim:outcome', key: body.key, outcome: 'stored' });
      this.#onShelf(member, outcome === 'uploaded' ? 'uploaded' : 'destination');
    } catch (thrown) {
      this.#giveBack(body.key);
      // No outcome of this book: its batch is not whole, and the next run meets the book again.
      if (thrown instanceof DestinationUnusable) throw thrown;
      // Nor where the stop came while its metadata were read: it is not to be on the shelf without them.
      if (stop.aborted && thrown === stop.reason) return;
      // Cut off: it may have come to the shelf or not, and the next run asks.
      if (abandon.aborted) return;
      const failure = toFailure(thrown, 'UPLOAD_FAILED');
      const unplugged = failure.code === 'BOOK_NOT_READABLE' ? await this.#unpluggedBy(thrown) : null;
      if (unplugged) throw unplugged;
      this.#failed(member, failure);
    } finally {
      hand.drop(slot);
    }
  }

  #duplicate({ member, body }: DigestedBook, layer: DuplicateLayer): void {
    // Also where the engine takes it for our own: a worker that was killed had told it, and not yet recorded it.
    if (layer !== 'others') {
      this.#context.progress.addBook(
        body.key,
        member.name,
        'already_exists',
        new Date(),
        layer === 'destination'
          ? { tar: this.#name, headerOffset: member.headerOffset, outcome: layer }
          : undefined,
      );
    }
    this.#context.log?.info(`already there (${layerNames[layer]}): ${this.#name} › ${member.name}`);
    this.#onShelf(member, layer);
  }

  #onShelf(member: ArchiveMember, outcome: 'uploaded' | DuplicateLayer): void {
    const { isRetry, bytes } = this.#advance(member);
    if (isRetry) this.#context.progress.resolveFailure(this.#name, member.headerOffset, outcome);
    if (outcome === 'uploaded') this.#counter.uploaded(bytes);
    else this.#counter.duplicate(outcome, bytes);
  }

  #failed(member: ArchiveMember, failure: Failure): void {
    const { bytes } = this.#advance(member);
    this.#context.progress.addFailure(this.#name, member, failure);
    this.#counter.failed(member.name, failure, bytes);
  }

  /** How far an outcome takes us. A book that an earlier run counted as failed, bytes and all, is taken back first. */
  #advance(member: ArchiveMember): { isRetry: boolean; bytes: number } {
    this.#context.activity.books++;
    const isRetry = this.#failedEarlier.has(member.headerOffset);
    if (isRetry) this.#counter.triedAgain();
    return { isRetry, bytes: isRetry ? 0 : member.fileBytes };
  }

  /** What the engine answers, or null when the stop came first: the engine that would answer may be gone. */
  #unlessStopped<T>(answer: Promise<T> | undefined): Promise<T | null> {
    const { stop } = this.#context;
    if (!answer || stop.aborted) return Promise.resolve(null);
    return new Promise(resolve => {
      const stopped = (): void => {
        resolve(null);
      };
      stop.addEventListener('abort', stopped, { once: true });
      void answer.then(value => {
        stop.removeEventListener('abort', stopped);
        resolve(value);
      });
    });
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
        message:
          `${this.#name}: ${thrown.message}. What was read before that is doubtful as well: ${formatCount(found, 'book')}, ` +
          'also where they are on the shelf. Get the tar anew, then launch again; it is read from its start.',
      };
    }
    if (thrown instanceof TarDamage) {
      return {
        code: 'TAR_DAMAGED',
        message: `${this.#name}: ${thrown.message}. What stands before it was read; get the tar anew, then launch again.`,
      };
    }
    if (thrown instanceof DestinationUnusable) {
      return { code: 'DESTINATION_UNUSABLE', message: thrown.message };
    }
    return toFailure(thrown, 'TAR_NOT_READABLE');
  }
}

/** Tells whether all that a batch still wants is others' uploads: that is theirs to end. */
class BatchWaits {
  #waiting: number;
  #busy = 0;
  readonly #activity: Activity;

  constructor(books: number, activity: Activity) {
    this.#waiting = books;
    this.#activity = activity;
  }

  /** The verdict of a book has come. */
  begin(): void {
    this.#waiting--;
    this.#busy++;
    this.#activity.doing = 'upload';
  }

  /** The book has its outcome. */
  end(): void {
    this.#busy--;
    if (this.#busy === 0 && this.#waiting > 0) this.#activity.doing = 'wait';
  }
}

function poisonFailure({ name }: ArchiveMember): Failure {
  return {
    code: 'POISON',
    message: `${name} ended the worker twice while it was read, and was put aside. "tarshelf retry" tries it again.`,
  };
}

const statuses = {
  completed: 'completed',
  completedWithErrors: 'completed_with_errors',
  failed: 'failed',
} as const satisfies Record<string, TarStatus>;
