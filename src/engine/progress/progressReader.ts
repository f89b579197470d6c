import { isUtf8 } from 'node:buffer';
import { open, rename, type FileHandle } from 'node:fs/promises';
import { oneLine, systemCode, TarshelfError } from '../../protocol/errors.ts';
import { sentence } from '../../protocol/sentences.ts';
import { JsonDamage, JsonScanner, type JsonListener } from './jsonScanner.ts';
import { ProgressRecord } from './progressRecord.ts';

/** Where the entries of `completed_files` stand in a progress file: bytes that can be copied as they are. */
export interface EntriesRange {
  /** After the `{`. */
  readonly start: number;
  /** After the last entry. */
  readonly end: number;
  readonly count: number;
  /** How many have which status, where that was asked for. */
  readonly statuses?: ReadonlyMap<string, number>;
}

/** A progress file as it was read. */
export interface ProgressContents {
  readonly record: ProgressRecord;
  readonly entries: EntriesRange;
  /** Where the last entry begins; where `entries` does when there is none. */
  readonly lastEntryStart: number;
  readonly sizeBytes: number;
  /** The object that counts. */
  readonly start: number;
  readonly end: number;
  /** What there was besides it or is wrong with it, in words; null where the file is clean. */
  readonly unclean: string | null;
}

/** Entries that are not to be read, because what stands there is known: from where all begin to where the last one does. */
export interface KnownEntries {
  readonly start: number;
  readonly end: number;
  readonly count: number;
}

/** Told of each book that `completed_files` has; `sizeBytes` is undefined where the entry names no size. */
export type OnKey = (sha1: string, sizeBytes: number | undefined) => void;

const pieceBytes = 1024 * 1024;
/** A single text longer than this is no progress file. */
const longestToken = 64 * 1024 * 1024;

/**
 * Reads a progress file of any length in constant memory. Of several objects in a row, which the Python
 * system is known to write, the last complete one counts. Keys are told as they are found, also those of
 * objects that do not count in the end: whatever was recorded as being on the shelf is there.
 *
 * @returns null where there is no file or an empty one.
 * @throws JsonDamage where the file holds no complete object; TarshelfError `PROGRESS_NOT_READABLE`
 */
export async function readProgressFile(
  path: string,
  onKey: OnKey,
  { countsStatuses = false, known }: { countsStatuses?: boolean; known?: KnownEntries | undefined } = {},
): Promise<ProgressContents | null> {
  let handle: FileHandle;
  try {
    handle = await open(path, 'r');
  } catch (thrown) {
    if (systemCode(thrown) === 'ENOENT') return null;
    throw notReadable(path, thrown);
  }
  try {
    return await new ProgressReader(onKey, countsStatuses, known).read(handle);
  } catch (thrown) {
    throw thrown instanceof JsonDamage ? thrown : notReadable(path, thrown);
  } finally {
    await handle.close();
  }
}

/**
 * Where the entries of `completed_files` begin in a progress file; null where it has none.
 *
 * @throws JsonDamage
 */
export async function findEntries(handle: FileHandle): Promise<number | null> {
  return await new ProgressReader(() => undefined, false).findEntries(handle);
}

const sampleBytes = 256 * 1024;

/**
 * How many books a progress file has, more or less, by how many stand at its end. It need not be readable: this is for
 * making room.
 */
export async function guessBooks(path: string): Promise<number> {
  const handle = await open(path, 'r').catch(() => null);
  if (!handle) return 0;
  try {
    const { size } = await handle.stat();
    const { buffer, bytesRead } = await handle.read(
      Buffer.alloc(sampleBytes),
      0,
      sampleBytes,
      Math.max(0, size - sampleBytes),
    );
    if (bytesRead === 0) return 0;
    const found = buffer.toString('latin1', 0, bytesRead).match(/"[0-9a-fA-F]{40}"/g)?.length ?? 0;
    return Math.ceil((found * size) / bytesRead);
  } catch {
    return 0;
  } finally {
    await handle.close();
  }
}

/** Renames a file that cannot be read, so that nothing overwrites it. */
export async function setAside(path: string): Promise<string> {
  const aside = asideName(path);
  await rename(path, aside);
  return aside;
}

export function asideName(path: string): string {
  return `${path}.damaged-${new Date().toISOString().replaceAll(':', '-')}`;
}

export function notReadable(path: string, thrown: unknown): TarshelfError {
  return new TarshelfError('PROGRESS_NOT_READABLE', sentence('progressUnreadable', path, oneLine(thrown)), {
    cause: thrown,
  });
}

const filesKey = 'completed_files';
/** What an entry that names no status has. */
const usualStatus = 'uploaded';
/** There are three; a file that names a new one in each entry is not to fill the memory. */
const mostStatuses = 16;
const otherStatus = 'other';
const longestStatus = 64;

