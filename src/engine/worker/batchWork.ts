import { setImmediate as nextTurn } from 'node:timers/promises';
import pLimit, { type LimitFunction } from 'p-limit';
import { oneLine, toFailure, type Failure } from '../../protocol/errors.ts';
import type { BookFormat } from '../../protocol/bookFormat.ts';
import type { SkipReason } from '../../protocol/skipReason.ts';
import type { BookMetadata } from '../books/metadata/bookMetadata.ts';
import { correctedAtOnce, correctedBook } from '../books/bookType.ts';
import { wanted } from '../books/wantedBook.ts';
import { DestinationUnusable, type Book } from '../destinations/destination.ts';
import type { Batch, FoundBook } from './batch.ts';
import { handedOver, rereadBody } from '../bodies/bookBody.ts';
import { copyBody } from '../bodies/copyBody.ts';
import { digestAtOnce, digestGroups, digestMembers, type DigestedBody } from '../bodies/digest.ts';
import type { FinalVerdict } from './engineLink.ts';
import { MetadataAhead } from './metadataAhead.ts';
import type { WorkerContext } from './workerContext.ts';
import type { BookOutcomes } from './tarOutcomes.ts';
import type { SourceUnplugged } from './unplugged.ts';

/** So many books whose bodies are in memory are noted as in hand together: they are dealt with in less time than that takes. */
const notedTogether = 16;

/** So many of them are read before anything else may happen in this process: some milliseconds. */
const readInARow = 512;

interface NoBook extends FoundBook {
  readonly skipped: SkipReason;
}

interface UnreadableBook extends FoundBook {
  readonly failure: Failure;
}

interface DigestedBook extends FoundBook {
  readonly body: DigestedBody;
}

type ReadBook = DigestedBook | UnreadableBook | NoBook;

/** The books of a batch in their order, read. */
export type DigestedBatch = readonly ReadBook[];

/** With its place in the batch. */
interface IndexedBook extends FoundBook {
  readonly index: number;
}

export interface BatchWorkOptions {
  /** Whether what was thrown means that the disk of the tar is gone. */
  readonly unpluggedBy: (thrown: unknown) => Promise<SourceUnplugged | null>;
  /** Makes durable what was recorded. */
  readonly commit: () => Promise<void>;
}

/** What is done with the books of one tar, a batch at a time: digest, claim, metadata, upload. */
export class BatchWork {
  readonly #tar: string;
  readonly #context: WorkerContext;
  readonly #outcomes: BookOutcomes;
  readonly #options: BatchWorkOptions;
  /** In their order, also those of two batches. */
  readonly #groupTurns: LimitFunction;
  /** Why no further books can be read: whatever is behind would fail as well. */
  #broken: { readonly by: unknown } | null = null;
  /** All uploads of the batches before have been begun. */
  #allBegun: Promise<unknown> = Promise.resolve();

  constructor(tar: string, context: WorkerContext, outcomes: BookOutcomes, options: BatchWorkOptions) {
    this.#tar = tar;
    this.#context = context;
    this.#outcomes = outcomes;
    this.#options = options;
    this.#groupTurns = pLimit(context.digestThreads.groupsAtOnce);
  }

  /**
   * Reads and digests a batch, several books at a time: while one is hashed the next ones are read. Two batches may be at it: the
   * second goes on where the first has all in hand.
   *
   * @returns the books in their order; null after a stop
   * @throws SourceUnplugged
   */
  async digest({ books }: Batch): Promise<DigestedBatch | null> {
    const { activity, stop } = this.#context;
    const read: (ReadBook | undefined)[] = books.map(() => undefined);
    activity.begin('hash');
    try {
      await this.#digestInMemory(books, read);
      const left = books.map((found, index) => ({ ...found, index })).filter(({ index }) => !read[index]);
      const readings = digestGroups(left).map(group =>
        this.#groupTurns(async () => {
          if (!stop.aborted && !this.#broken) await this.#digestGroup(group, read);
        }),
      );
      // What is under way comes to its end before anything is done about what was thrown.
      await Promise.all(readings);
    } finally {
      activity.end('hash');
    }
    if (stop.aborted) return null;
    if (this.#broken) throw this.#broken.by;
    const all = read.filter(book => book !== undefined);
    // To end the batch without it would be to lose a book.
    if (all.length < books.length) throw new Error('a book of a batch was not read');
    return all;
  }

