import * as v from 'valibot';
import { wereWanted } from '../../protocol/bookFormat.ts';
import {
  completedTarStatuses,
  progressHeadSchema,
  type FailedBook,
  type ShelfOutcome,
  type TarProgress,
} from '../../protocol/progressFile.ts';
import { addSkipped, type SkippedByReason, type SkipReason } from '../../protocol/skipReason.ts';
import type { ResumePoint } from '../../protocol/resumePoint.ts';
import { noCounts, type BookCounts } from '../../protocol/snapshot.ts';
import type { FileIdentity } from '../archive/byteSource.ts';
import type { JournalEntry } from './journal.ts';

/** How far a tar is done: every member before has its outcome. */
export interface DonePoint {
  /** Where the next member's headers begin. In a compressed tar this is a position in what is unpacked. */
  readonly offset: number;
  /** How much of the tar's file that is, from 0 to its size. */
  readonly bytes: number;
}

/** A tar as it is now, and what is wanted of it. */
export interface WantedTar extends FileIdentity {
  /** Only books of these types; undefined for all. */
  readonly bookTypes?: readonly string[] | undefined;
}

/** What has failed of a tar: its books, and itself where the message is not null. */
export interface RecordedFailure {
  readonly books: readonly FailedBook[];
  readonly message: string | null;
  readonly counts: BookCounts;
  readonly entry: Readonly<TarProgress>;
}

interface TarRecord {
  entry: TarProgress;
  /** By header offset. */
  failed: Map<number, FailedBook>;
  /** Members behind the point up to which all have their outcome, by header offset. */
  settled: Map<number, ShelfOutcome>;
}

/**
 * All that a progress file says but for `completed_files`: small enough to be kept in memory. It changes by
 * journal entries only, so that a replay makes the same of it as the run itself did.
 */
export class ProgressRecord {
  readonly #completedTars: Set<string>;
  #currentTar: string | null;
  readonly #tars = new Map<string, TarRecord>();
  #assignedTars: readonly string[];
  #destination: string | undefined;
  readonly #journalApplied: number;
  /** Keys that are not ours, as they were written. */
  readonly #otherKeys = new Map<string, string>();

  /**
   * @param keys the top-level keys of a progress file but `completed_files`, each with its value as JSON text.
   * @throws an error where a known key is not what the format says.
   */
  constructor(keys: ReadonlyMap<string, string> = new Map()) {
    const known: Record<string, unknown> = {};
    for (const [key, text] of keys) {
      if (Object.hasOwn(progressHeadSchema.entries, key)) known[key] = JSON.parse(text);
      else this.#otherKeys.set(key, text);
    }
    const head = v.parse(progressHeadSchema, known);
    this.#completedTars = new Set(head.completed_tars);
    this.#currentTar = head.current_tar;
    for (const [tar, { failed_books, settled, ...entry }] of Object.entries(head.tar_progress ?? {})) {
      const failed = new Map((failed_books ?? []).map(book => [book.header_offset, book]));
      this.#tars.set(tar, { entry, failed, settled: new Map(settled) });
    }
    this.#assignedTars = head.assigned_tars ?? [];
    this.#destination = head.destination;
    this.#journalApplied = head.journal_applied ?? 0;
  }

  get currentTar(): string | null {
    return this.#currentTar;
  }

  get assignedTars(): readonly string[] {
    return this.#assignedTars;
  }

  get destination(): string | undefined {
    return this.#destination;
  }

  /** Number of the last journal line that the file included when it was read. */
  get journalApplied(): number {
    return this.#journalApplied;
  }