class ProgressReader implements JsonListener {
  readonly #onKey: OnKey;
  readonly #countsStatuses: boolean;
  /** Left out of what is scanned. Offsets in the window and in what the scanner tells are as if it were not there. */
  readonly #known: KnownEntries;
  readonly #scanner = new JsonScanner(this);
  #window: Buffer = Buffer.alloc(0);
  #windowOffset = 0;
  #fileBytes = 0;
  #utf8 = true;
  /** Brackets open. 1 is in the object itself, 2 in one of its values, 3 in an entry of `completed_files`. */
  #depth = 0;
  #topKey = '';
  /** Start of a value that is wanted as text, while it is not whole; and its bytes from earlier windows. */
  #wantedFrom: number | null = null;
  #wanted: Buffer[] = [];
  #keys = new Map<string, string>();
  #documentStart = 0;
  #isObject = false;
  #problem: string | null = null;
  #entries = { start: 0, end: 0, count: 0 };
  #lastEntryStart = 0;
  /** Where they first began. */
  #entriesFrom: number | null = null;
  #statuses = new Map<string, number>();
  #inFiles = false;
  #sha1: string | null = null;
  #isSize = false;
  #sizeBytes: number | undefined;
  #isStatus = false;
  #status = usualStatus;
  #documents = 0;
  #last: Omit<ProgressContents, 'sizeBytes' | 'unclean'> | null = null;

  constructor(onKey: OnKey, countsStatuses: boolean, known: KnownEntries = { start: 0, end: 0, count: 0 }) {
    this.#onKey = onKey;
    this.#countsStatuses = countsStatuses;
    this.#known = known;
  }

  async findEntries(handle: FileHandle): Promise<number | null> {
    await this.#scan(handle, () => this.#entriesFrom !== null);
    return this.#entriesFrom;
  }