  /** Reads those whose bodies came along with their headers: there is nothing to wait for, and waiting costs more than they do. */
  async #digestInMemory(books: readonly FoundBook[], read: (ReadBook | undefined)[]): Promise<void> {
    const { hand, options, stop } = this.#context;
    const noted: number[] = [];
    for (let from = 0; from < books.length; from += notedTogether) {
      if (from > 0 && from % readInARow === 0) await nextTurn();
      if (stop.aborted) return;
      const end = Math.min(from + notedTogether, books.length);
      noted.length = 0;
      for (let index = from; index < end; index++) {
        const { member } = books[index] ?? {};
        if (member?.body) noted.push(member.headerOffset);
      }
      const slots = hand.takeAll(noted);
      try {
        for (let index = from; index < end; index++) {
          const found = books[index];
          if (found?.member.body)
            read[index] = this.#digestAtOnce(found, found.member.body, options.bookTypes);
        }
      } finally {
        hand.dropAll(slots);
      }
    }
  }

  /** Undefined for one that takes more than a look at its head. */
  #digestAtOnce(
    { member, format }: FoundBook,
    bytes: Buffer,
    bookTypes: readonly BookFormat[] | undefined,
  ): DigestedBook | NoBook | undefined {
    const corrected = correctedAtOnce(format, bytes);
    if (!corrected) return undefined;
    const detection = wanted(corrected, bookTypes);
    if (detection.kind === 'book') return { member, format: detection.format, body: digestAtOnce(bytes) };
    return { member, format, skipped: detection.reason };
  }

  /** Never rejects: what no book is to blame for is kept for all groups that are left. */
  async #digestGroup(group: readonly IndexedBook[], read: (ReadBook | undefined)[]): Promise<void> {
    const { activity, digestThreads, hand, metadata, stop } = this.#context;
    const slots = hand.takeAll(group.map(({ member }) => member.headerOffset));
    try {
      const wantsDescription = metadata.comesWithDigest;
      const bodies = await digestMembers(group, digestThreads, activity.addBytes, stop, wantsDescription);
      for (const [order, { index, ...found }] of group.entries()) {
        const body = bodies[order];
        if (body) read[index] = await this.#lookInto(found, body);
      }
    } catch (thrown) {
      this.#broken ??= { by: thrown };
    } finally {
      hand.dropAll(slots);
    }
  }

  /** What the bytes of a book say that it is. */
  async #lookInto(
    { member, format }: FoundBook,
    digested: PromiseSettledResult<DigestedBody>,
  ): Promise<ReadBook> {
    try {
      if (digested.status === 'rejected') throw digested.reason;
      const body = digested.value;
      // A name may lie: now that its bytes are at hand, they decide where they are sure.
      const sure = body.description?.detection ?? (await correctedBook(format, body.bytes));
      const detection = wanted(sure, this.#context.options.bookTypes);
      if (detection.kind === 'book') return { member, format: detection.format, body };
      return { member, format, skipped: detection.reason };
    } catch (thrown) {
      const gone = await this.#options.unpluggedBy(thrown);
      if (gone) throw gone;
      return { member, format, failure: toFailure(thrown, 'BOOK_NOT_READABLE') };
    }
  }

  /**
   * Claims what was digested, and uploads what it may.
   *
   * @returns whether each book of the batch has its outcome by now
   * @throws SourceUnplugged, DestinationUnusable
   */
  async settle(batch: Batch, read: DigestedBatch): Promise<boolean> {
    const { activity, link, stop, uploads } = this.#context;
    const books: DigestedBook[] = [];
    // Told only now: a batch that is given up is read again, and would tell of them again.
    for (const book of read) {
      if ('failure' in book) this.#outcomes.failed(batch, book.member, book.failure);
      else if ('skipped' in book) this.#outcomes.isNoBook(batch, book.member, book.skipped);
      else books.push(book);
    }
    if (books.length === 0) return !stop.aborted;
    activity.begin('upload');
    const asked = link.claim(books.map(book => book.body.key));
    const verdicts = await this.#unlessStopped(asked);
    const there = verdicts && (await this.#askDestination(books, verdicts));
    activity.end('upload');
    if (!verdicts || !there) {
      void asked.then(late => {
        books.forEach((book, index) => {
          this.#giveClaimBack(book, late[index]);
        });
      });
      return false;
    }
    const claimed: DigestedBook[] = [];
    const waiting: number[] = [];
    let duplicates = 0;
    for (const [index, book] of books.entries()) {
      const verdict = verdicts[index];
      if (verdict === undefined) throw new Error('a claim has no verdict');
      if (there.has(book) || (!(verdict instanceof Promise) && verdict.kind === 'duplicate')) duplicates++;
      if (this.#settleAtOnce(batch, book, verdict, there)) continue;
      if (verdict instanceof Promise) waiting.push(index);
      else claimed.push(book);
    }
    this.#context.metadata.sawClaims(books.length, duplicates);
    if (claimed.length + waiting.length === 0) return !stop.aborted;
    const { destination, hand, metadata, options } = this.#context;
    const mostUploads = Math.max(options.parallelUploads, destination.storesTogether);
    const says = new MetadataAhead(metadata, claimed, hand, mostUploads);
    // What is claimed is uploaded as soon as that is known, so nothing that others wait for is held by one that waits.
    const settled = await Promise.allSettled([
      ...this.#uploadAll(batch, claimed, says, mostUploads),
      ...waiting.map(async index => {
        const book = books[index];
        if (!book) return;
        const verdict = await this.#heard(verdicts[index]);
        if (verdict === null) {
          this.#giveClaimBack(book, verdicts[index]);
          return;
        }
        activity.begin('upload');
        try {
          if (!this.#settleAtOnce(batch, book, verdict, there))
            await uploads(() => this.#upload(batch, book, says));
        } finally {
          activity.end('upload');
        }
      }),
    ]);
    // After a stop some may be read that nobody asks for, and the tar is closed next.
    await says.idle();
    const rejected = settled.find(outcome => outcome.status === 'rejected');
    // After a stop it is the stop that counts: until then it was waited for.
    if (rejected === undefined || stop.aborted) return !stop.aborted;
    await this.#options.commit();
    throw rejected.reason;
  }

  /**
   * Uploads books in their order, once all of the batch before are begun: no more of them wait for their turn at a time than
   * there may ever be turns, for each that waits takes memory.
   *
   * @returns what rejects where a book failed in a way that is not its own; the others are uploaded nevertheless
   */
  #uploadAll(
    batch: Batch,
    books: readonly DigestedBook[],
    says: MetadataAhead,
    most: number,
  ): Promise<void>[] {
    if (books.length === 0) return [];
    const { activity, uploads } = this.#context;
    const before = this.#allBegun;
    const { promise, resolve } = Promise.withResolvers<undefined>();
    this.#allBegun = promise;
    let next = 0;
    const uploadOn = async (): Promise<void> => {
      await before;
      const failures: unknown[] = [];
      activity.begin('upload');
      try {
        for (let book = books[next++]; book; book = books[next++]) {
          const taken = book;
          if (next >= books.length) resolve(undefined);
          try {
            await uploads(() => this.#upload(batch, taken, says));
          } catch (thrown) {
            failures.push(thrown);
          }
        }
      } finally {
        activity.end('upload');
      }
      if (failures.length > 0) throw failures[0];
    };
    return Array.from({ length: Math.min(most, books.length) }, uploadOn);
  }

  /**
   * Gives a book its outcome where there is nothing to wait for.
   *
   * @returns whether it has its outcome
   */
  #settleAtOnce(
    batch: Batch,
    book: DigestedBook,
    verdict: FinalVerdict | Promise<FinalVerdict> | undefined,
    there: ReadonlySet<DigestedBook>,
  ): boolean {
    if (verdict === undefined || verdict instanceof Promise) return false;
    const { destination, link, metadata } = this.#context;
    const { member, body } = book;
    if (verdict.kind === 'duplicate') this.#outcomes.duplicate(batch, member, body.key, verdict.layer);
    else if (there.has(book)) {
      link.settle(body.key, 'stored');
      this.#outcomes.duplicate(batch, member, body.key, 'destination');
    } else if (destination.takesAtOnce && (metadata.readsNothingOf(book) || metadata.known(book))) {
      this.#warnOf(book, metadata.known(book));
      this.#outcomes.stored(batch, member, body.key, 'uploaded');
      link.settle(body.key, 'stored');
    } else return false;
    return true;
  }

  /** The verdict of a book, however long that takes; null after a stop. */
  async #heard(verdict: FinalVerdict | Promise<FinalVerdict> | undefined): Promise<FinalVerdict | null> {
    const { activity, stop } = this.#context;
    if (stop.aborted || verdict === undefined) return null;
    if (!(verdict instanceof Promise)) return verdict;
    activity.begin('othersUpload');
    try {
      return await this.#unlessStopped(verdict);
    } finally {
      activity.end('othersUpload');
    }
  }

  /** After a stop: nothing is to be held, now or later, that others may wait for while this process goes on with something else. */
  #giveClaimBack({ body }: DigestedBook, verdict: FinalVerdict | Promise<FinalVerdict> | undefined): void {
    void Promise.resolve(verdict).then(final => {
      if (final?.kind === 'claimed') this.#context.link.settle(body.key, 'failed');
    });
  }

  /**
   * Which of the books that are claimed by now the destination has. Those that wait for others' uploads are left
   * out: what is held here is not to wait for them.
   */
  async #askDestination(
    books: readonly DigestedBook[],
    verdicts: readonly (FinalVerdict | Promise<FinalVerdict>)[],
  ): Promise<ReadonlySet<DigestedBook>> {
    const { destination, stop } = this.#context;
    if (stop.aborted || !destination.isAsked) return new Set();
    const claimed = books.filter((_, index) => {
      const verdict = verdicts[index];
      return !(verdict instanceof Promise) && verdict?.kind === 'claimed';
    });
    if (claimed.length === 0) return new Set();
    try {
      const known = await destination.known(
        claimed.map(({ body, format }) => ({ key: body.key, format })),
        stop,
      );
      return new Set(claimed.filter((_, index) => known[index]));
    } catch (thrown) {
      // Without an answer each book is asked for on its way, or after the stop by the next run.
      this.#context.log?.warn(`${this.#tar}: ${oneLine(thrown)}`);
      return new Set();
    }
  }

  async #upload(batch: Batch, book: DigestedBook, metadata: MetadataAhead): Promise<void> {
    if (this.#context.stop.aborted) {
      this.#context.link.settle(book.body.key, 'failed');
      return;
    }
    const { abandon, activity, destination, hand, link, stop } = this.#context;
    const { member, format, body } = book;
    let slot = hand.take(member.headerOffset);
    // A book that lies there while its destination takes none is none to suspect.
    const onPause = (pauses: boolean): void => {
      if (pauses) hand.drop(slot);
      else slot = hand.take(member.headerOffset);
    };
    try {
      const says = await metadata.read(book, stop);
      this.#warnOf(book, says);
      const bytes = (): Iterable<Buffer> | AsyncIterable<Buffer> =>
        body.kept ? [body.kept] : rereadBody(member, body.key);
      const outcome = await destination.store(
        {
          key: body.key,
          format,
          metadata: says,
          tar: this.#tar,
          member: member.name,
          body: () => handedOver(bytes(), activity.addBytes, abandon),
          ...this.#copying(book),
        },
        abandon,
        onPause,
      );
      this.#outcomes.stored(batch, member, body.key, outcome);
      link.settle(body.key, 'stored');
    } catch (thrown) {
      link.settle(body.key, 'failed');
      // No outcome of this book: its batch is not whole, and the next run meets the book again.
      if (thrown instanceof DestinationUnusable) throw thrown;
      // Nor where the stop came while its metadata were read: it is not to be on the shelf without them.
      if (stop.aborted && thrown === stop.reason) return;
      // Cut off: it may have come to the shelf or not, and the next run asks.
      if (abandon.aborted) return;
      const failure = toFailure(thrown, 'UPLOAD_FAILED');
      const unplugged = failure.code === 'BOOK_NOT_READABLE' ? await this.#options.unpluggedBy(thrown) : null;
      if (unplugged) throw unplugged;
      this.#outcomes.failed(batch, member, failure);
    } finally {
      hand.drop(slot);
    }
  }

  #warnOf({ member }: DigestedBook, metadata: BookMetadata | null): void {
    const warning = metadata?.warning ?? null;
    if (warning !== null) this.#context.log?.warn(`${this.#tar} › ${member.name}: ${warning}`);
  }

  /** For a book that lies in an open file. */
  #copying({ member, body: { key, place } }: DigestedBook): Pick<Book, 'copyTo'> {
    if (!place) return {};
    const { abandon, activity, copyThread } = this.#context;
    return {
      copyTo: path => copyBody({ member, place, key }, path, copyThread, activity.addBytes, abandon),
    };
  }

  /** What the engine answers, or null when the stop came first: the engine that would answer may be gone. */
  #unlessStopped<T>(answer: Promise<T>): Promise<T | null> {
    const { stop } = this.#context;
    if (stop.aborted) return Promise.resolve(null);
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
}
