import { constants } from 'node:fs';
import { copyFile, open, rm, stat, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { wereWanted } from '../../protocol/bookFormat.ts';
import type { BookKey } from '../../protocol/bookKey.ts';
import { oneLine, systemCode, TarshelfError, type Failure } from '../../protocol/errors.ts';
import { journalFileName, progressFileName } from '../../protocol/progressFile.ts';
import { isFurther, type ResumePoint } from '../../protocol/resumePoint.ts';
import { sentence } from '../../protocol/sentences.ts';
import type { BookCounts } from '../../protocol/snapshot.ts';
import type { DuplicateLayer } from '../../protocol/snapshot.ts';
import { KeyTable } from '../dedupe/keyTable.ts';
import { readChunks, replaceFile, syncFile } from '../system/durableFiles.ts';
import {
  Journal,
  JournalLines,
  replayJournal,
  type BookLine,
  type JournalEntry,
  type JournalLine,
  type Replay,
  type TarStatus,
} from './journal.ts';
import { JsonDamage } from './jsonScanner.ts';
import {
  asideName,
  guessBooks,
  notReadable,
  readProgressFile,
  setAside,
  type OnKey,
  type ProgressContents,
} from './progressReader.ts';
import { ProgressRecord, type DonePoint, type WantedTar } from './progressRecord.ts';

/*
 * What lives in this folder: what a worker remembers across runs, as a progress file in the documented format
 * and a journal of what was appended since that was last rewritten.
 *
 *   outcomes ──commit──▶ journal, one write and one fsync ──now and then, and at the end──▶ progress file
 *
 * It promises that
 * - what `commit` returned for is read by the next run, whatever is killed and whenever;
 * - the progress file is whole at every moment, and has each book once;
 * - a journal cut off anywhere comes back as a prefix of what was appended;
 * - what cannot be read is kept aside and reported, never overwritten;
 * - memory does not grow with the number of books but for 40 bytes each.
 *
 * Both files together are the progress. Lines of the journal are numbered, and the progress file says up to
 * which number it includes them: so it does not matter when, or whether, the journal is emptied after the
 * progress file was rewritten. Whoever reads the progress file alone, as the Python system does, misses after a
 * kill what the journal has; the next start of the worker folds it in.
 */

/** When the progress file is rewritten. */
export interface RewritePolicy {
  /** Share of the run's time that may go into it. */
  readonly share: number;
  /** A journal of this length is folded in whatever that costs. */
  readonly largestJournalBytes: number;
}

const trickleEveryMs = 250;

const defaultPolicy: RewritePolicy = { share: 0.02, largestJournalBytes: 64 * 1024 * 1024 };

/** Until the first rewrite was measured: what one takes at least, and how fast it goes. */
const assumedRewrite = { leastMs: 20, bytesPerMs: 50_000 };

/** Tells of something a person should know, such as a damaged file that was kept aside. */
export type OnKeptAside = (message: string) => void;

/**
 * All that is recorded of a worker: what its progress file and its journal say together. For the engine, which
 * reads everybody's; nothing is changed but that a progress file which cannot be read is put aside.
 *
 * @param onKey is told of every recorded book, of some twice.
 * @returns null where there is no record.
 * @throws TarshelfError `PROGRESS_NOT_READABLE`
 */
export async function readProgress(
  stateFolder: string,
  worker: number,
  onKey: OnKey,
  onKeptAside: OnKeptAside,
): Promise<ProgressRecord | null> {
  const contents = await readOrSetAside(join(stateFolder, progressFileName(worker)), onKey, onKeptAside);
  return await withJournal(stateFolder, worker, contents, onKey);
}

/**
 * What a worker's journal says besides its progress file.
 *
 * @param contents of the file, whose record is changed; null where there is none
 * @returns null where there is no record.
 * @throws TarshelfError `PROGRESS_NOT_READABLE`
 */
export async function withJournal(
  stateFolder: string,
  worker: number,
  contents: ProgressContents | null,
  onKey: OnKey,
): Promise<ProgressRecord | null> {
  const record = contents?.record ?? new ProgressRecord();
  const replay = await replayOnto(record, join(stateFolder, journalFileName(worker)), line => {
    if (line.kind === 'book') onKey(line.sha1, line.size);
  });
  return contents || replay.lastNumber !== null ? record : null;
}

/**
 * All that is recorded of a worker but its books, for whoever only looks: nothing is locked and nothing changed.
 * What cannot be read counts as not there.
 *
 * @returns null where there is no record.
 * @throws TarshelfError `PROGRESS_NOT_READABLE`
 */
export async function peekProgress(stateFolder: string, worker: number): Promise<ProgressRecord | null> {
  const path = join(stateFolder, progressFileName(worker));
  // A rewrite between the two reads empties the journal of what the file read before does not have.
  for (let attempt = 0; attempt < attemptsToPeek; attempt++) {
    const before = await fileVersion(path);
    const contents = await readProgressFile(path, () => undefined).catch((thrown: unknown) => {
      if (thrown instanceof JsonDamage) return null;
      throw thrown;
    });
    const record = contents?.record ?? new ProgressRecord();
    const replay = await replayOnto(record, join(stateFolder, journalFileName(worker)), () => undefined);
    if ((await fileVersion(path)) === before) return contents || replay.lastNumber !== null ? record : null;
  }
  throw new TarshelfError(
    'PROGRESS_NOT_READABLE',
    `The progress file ${path} was rewritten each time it was read. Try again in a moment.`,
  );
}

const attemptsToPeek = 10;

async function fileVersion(path: string): Promise<string> {
  try {
    const { ino, size, mtimeNs } = await stat(path, { bigint: true });
    return `${String(ino)} ${String(size)} ${String(mtimeNs)}`;
  } catch (thrown) {
    if (systemCode(thrown) === 'ENOENT') return '';
    throw notReadable(path, thrown);
  }
}

/**
 * The progress of one worker. Only the process that holds the worker's lock may write it. More may be recorded while a
 * `commit` is under way, and commits that are asked for meanwhile are one, which comes next; nothing may be while it closes.
 */
export class WorkerProgress {
  readonly #path: string;
  readonly #journalPath: string;
  readonly #journal: Journal;
  readonly #record: ProgressRecord;
  readonly #policy: RewritePolicy;
  readonly #onKeptAside: OnKeptAside;
  /** Each book once: what the progress file and the journal have. */
  readonly #known: KeyTable;
  /** Numbers of journal lines whose book the progress file has already. */
  readonly #repeated: Set<number>;
  /** The progress file's entries, to be copied at the next rewrite; null where there is no file. */
  #contents: Pick<ProgressContents, 'entries' | 'sizeBytes'> | null;
  #lastNumber: number;
  /** Number of the last line in the journal, and of the last one that the progress file includes. */
  #appended: number;
  #applied: number;
  #pending = new JournalLines();
  /** Room for the next ones, while those are on their way. */
  #spare = new JournalLines();
  /** Under way while a batch goes on. */
  #trickling: Promise<void> | null = null;
  /** The last commit, which nothing else may overtake. */
  #committing: Promise<void> = Promise.resolve();
  #isCommitting = false;
  /** The one that begins when that has ended. */
  #nextCommit: Promise<void> | null = null;
  #lastAppendAt = performance.now();
  /** A rewrite is due whatever it costs: there is no file yet, or a kill left a journal. */
  #mustRewrite: boolean;
  readonly #loadedAt = performance.now();
  #rewritesMs = 0;
  #lastRewriteMs: number | null = null;

  private constructor(
    paths: { progress: string; journal: string },
    loaded: {
      journal: Journal;
      record: ProgressRecord;
      known: KeyTable;
      repeated: Set<number>;
      contents: ProgressContents | null;
      lastNumber: number;
    },
    policy: RewritePolicy,
    onKeptAside: OnKeptAside,
  ) {
    this.#path = paths.progress;
    this.#journalPath = paths.journal;
    this.#journal = loaded.journal;
    this.#record = loaded.record;
    this.#known = loaded.known;
    this.#repeated = loaded.repeated;
    this.#contents = loaded.contents;
    this.#lastNumber = this.#appended = loaded.lastNumber;
    this.#applied = loaded.record.journalApplied;
    this.#mustRewrite = loaded.contents === null || loaded.journal.sizeBytes > 0;
    this.#policy = policy;
    this.#onKeptAside = onKeptAside;
  }

  /**
   * Reads a worker's progress; without any, progress begins empty.
   *
   * @param onKeptAside is told of what could not be read, which is kept under another name.
   * @throws TarshelfError `PROGRESS_NOT_READABLE` or `STATE_NOT_WRITABLE`
   */
  static async load(
    stateFolder: string,
    worker: number,
    onKeptAside: OnKeptAside,
    policy: Partial<RewritePolicy> = {},
  ): Promise<WorkerProgress> {
    const path = join(stateFolder, progressFileName(worker));
    const journalPath = join(stateFolder, journalFileName(worker));
    const { contents, known } = await readClean(path, onKeptAside);
    try {
      const record = contents?.record ?? new ProgressRecord();
      const repeated = new Set<number>();
      const replay = await replayOnto(record, journalPath, line => {
        if (line.kind !== 'book') return;
        if (known.hasSha1(line.sha1)) repeated.add(line.n);
        else known.set(line.sha1, line.size, 0);
      });
      await keepTailAside(journalPath, replay, onKeptAside);
      const journal = await Journal.open(journalPath, replay);
      const lastNumber = Math.max(record.journalApplied, replay.lastNumber ?? 0);
      return new WorkerProgress(
        { progress: path, journal: journalPath },
        { journal, record, known, repeated, contents, lastNumber },
        { ...defaultPolicy, ...policy },
        onKeptAside,
      );
    } catch (thrown) {
      throw notWritable(path, thrown);
    }
  }

  /** What is recorded, but for the books on the shelf. */
  get record(): Pick<
    ProgressRecord,
    'tar' | 'completedTars' | 'currentTar' | 'assignedTars' | 'destination'
  > {
    return this.#record;
  }

  /** Records the tars dealt to this worker, and the destination that its books are on. */
  assign(tars: readonly string[], destination: string): void {
    this.#add({ kind: 'assigned', tars: [...tars], destination });
  }

  /**
   * Records that a tar is begun, or gone on with where an earlier run left the same unchanged tar unfinished.
   *
   * @param readsInPlace it is not compressed
   * @param offered what other workers have recorded of the tar, which counts where that is more than our own
   * @returns where to go on: nothing is to be done for members whose header stands before `doneOffset`, but
   *   for those in `failed`, which are to be tried again; nor for those in `settled`, but to count them.
   */
  beginTar(
    name: string,
    path: string,
    { readsInPlace = false, ...wanted }: WantedTar & { readonly readsInPlace?: boolean },
    now: Date,
    offered: ResumePoint | null = null,
  ): ResumePoint {
    const { sizeBytes: size, mtimeMs: mtime_ms, bookTypes } = wanted;
    const isSameTar = offered?.tarSizeBytes === size && offered.tarMtimeMs === mtime_ms;
    if (
      isSameTar &&
      wereWanted(bookTypes, offered.bookTypes) &&
      isFurther(offered, this.#record.resumePoint(name, wanted))
    ) {
      const { doneOffset: offset, doneBytes: bytes, counts, failed, settled } = offered;
      this.#add({
        ...{ kind: 'adopted', tar: name, size, mtime_ms, offset, bytes, counts, failed, settled },
        ...(offered.doubts === undefined ? {} : { doubts: offered.doubts }),
        ...(offered.bookTypes ? { book_types: offered.bookTypes } : {}),
      });
    }
    this.#add({
      ...{ kind: 'begun', tar: name, path, size, mtime_ms, at: localTime(now) },
      ...(readsInPlace ? { in_place: true } : {}),
      ...(bookTypes ? { book_types: [...bookTypes] } : {}),
    });
    return this.#record.resumePoint(name, wanted);
  }

  /**
   * Records a book that the destination has. One that is recorded already stays as it is.
   *
   * @param settles the member whose outcome that is, in a batch that has still to end
   */
  addBook(
    key: BookKey,
    member: string,
    status: 'uploaded' | 'already_exists',
    now: Date,
    settles?: { tar: string; headerOffset: number; outcome: 'uploaded' | 'destination' },
  ): void {
    // Entries are known by SHA-1 alone in the documented format: a second one would shadow the first.
    if (!this.#known.setNewSha1(key.sha1, key.sizeBytes, 0)) return;
    const { sha1, sizeBytes: size } = key;
    this.#add({
      kind: 'book',
      sha1,
      size,
      file: withoutNul(member),
      status,
      at: localTime(now),
      ...(settles
        ? { member: { tar: settles.tar, header_offset: settles.headerOffset, outcome: settles.outcome } }
        : {}),
    });
  }

  /**
   * Writes what was recorded now and then while a batch goes on, so that a kill costs no more than a moment of it.
   * Nothing is thrown: what could not be written is written by the next {@link commit}, which says so.
   */
  trickle(): void {
    const now = performance.now();
    if (this.#trickling || this.#isCommitting) return;
    if (this.#pending.isEmpty || now - this.#lastAppendAt < trickleEveryMs) return;
    this.#trickling = this.#append()
      .catch(() => undefined)
      .finally(() => {
        this.#trickling = null;
      });
  }

  /** Records a book that failed, by the position of its header in the tar. */
  addFailure(
    tar: string,
    member: { headerOffset: number; sizeBytes: number; name: string },
    failure: Failure,
  ): void {
    this.#add({
      kind: 'failed',
      tar,
      header_offset: member.headerOffset,
      size: member.sizeBytes,
      file: withoutNul(member.name),
      ...failure,
      attempts: this.#record.attempts(tar, member.headerOffset) + 1,
    });
  }

  /** Records that a book listed in `failed` at the tar's beginning has an outcome now. */
  resolveFailure(tar: string, headerOffset: number, outcome: 'uploaded' | DuplicateLayer): void {
    this.#add({ kind: 'resolved', tar, header_offset: headerOffset, outcome });
  }

  /** Records that a book listed in `failed` at the tar's beginning is given up, and counts as skipped. */
  skipFailure(tar: string, headerOffset: number): void {
    this.#add({ kind: 'skipped', tar, header_offset: headerOffset });
  }

  /**
   * Records that every member of the tar before a point has its outcome. Batches of a tar end in order.
   *
   * @param counts what exactly those members were counted as.
   */
  endBatch(tar: string, done: DonePoint, counts: BookCounts): void {
    this.#add({ kind: 'batch', tar, ...done, counts: structuredClone(counts) });
  }

  endTar(tar: string, status: TarStatus, counts: BookCounts, error: string | null, now: Date): void {
    this.#add({ kind: 'ended', tar, status, counts: structuredClone(counts), error, at: localTime(now) });
  }

  /** Records that a tar is to be read from its start by the next run, whether or not it seems unchanged. */
  doubtTar(tar: string): void {
    this.#add({ kind: 'doubted', tar });
  }

  /** Records where a tar lies that was moved out of the way. */
  moveTar(tar: string, path: string): void {
    this.#add({ kind: 'moved', tar, path });
  }

  /**
   * Makes all that was recorded durable: appended to the journal, and, as often as its cost allows, folded
   * into the progress file.
   *
   * @throws TarshelfError `STATE_NOT_WRITABLE`; nothing recorded is lost by it, the next call tries again.
   */
  commit(): Promise<void> {
    if (this.#nextCommit) return this.#nextCommit;
    const commit = this.#committing.then(() => {
      this.#nextCommit = null;
      return this.#commit();
    });
    this.#nextCommit = commit;
    this.#committing = commit.catch(() => undefined);
    return commit;
  }

  async #commit(): Promise<void> {
    this.#isCommitting = true;
    try {
      await this.#trickling;
      await this.#append();
      await this.#journal.sync();
      if (this.#rewriteDue()) await this.#rewrite();
    } catch (thrown) {
      throw notWritable(this.#path, thrown);
    } finally {
      this.#isCommitting = false;
    }
  }

  /**
   * Makes all that was recorded durable in the progress file itself, and leaves no journal.
   *
   * @throws TarshelfError `STATE_NOT_WRITABLE`
   */
  async close(): Promise<void> {
    try {
      await this.#trickling;
      await this.#append();
      await this.#journal.sync();
      if (this.#journal.sizeBytes > 0 || this.#mustRewrite) await this.#rewrite();
      await this.#journal.close();
      await rm(this.#journalPath, { force: true });
    } catch (thrown) {
      await this.#journal.close().catch(() => undefined);
      throw notWritable(this.#path, thrown);
    }
  }

  /**
   * Makes all that was recorded durable in the journal and closes that, for who has no time left: the next start folds
   * it in. Nothing may be committed after it.
   *
   * @throws TarshelfError `STATE_NOT_WRITABLE`
   */
  async closeJournal(): Promise<void> {
    try {
      await this.#committing;
      await this.#trickling;
      await this.#append();
      await this.#journal.sync();
      await this.#journal.close();
    } catch (thrown) {
      throw notWritable(this.#path, thrown);
    }
  }

  #add(entry: JournalEntry): void {
    this.#record.apply(entry);
    this.#pending.add(++this.#lastNumber, entry);
  }

  async #append(): Promise<void> {
    const lines = this.#pending;
    this.#lastAppendAt = performance.now();
    if (lines.isEmpty) return;
    const last = this.#lastNumber;
    this.#pending = this.#spare;
    this.#spare = lines;
    try {
      await this.#journal.append(lines);
    } catch (thrown) {
      // Before what came meanwhile.
      lines.addAll(this.#pending);
      this.#spare = this.#pending;
      this.#pending = lines;
      throw thrown;
    } finally {
      this.#spare.clear();
    }
    this.#appended = last;
  }

  /** The same without a moment in between. None may be under way. */
  #appendNow(): void {
    if (this.#pending.isEmpty) return;
    this.#journal.appendNow(this.#pending);
    this.#pending.clear();
    this.#appended = this.#lastNumber;
  }

  #rewriteDue(): boolean {
    const { sizeBytes } = this.#journal;
    if (this.#mustRewrite) return true;
    if (sizeBytes === 0) return false;
    if (sizeBytes >= this.#policy.largestJournalBytes) return true;
    const fileBytes = (this.#contents?.sizeBytes ?? 0) + sizeBytes;
    const expectedMs = Math.max(
      this.#lastRewriteMs ?? 0,
      assumedRewrite.leastMs + fileBytes / assumedRewrite.bytesPerMs,
    );
    const elapsedMs = performance.now() - this.#loadedAt;
    return this.#rewritesMs + expectedMs <= this.#policy.share * elapsedMs;
  }

  /**
   * Replaces the progress file by one that includes the journal, then empties that. A kill in between leaves
   * lines that the file's `journal_applied` tells to be old.
   */
  async #rewrite(): Promise<void> {
    const startedAt = performance.now();
    await this.#mindOthers();
    // More may have been recorded meanwhile. What the head says has to be in the journal, so both are of one moment.
    this.#appendNow();
    const head = [...this.#record.headText(this.#appended)];
    const text = new ProgressText();
    const applied = this.#appended;
    await this.#journal.sync();
    await replaceFile(this.#path, this.#fileText(text, head));
    this.#applied = applied;
    this.#contents = { entries: text.entries, sizeBytes: text.sizeBytes };
    this.#mustRewrite = false;
    await this.#journal.empty();
    this.#repeated.clear();
    this.#lastRewriteMs = performance.now() - startedAt;
    this.#rewritesMs += this.#lastRewriteMs;
  }

  async *#fileText(text: ProgressText, head: readonly string[]): AsyncGenerator<Buffer> {
    for (const piece of head) yield text.head(piece);
    for await (const piece of this.#oldEntries()) yield text.copied(piece);
    text.countCopied(this.#contents?.entries.count ?? 0);
    const room = Buffer.allocUnsafeSlow(writtenTogether);
    let filled = 0;
    for await (const books of this.#journal.books()) {
      const added = books.filter(({ n }) => n > this.#applied && !this.#repeated.has(n));
      if (added.length === 0) continue;
      const entries = text.added(added);
      if (filled + entries.length > room.length) {
        yield room.subarray(0, filled);
        filled = 0;
      }
      if (entries.length > room.length) yield Buffer.from(entries, 'latin1');
      else filled += room.write(entries, filled, 'latin1');
    }
    yield room.subarray(0, filled);
    yield text.tail();
  }

  /** The bytes of the entries that the file has. */
  async *#oldEntries(): AsyncGenerator<Buffer> {
    if (!this.#contents || this.#contents.entries.count === 0) return;
    const { entries } = this.#contents;
    const handle = await open(this.#path, 'r');
    try {
      yield* readChunks(handle, entries.start, entries.end);
    } finally {
      await handle.close();
    }
  }

  /**
   * Reads the progress file again when it is not as it was left: another program has changed it, and bytes
   * copied from where entries once stood would be no entries. Its books are kept; what it says of tars is not.
   */
  async #mindOthers(): Promise<void> {
    if (await isAsLeft(this.#path, this.#contents)) return;
    const { contents, known } = await readClean(this.#path, this.#onKeptAside);
    // An empty file is as good as none, and was there before.
    if (!contents && !this.#contents) return;
    this.#contents = contents;
    this.#repeated.clear();
    for await (const books of this.#journal.books())
      for (const { n, sha1 } of books) if (known.hasSha1(sha1)) this.#repeated.add(n);
    this.#onKeptAside(
      `The progress file ${this.#path} was changed by another program during the run. ` +
        'The books in it are kept; what it says of tars is as this run has it.',
    );
  }
}

/** So many bytes of new entries are written at a time. */
const writtenTogether = 512 * 1024;

/** Lays out a progress file and notes where its entries come to stand. */
class ProgressText {
  sizeBytes = 0;
  #start = 0;
  #end = 0;
  #count = 0;

  get entries(): { start: number; end: number; count: number } {
    return { start: this.#start, end: this.#end, count: this.#count };
  }

  head(text: string): Buffer {
    const bytes = this.#out(Buffer.from(text));
    this.#start = this.#end = this.sizeBytes;
    return bytes;
  }

  copied(bytes: Buffer): Buffer {
    this.#out(bytes);
    this.#end = this.sizeBytes;
    return bytes;
  }

  countCopied(count: number): void {
    this.#count = count;
  }

  /** @returns bytes, one a character */
  added(books: readonly BookLine[]): string {
    const separator = this.#count > 0 ? ',\n' : '\n';
    this.#count += books.length;
    const entries = separator + books.map(entryText).join(',\n');
    this.#end = this.sizeBytes += entries.length;
    return entries;
  }

  tail(): Buffer {
    return this.#out(Buffer.from(this.#count > 0 ? '\n  }\n}\n' : '}\n}\n'));
  }

  #out(bytes: Buffer): Buffer {
    this.sizeBytes += bytes.length;
    return bytes;
  }
}

function entryText({ sha1, file, status, at, size }: BookLine): string {
  return `    "${sha1}": {"file":${file},"status":"${status}","uploaded_at":"${at}","size":${size}}`;
}

/** Reads a progress file; one that cannot be read is put aside and reported. */
export async function readOrSetAside(
  path: string,
  onKey: OnKey,
  onKeptAside: OnKeptAside,
): Promise<ProgressContents | null> {
  try {
    return await readProgressFile(path, onKey);
  } catch (thrown) {
    if (!(thrown instanceof JsonDamage)) throw thrown;
    const aside = await setAside(path);
    onKeptAside(
      `The progress file ${path} could not be read (${thrown.message}) and was kept as ${aside}; its books are known again from the destination.`,
    );
    return null;
  }
}

/** Reads a progress file, and makes it clean first where it is not; with all the books that it has. */
async function readClean(
  path: string,
  onKeptAside: OnKeptAside,
): Promise<{ contents: ProgressContents | null; known: KeyTable }> {
  for (;;) {
    const known = new KeyTable();
    known.reserve(await guessBooks(path));
    const contents = await readOrSetAside(
      path,
      (sha1, sizeBytes) => {
        known.set(sha1, sizeBytes, 0);
      },
      onKeptAside,
    );
    if (!contents) return { contents, known: new KeyTable() };
    if (contents.unclean === null) return { contents, known };
    try {
      await cleanUp(path, contents, contents.unclean, onKeptAside);
    } catch (thrown) {
      throw notWritable(path, thrown);
    }
  }
}

/** Whether a file can be what was last read or written: of the same length, with entries in the same place. */
async function isAsLeft(
  path: string,
  contents: Pick<ProgressContents, 'entries' | 'sizeBytes'> | null,
): Promise<boolean> {
  let handle: FileHandle;
  try {
    handle = await open(path, 'r');
  } catch (thrown) {
    if (systemCode(thrown) === 'ENOENT') return contents === null;
    throw thrown;
  }
  try {
    const { size } = await handle.stat();
    if (contents?.sizeBytes !== size) return false;
    if (contents.entries.count === 0) return true;
    const { buffer } = await handle.read(Buffer.alloc(1), 0, 1, contents.entries.start - 1);
    return buffer.toString() === '{';
  } finally {
    await handle.close();
  }
}

/** Keeps a file aside as it is, and leaves of it the one object that counts. */
async function cleanUp(
  path: string,
  contents: ProgressContents,
  unclean: string,
  onKeptAside: OnKeptAside,
): Promise<void> {
  const aside = asideName(path);
  await copyFile(path, aside, constants.COPYFILE_EXCL);
  await syncFile(aside);
  const handle = await open(path, 'r');
  try {
    await replaceFile(path, decoded(readChunks(handle, contents.start, contents.end)));
  } finally {
    await handle.close();
  }
  onKeptAside(
    `The progress file ${path} was not clean (${unclean}): its last whole part is used, and the file was kept as ${aside}.`,
  );
}

/** UTF-8, whatever the bytes are. */
async function* decoded(chunks: AsyncIterable<Buffer>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  for await (const chunk of chunks) yield decoder.decode(chunk, { stream: true });
  yield decoder.decode();
}

/** Applies what a journal has beyond the record; older lines are passed over. */
async function replayOnto(
  record: ProgressRecord,
  path: string,
  onLine: (line: JournalLine) => void,
): Promise<Replay> {
  const { journalApplied } = record;
  try {
    return await replayJournal(path, line => {
      if (line.n <= journalApplied) return;
      record.apply(line);
      onLine(line);
    });
  } catch (thrown) {
    throw notReadable(path, thrown);
  }
}

/** Keeps what stands behind the whole lines of a journal, before it is cut off. */
async function keepTailAside(path: string, replay: Replay, onKeptAside: OnKeptAside): Promise<void> {
  if (replay.validBytes === replay.sizeBytes) return;
  const aside = asideName(path);
  const handle = await open(path, 'r');
  try {
    await replaceFile(aside, readChunks(handle, replay.validBytes, replay.sizeBytes));
  } finally {
    await handle.close();
  }
  onKeptAside(
    `The journal ${path} is damaged from byte ${String(replay.validBytes)} on: what stands before is used, the rest was kept as ${aside}. ` +
      'Its books are looked at again.',
  );
}

function notWritable(path: string, thrown: unknown): TarshelfError {
  if (thrown instanceof TarshelfError) return thrown;
  return new TarshelfError('STATE_NOT_WRITABLE', sentence('progressNotSaved', path, oneLine(thrown)), {
    cause: thrown,
  });
}

function withoutNul(text: string): string {
  return text.includes('\0') ? text.replaceAll('\0', '') : text;
}

/** Of the last second that was asked for: many books are recorded in each. */
const lastTime = { second: Number.NaN, text: '' };

/** `YYYY-MM-DD HH:MM:SS` in local time, as the documented format has it. */
function localTime(date: Date): string {
  const second = Math.floor(date.getTime() / 1000);
  if (second !== lastTime.second) {
    lastTime.second = second;
    lastTime.text = localTimeText(date);
  }
  return lastTime.text;
}

function localTimeText(date: Date): string {
  const two = (n: number): string => String(n).padStart(2, '0');
  const day = `${String(date.getFullYear())}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}