  async read(handle: FileHandle): Promise<ProgressContents | null> {
    let damage: JsonDamage | undefined;
    try {
      await this.#scan(handle, () => false);
    } catch (thrown) {
      if (!(thrown instanceof JsonDamage) || !this.#last) throw thrown;
      damage = thrown;
    }
    if (this.#documents === 0) return null;
    if (!this.#last) throw new JsonDamage(0, this.#problem ?? 'there is no object');
    return { ...this.#last, sizeBytes: this.#fileBytes, unclean: this.#unclean(damage) };
  }

  #unclean(damage: JsonDamage | undefined): string | null {
    if (damage) return `${damage.message}, after what is whole`;
    if (this.#documents > 1) return 'several objects stand in a row';
    if (!this.#utf8) return 'not all of its text is UTF-8';
    return null;
  }

  async #scan(handle: FileHandle, isEnough: () => boolean): Promise<void> {
    this.#fileBytes = (await handle.stat()).size;
    let buffer = Buffer.allocUnsafe(pieceBytes);
    let kept = 0;
    for (;;) {
      if (kept > buffer.length / 2) {
        if (kept > longestToken) throw new JsonDamage(this.#windowOffset, 'a text is too long to be real');
        buffer = Buffer.concat([buffer, Buffer.allocUnsafe(buffer.length)]);
      }
      const position = this.#windowOffset + kept;
      const isBefore = position < this.#known.start;
      const { bytesRead } = await handle.read(
        buffer,
        kept,
        isBefore ? Math.min(buffer.length - kept, this.#known.start - position) : buffer.length - kept,
        isBefore ? position : position + this.#known.end - this.#known.start,
      );
      this.#window = buffer.subarray(0, kept + bytesRead);
      const consumed = this.#scanner.scan(this.#window, bytesRead === 0);
      // What is consumed ends with a token, so no character is cut in two.
      this.#utf8 &&= isUtf8(this.#window.subarray(0, consumed));
      this.#keepWanted(this.#windowOffset + consumed);
      kept = this.#window.length - consumed;
      buffer.copyWithin(0, consumed, this.#window.length);
      this.#windowOffset += consumed;
      if (bytesRead === 0 || isEnough()) return;
    }
  }

  open(isObject: boolean, at: number): void {
    this.#depth++;
    if (this.#depth === 1) {
      this.#keys = new Map();
      this.#entries = { start: 0, end: 0, count: 0 };
      this.#lastEntryStart = 0;
      this.#statuses = new Map();
      this.#problem = null;
      this.#documentStart = at;
      this.#isObject = isObject;
    } else if (this.#depth === 2) {
      const isFiles = this.#isObject && this.#topKey === filesKey;
      this.#inFiles = isFiles && isObject;
      if (!isFiles) this.#wantedFrom = at;
      else if (isObject) {
        this.#entries = { start: at + 1, end: at + 1, count: this.#known.count };
        this.#lastEntryStart = at + 1;
        this.#entriesFrom ??= at + 1;
      } else this.#problem = `${filesKey} is no object`;
    } else if (this.#depth === 3 && this.#inFiles) {
      this.#isSize = false;
      this.#sizeBytes = undefined;
      this.#isStatus = false;
      this.#status = usualStatus;
    }
  }

  close(_isObject: boolean, at: number): void {
    this.#depth--;
    if (this.#depth === 2 && this.#inFiles) this.#entryEnded(at + 1);
    if (this.#depth === 1 && this.#wantedFrom !== null) {
      this.#keepWanted(at + 1);
      this.#keys.set(this.#topKey, Buffer.concat(this.#wanted).toString('utf8'));
      this.#wantedFrom = null;
      this.#wanted = [];
    }
  }

  key(bytes: Buffer, from: number, to: number, at: number): void {
    if (this.#depth === 1) {
      this.#topKey = JSON.parse(bytes.toString('utf8', from, to)) as string;
    } else if (this.#depth === 2 && this.#inFiles) {
      // A SHA-1 has 40 digits and stands between quotes; what is none is copied on, and known to nobody.
      this.#lastEntryStart = at;
      this.#sha1 = to - from === 42 ? bytes.toString('latin1', from + 1, to - 1) : null;
      this.#sizeBytes = undefined;
    } else if (this.#depth === 3 && this.#inFiles) {
      this.#isSize = to - from === 6 && bytes.toString('latin1', from, to) === '"size"';
      this.#isStatus =
        this.#countsStatuses && to - from === 8 && bytes.toString('latin1', from, to) === '"status"';
    }
  }

  scalar(bytes: Buffer, from: number, to: number, at: number): void {
    if (this.#depth === 0) {
      this.#isObject = false;
      this.#problem = null;
      this.#documentStart = at;
    } else if (this.#depth === 1) {
      const text = bytes.toString('utf8', from, to);
      if (this.#topKey !== filesKey) this.#keys.set(this.#topKey, text);
      else if (text !== 'null') this.#problem = `${filesKey} is no object`;
    } else if (this.#inFiles && this.#depth === 2) {
      this.#entryEnded(at + to - from);
    } else if (this.#inFiles && this.#depth === 3 && this.#isSize) {
      const value = Number(bytes.toString('latin1', from, to));
      this.#sizeBytes = Number.isSafeInteger(value) && value >= 0 ? value : undefined;
    } else if (this.#inFiles && this.#depth === 3 && this.#isStatus) {
      this.#status = statusOf(bytes.toString('utf8', from, to));
    }
  }

  document(at: number): void {
    this.#documents++;
    if (!this.#isObject) this.#problem = 'what stands there is no object';
    if (this.#problem !== null) return;
    try {
      const record = new ProgressRecord(this.#keys);
      const { start, end, count } = this.#entries;
      const entries = {
        ...{ start, end: this.#inFile(end), count },
        ...(this.#countsStatuses ? { statuses: this.#statuses } : {}),
      };
      this.#last = {
        ...{ record, entries, lastEntryStart: this.#inFile(this.#lastEntryStart) },
        ...{ start: this.#documentStart, end: this.#inFile(at) },
      };
    } catch (thrown) {
      this.#problem = oneLine(thrown);
    }
  }

  #entryEnded(at: number): void {
    this.#entries.end = at;
    this.#entries.count++;
    if (this.#countsStatuses) {
      const isKnown = this.#statuses.has(this.#status) || this.#statuses.size < mostStatuses;
      const status = isKnown ? this.#status : otherStatus;
      this.#statuses.set(status, (this.#statuses.get(status) ?? 0) + 1);
      this.#status = usualStatus;
    }
    if (this.#sha1 !== null) this.#onKey(this.#sha1, this.#sizeBytes);
  }

  #inFile(offset: number): number {
    const { start, end } = this.#known;
    return offset < start ? offset : offset + end - start;
  }

  /** Keeps what the window has of a wanted value, up to an offset in the file. */
  #keepWanted(upTo: number): void {
    if (this.#wantedFrom === null) return;
    const from = this.#wantedFrom - this.#windowOffset;
    this.#wanted.push(Buffer.from(this.#window.subarray(from, upTo - this.#windowOffset)));
    this.#wantedFrom = upTo;
  }
}

/** A status by its JSON; what is no text, or no word, counts as missing. */
function statusOf(json: string): string {
  if (!json.startsWith('"') || json.length > longestStatus) return usualStatus;
  return JSON.parse(json) as string;
}
