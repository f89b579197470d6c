import { join } from 'node:path';
import pLimit from 'p-limit';
import { oneLine, TarshelfError, toFailure, type Failure } from '../../protocol/errors.ts';
import { formatCount } from '../../protocol/format.ts';
import type { BookKey } from '../../protocol/bookKey.ts';
import type { BookFormat } from '../../protocol/bookFormat.ts';
import type { IngestOptions } from '../../protocol/ingestOptions.ts';
import type { ShelfOutcome } from '../../protocol/progressFile.ts';
import type { SkipReason } from '../../protocol/skipReason.ts';
import type { ResumePoint } from '../../protocol/resumePoint.ts';
import type { BookCounts } from '../../protocol/snapshot.ts';
import type { DuplicateLayer } from '../../protocol/snapshot.ts';
import type { Archive, ArchiveMember } from '../archive/archive.ts';
import { openArchive } from '../archive/openArchive.ts';
import { extractionRoot } from '../extraction/extractionFolder.ts';
import { isFolderName, openFolder } from '../extraction/orphanedFolders.ts';
import { readThroughFolder } from '../extraction/readThroughFolder.ts';
import { removeExtractions } from '../extraction/removeExtractions.ts';
import { isDiskFull, type WhenRoom } from '../diskRoom.ts';
import { TarDamage } from '../archive/tarDamage.ts';
import type { FileIdentity } from '../archive/byteSource.ts';
import { bufferReader } from '../books/byteReader.ts';
import { correctedBook, detectBook, type Detection } from '../books/bookType.ts';
import { DestinationUnusable, type Destination } from '../destinations/destination.ts';
import type { EventLog } from '../logs/eventLog.ts';
import type { TarStatus } from '../progress/journal.ts';
import type { DonePoint } from '../progress/progressRecord.ts';
import type { WorkerProgress } from '../progress/workerProgress.ts';
import { MemberBytes } from './memberBytes.ts';
import { digestBody, rereadBody, type DigestedBody } from './bookBody.ts';
import type { EngineLink, FinalVerdict } from './engineLink.ts';
import type { MetadataSource } from './metadataSource.ts';
import type { Patience } from './patience.ts';
import { TarCounter } from './tarCounter.ts';
import { SourceUnplugged, unpluggedBy, withSource } from './unplugged.ts';

/*
 * What lives in this folder: the child process that takes tars through the pipeline, one after another:
 *
 *   index ─▶ detect ─▶ batch ─▶ digest ─▶ claim ─▶ metadata ─▶ upload ─▶ commit
 *
 * It promises that every member of a tar called completed has an outcome, and that a stop is heard between
 * any two books.
 */