  get completedTars(): readonly string[] {
    return [...this.#completedTars];
  }

  /** All tars that something is recorded of. */
  get tarNames(): Iterable<string> {
    return this.#tars.keys();
  }

  /** What is recorded of a tar. */
  tar(name: string): Readonly<TarProgress> | undefined {
    return this.#tars.get(name)?.entry;
  }

  /** Whether books of a tar have failed, or the tar as a whole. */
  hasFailures(name: string): boolean {
    const record = this.#tars.get(name);
    if (!record || this.isCompleted(name)) return false;
    return record.failed.size > 0 || failedStatuses.has(record.entry.status ?? '');
  }

  /** Whether nothing is left to do in a tar, as long as that does not change. */
  isCompleted(name: string): boolean {
    return this.#completedTars.has(name) || completedTarStatuses.has(this.tar(name)?.status ?? '');
  }

  /** Whether that is so for all these types of books; undefined for all. */
  isCompletedFor(name: string, bookTypes: readonly string[] | undefined): boolean {
    const entry = this.tar(name) ?? {};
    return this.isCompleted(name) && coversTypes(entry, entry.skipped_by, bookTypes);
  }

  /** What has failed of a tar; null where nothing has. */
  failureOf(name: string): RecordedFailure | null {
    const record = this.#tars.get(name);
    if (!record || !this.hasFailures(name)) return null;
    const { entry, failed } = record;
    return {
      books: [...failed.values()],
      message: entry.status === 'failed' ? (entry.error_message ?? 'it failed') : null,
      counts: { ...countsOf(entry), ...(failed.size > 0 ? { failed: failed.size } : {}) },
      entry,
    };
  }

  attempts(tar: string, headerOffset: number): number {
    return this.#tars.get(tar)?.failed.get(headerOffset)?.attempts ?? 0;
  }

  /**
   * What an earlier run counted in a tar that it completed, or null where the tar is to be read: never
   * completed, changed since, or for fewer types of books. The Python system records neither size nor time, so its word is
   * taken.
   */
  completedEarlier(name: string, tar: WantedTar): BookCounts | null {
    const entry = this.tar(name);
    if (!this.isCompletedFor(name, tar.bookTypes)) return null;
    if ((entry?.tar_size ?? tar.sizeBytes) !== tar.sizeBytes) return null;
    if ((entry?.tar_mtime_ms ?? tar.mtimeMs) !== tar.mtimeMs) return null;
    return countsOf(entry ?? {});
  }

  /**
   * Where to go on in a tar that an earlier run did not complete; its start when it has changed since, or books of more types
   * are wanted now.
   */
  resumePoint(name: string, wanted: WantedTar): ResumePoint {
    const record = this.#tars.get(name);
    const tar = {
      ...{ tarSizeBytes: wanted.sizeBytes, tarMtimeMs: wanted.mtimeMs },
      ...(record?.entry.doubts !== undefined && isSameTar(record, wanted)
        ? { doubts: record.entry.doubts }
        : {}),
    };
    if (!record || !canResume(record, wanted))
      return { ...tar, doneOffset: 0, doneBytes: 0, counts: noCounts(), failed: [], settled: [] };
    const {
      done_offset: doneOffset = 0,
      done_bytes: doneBytes = 0,
      done_counts: counts = noCounts(),
      book_types: bookTypes,
    } = record.entry;
    return {
      ...tar,
      ...(bookTypes ? { bookTypes } : {}),
      doneOffset,
      doneBytes,
      counts: structuredClone(counts),
      failed: [...record.failed.values()].filter(book => book.header_offset < doneOffset),
      settled: [...record.settled].filter(([headerOffset]) => headerOffset >= doneOffset),
    };
  }

  apply(entry: JournalEntry): void {
    switch (entry.kind) {
      case 'assigned':
        this.#assignedTars = entry.tars;
        this.#destination = entry.destination;
        break;
      case 'begun':
        this.#begin(entry);
        break;
      case 'adopted':
        this.#adopt(entry);
        break;
      case 'book':
        if (entry.member)
          this.#record(entry.member.tar).settled.set(entry.member.header_offset, entry.member.outcome);
        break;
      case 'failed': {
        const { header_offset, size, file, code, message, attempts } = entry;
        const book: FailedBook = { header_offset, size, file, code, message, attempts };
        this.#record(entry.tar).failed.set(header_offset, book);
        break;
      }
      case 'resolved':
        this.#resolve(entry);
        break;
      case 'skipped':
        this.#skip(entry);
        break;
      case 'batch': {
        const record = this.#record(entry.tar);
        const offset = Math.max(record.entry.done_offset ?? 0, entry.offset);
        setFigures(record, entry.counts);
        record.entry.done_offset = offset;
        record.entry.done_bytes = Math.max(record.entry.done_bytes ?? 0, entry.bytes);
        record.entry.done_counts = structuredClone(entry.counts);
        for (const headerOffset of record.settled.keys())
          if (headerOffset < offset) record.settled.delete(headerOffset);
        break;
      }
      case 'ended':
        this.#end(entry);
        break;
      case 'doubted':
        this.#doubt(this.#record(entry.tar));
        break;
      case 'moved': {
        const record = this.#tars.get(entry.tar);
        if (record) record.entry = { ...record.entry, tar_file: entry.path };
        break;
      }
      default:
        entry satisfies never;
    }
  }

  /** The progress file's text up to where the entries of `completed_files` begin. */
  *headText(journalApplied: number): Generator<string> {
    yield '{\n';
    yield member('completed_tars', JSON.stringify([...this.#completedTars], null, 2));
    yield member('current_tar', JSON.stringify(this.#currentTar));
    yield `  "tar_progress": {`;
    let separator = '\n';
    for (const [tar, { entry, failed, settled }] of this.#tars) {
      const whole = {
        ...entry,
        ...(failed.size === 0 ? {} : { failed_books: [...failed.values()] }),
        ...(settled.size === 0 ? {} : { settled: [...settled] }),
      };
      yield `${separator}    ${JSON.stringify(tar)}: ${indented(JSON.stringify(whole, null, 2), 4)}`;
      separator = ',\n';
    }
    yield this.#tars.size === 0 ? '},\n' : '\n  },\n';
    yield member('assigned_tars', JSON.stringify(this.#assignedTars, null, 2));
    if (this.#destination !== undefined) yield member('destination', JSON.stringify(this.#destination));
    yield member('journal_applied', String(journalApplied));
    // As they were, also in their lay-out: a text may not be touched, and where one begins is not known here.
    for (const [key, text] of this.#otherKeys) yield `  ${JSON.stringify(key)}: ${text},\n`;
    yield '  "completed_files": {';
  }

  #record(tar: string): TarRecord {
    let record = this.#tars.get(tar);
    if (!record) {
      record = { entry: {}, failed: new Map(), settled: new Map() };
      this.#tars.set(tar, record);
    }
    return record;
  }

  #adopt(entry: Extract<JournalEntry, { kind: 'adopted' }>): void {
    const record = this.#record(entry.tar);
    setFigures(record, entry.counts);
    record.entry.tar_size = entry.size;
    record.entry.tar_mtime_ms = entry.mtime_ms;
    setBookTypes(record, entry.book_types);
    delete record.entry.in_place;
    if (entry.doubts === undefined) delete record.entry.doubts;
    else record.entry.doubts = entry.doubts;
    record.entry.done_offset = entry.offset;
    record.entry.done_bytes = entry.bytes;
    record.entry.done_counts = structuredClone(entry.counts);
    record.failed = new Map(entry.failed.map(book => [book.header_offset, book]));
    record.settled = new Map(entry.settled);
  }

  #begin(entry: Extract<JournalEntry, { kind: 'begun' }>): void {
    this.#currentTar = entry.tar;
    this.#completedTars.delete(entry.tar);
    const record = this.#record(entry.tar);
    const { size: sizeBytes, mtime_ms: mtimeMs, book_types: bookTypes } = entry;
    // Also where another worker's point was adopted, which does not say it.
    if (entry.in_place) record.entry.in_place = true;
    else delete record.entry.in_place;
    const resumes = canResume(record, { sizeBytes, mtimeMs, bookTypes });
    const isSame = isSameTar(record, { sizeBytes, mtimeMs });
    record.entry = {
      ...record.entry,
      tar_file: entry.path,
      status: 'processing',
      tar_size: entry.size,
      tar_mtime_ms: entry.mtime_ms,
      started_at: entry.at,
    };
    // Where it is gone on with, these are among those of then: from here on, no more than these can be counted on.
    setBookTypes(record, bookTypes);
    if (!isSame) delete record.entry.doubts;
    delete record.entry.completed_at;
    delete record.entry.error_message;
    if (!resumes) {
      forgetResumePoint(record);
      // From here on, what is settled in a first batch that is cut short counts too.
      record.entry = { ...record.entry, done_offset: 0, done_bytes: 0, done_counts: noCounts() };
    }
    // Members behind the point are all met again, those that failed among them.
    const doneOffset = record.entry.done_offset ?? 0;
    for (const offset of [...record.failed.keys()]) if (offset >= doneOffset) record.failed.delete(offset);
  }

  /** Others may have read some of it before, and come to a point; they are told apart by this count. */
  #doubt(record: TarRecord): void {
    forgetResumePoint(record);
    record.entry.doubts = (record.entry.doubts ?? 0) + 1;
  }

  #resolve(entry: Extract<JournalEntry, { kind: 'resolved' }>): void {
    const record = this.#record(entry.tar);
    const counts = record.entry.done_counts;
    if (!record.failed.delete(entry.header_offset) || !counts) return;
    counts.failed = Math.max(0, counts.failed - 1);
    if (entry.outcome === 'uploaded') counts.uploaded++;
    else counts.duplicates[entry.outcome]++;
    setFigures(record, counts);
  }

  #skip(entry: Extract<JournalEntry, { kind: 'skipped' }>): void {
    const record = this.#record(entry.tar);
    const counts = record.entry.done_counts;
    if (!record.failed.delete(entry.header_offset) || !counts) return;
    counts.failed = Math.max(0, counts.failed - 1);
    counts.found = Math.max(0, counts.found - 1);
    counts.skipped++;
    counts.skippedBy = addSkipped(counts.skippedBy, { 'given up by hand': 1 } satisfies Partial<
      Record<SkipReason, number>
    >);
    setFigures(record, counts);
  }

  #end({ tar, status, counts, error, at }: Extract<JournalEntry, { kind: 'ended' }>): void {
    const record = this.#record(tar);
    setFigures(record, counts);
    record.entry.status = status;
    record.entry.completed_at = at;
    if (error === null) delete record.entry.error_message;
    else record.entry.error_message = error;
    if (this.#currentTar === tar) this.#currentTar = null;
    if (status !== 'completed') return;
    this.#completedTars.add(tar);
    forgetResumePoint(record);
  }
}

/** What `tar_progress` may say of a tar that has failures, in the words of both systems. */
const failedStatuses: ReadonlySet<string> = new Set([
  'failed',
  'error',
  'extraction_failed',
  'completed_with_errors',
] as const);

function isSameTar({ entry }: TarRecord, tar: FileIdentity): boolean {
  return entry.tar_size === tar.sizeBytes && entry.tar_mtime_ms === tar.mtimeMs;
}

function canResume(record: TarRecord, tar: WantedTar): boolean {
  const { entry } = record;
  return (
    entry.done_offset !== undefined &&
    entry.done_counts !== undefined &&
    isSameTar(record, tar) &&
    coversTypes(entry, entry.done_counts.skippedBy, tar.bookTypes) &&
    isWithinTar(entry, tar) &&
    // Else some have no name any more, and would never be tried again.
    entry.done_counts.failed === failedBefore(record, entry.done_offset)
  );
}

/**
 * Whether an offset can be the one that was recorded. One that was set further, by hand or by what damages a file, would lose all
 * that stands before it; where the last body lacks its padding, and the tar its end mark, it may rightly be behind the end.
 */
function isWithinTar({ in_place, done_offset = 0, done_bytes = 0 }: TarProgress, tar: FileIdentity): boolean {
  return in_place !== true || done_bytes >= Math.min(done_offset, tar.sizeBytes);
}

function failedBefore({ failed }: TarRecord, offset: number): number {
  let count = 0;
  for (const headerOffset of failed.keys()) if (headerOffset < offset) count++;
  return count;
}

/** Whether what was read of a tar was read for all types of books that are wanted now. */
function coversTypes(
  { book_types: then }: TarProgress,
  skippedBy: SkippedByReason | undefined,
  now: readonly string[] | undefined,
): boolean {
  // Earlier versions did not record the types; where they left members out, nobody knows of which types.
  if (then === undefined && (skippedBy?.[unwanted] ?? 0) > 0) return false;
  return wereWanted(now, then);
}

const unwanted: SkipReason = 'type not wanted';

function setBookTypes({ entry }: TarRecord, bookTypes: string[] | undefined): void {
  if (bookTypes) entry.book_types = bookTypes;
  else delete entry.book_types;
}

function forgetResumePoint(record: TarRecord): void {
  delete record.entry.done_offset;
  delete record.entry.done_bytes;
  delete record.entry.done_counts;
  record.failed.clear();
  record.settled.clear();
}

/** The Python system does not say what became of a book that it did not upload. */
function countsOf(entry: TarProgress): BookCounts {
  const found = entry.files_processed ?? 0;
  const uploaded = entry.files_uploaded ?? 0;
  const failed = entry.errors ?? 0;
  const rest = { own: 0, others: 0, destination: Math.max(0, found - uploaded - failed) };
  return {
    found,
    uploaded,
    duplicates: entry.duplicates ?? rest,
    failed,
    skipped: entry.skipped ?? 0,
    ...(entry.skipped_by ? { skippedBy: entry.skipped_by } : {}),
  };
}

function setFigures(record: TarRecord, counts: BookCounts): void {
  record.entry = {
    ...record.entry,
    files_processed: counts.found,
    files_uploaded: counts.uploaded,
    errors: counts.failed,
    duplicates: { ...counts.duplicates },
    skipped: counts.skipped,
  };
  if (counts.skippedBy) record.entry.skipped_by = { ...counts.skippedBy };
  // Those of a reading before this one.
  else delete record.entry.skipped_by;
}

function member(key: string, value: string): string {
  return `  ${JSON.stringify(key)}: ${indented(value, 2)},\n`;
}

/** JSON that `JSON.stringify` laid out, moved to the right; its texts hold no line ends. */
function indented(json: string, by: number): string {
  return json.replaceAll('\n', `\n${' '.repeat(by)}`);
}