/** What a worker needs for any tar. */
export interface WorkerContext {
  readonly options: IngestOptions;
  readonly destination: Destination;
  readonly progress: WorkerProgress;
  readonly link: EngineLink;
  readonly patience: Patience;
  readonly metadata: MetadataSource;
  /** Aborted when the worker is to finish the book in hand, save and end. */
  readonly stop: AbortSignal;
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

/**
 * Takes one tar from its first header to its end mark. Failures come back as a result; nothing is thrown for them.
 *
 * @param resume what other workers have recorded of it
 */
export async function processTar(
  name: string,
  context: WorkerContext,
  resume: ResumePoint | null = null,
): Promise<TarResult> {
  return new TarRun(name, context, resume).run();
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

  constructor(name: string, context: WorkerContext, offered: ResumePoint | null) {
    this.#name = name;
    this.#offered = offered;
    const { sourceFolder, stateFolder } = context.options;
    this.#isFolder = isFolderName(name);
    this.#path = join(this.#isFolder ? extractionRoot(stateFolder) : sourceFolder, name);
    this.#context = context;
    this.#counter = new TarCounter(name, context.link);
  }

  /** Reads the tar, and reads on whenever its disk was gone meanwhile and has come back. */
  async run(): Promise<TarResult> {
    for (let unplugged: SourceUnplugged | null = null; ;) {
      try {
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
    const chosen = this.#context.options.retry?.books;
    this.#failedEarlier = new Set(
      point.failed.filter(book => chosen?.includes(book.file) ?? true).map(book => book.header_offset),
    );
    this.#settledEarlier = new Map(point.settled);
    this.#counter.resume(point.counts, point.doneBytes);
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
    if (this.#isFolder) return openFolder(options.stateFolder, this.#name, this.#onNotice);
    return withSource(this.#path, () => open(this.#path, join(options.stateFolder, 'spool'), this.#whenRoom));
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
    });
    this.#counter.phase = 'scan';
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
    const { options, stop } = this.#context;
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
    };
    let from = this.#doneOffset;
    for (const offset of this.#failedEarlier) from = Math.min(from, offset);
    try {
      for await (const member of archive.members({ from, onNotice: this.#onNotice })) {
        if (stop.aborted) return;
        const isRetry = this.#failedEarlier.has(member.headerOffset);
        if (member.headerOffset < this.#doneOffset && !isRetry) continue;
        const settled = this.#settledEarlier.get(member.headerOffset);
        const detection = settled === undefined ? await this.#detect(member) : null;
        if (settled !== undefined) {
          this.#counter.found();
          this.#onShelf(member, settled);
        } else if (detection?.kind === 'book') {
          await member.keep();
          if (!isRetry) this.#counter.found();
          batch.push({ member, format: detection.format });
          batchBytes += member.sizeBytes;
        } else if (detection) {
          this.#skipped(member, detection.reason);
        }
        end = { offset: member.endOffset, bytes: member.filePosition };
        if (batch.length >= options.batchSize || batchBytes >= largestBatchBytes) await finishBatch();
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

  /** @param end every member before this is in this batch, or has its outcome already. */
  async #processBatch(batch: readonly FoundBook[], end: DonePoint): Promise<void> {
    const { link, options, progress, stop } = this.#context;
    this.#counter.phase = 'scan';
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
    const limit = pLimit(Math.max(options.parallelUploads, this.#context.destination.storesTogether ?? 1));
    // What is claimed is uploaded as soon as that is known, so nothing that others wait for is held by one that waits.
    const outcomes = await Promise.allSettled(
      digested.map(async (book, index) => {
        const verdict = await this.#unlessStopped(verdicts[index]);
        if (verdict === null) return;
        if (verdict.kind === 'claimed' && there.has(book)) this.#thereAlready(book);
        else if (verdict.kind === 'claimed') await limit(() => this.#upload(book));
        else this.#duplicate(book, verdict.layer);
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
    if (!destination.known || stop.aborted) return new Set();
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
          try {
            return await this.#looked({ ...found, body: await digestBody(found.member) });
          } catch (thrown) {
            const unplugged = await this.#unpluggedBy(thrown);
            if (unplugged) {
              disk.gone = true;
              throw unplugged;
            }
            return { ...found, failure: toFailure(thrown, 'BOOK_NOT_READABLE') };
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
    const bytes = new MemberBytes(member);
    const found = await detectBook(member.name, bytes);
    let detection = this.#wanted(found);
    // Behind an unwanted name may be a wanted book; to tell that, not all of it has to be read.
    if (found.kind === 'book' && detection.kind === 'skipped')
      detection = this.#wanted(await correctedBook(found.format, bytes));
    if (detection.kind === 'skipped') await bytes.release();
    return detection;
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
    const { destination, link, log, metadata, progress, stop } = this.#context;
    const { member, format, body } = book;
    try {
      const says = await metadata.read(book, stop);
      if (says.warning !== null) log?.warn(`${this.#name} › ${member.name}: ${says.warning}`);
      const outcome = await destination.store({
        key: body.key,
        format,
        metadata: says,
        tar: this.#name,
        member: member.name,
        body: () => (body.kept ? [body.kept] : rereadBody(member, body.key)),
      });
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
      const failure = toFailure(thrown, 'UPLOAD_FAILED');
      const unplugged = failure.code === 'BOOK_NOT_READABLE' ? await this.#unpluggedBy(thrown) : null;
      if (unplugged) throw unplugged;
      this.#failed(member, failure);
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

const statuses = {
  completed: 'completed',
  completedWithErrors: 'completed_with_errors',
  failed: 'failed',
} as const satisfies Record<string, TarStatus>;
