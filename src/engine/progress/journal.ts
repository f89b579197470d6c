import { constants, writeSync } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { crc32 } from 'node:zlib';
import * as v from 'valibot';
import { failedBookSchema, settledMemberSchema, shelfOutcomeSchema } from '../../protocol/progressFile.ts';
import { bookCountsSchema } from '../../protocol/snapshot.ts';
import { errorCodeSchema, systemCode } from '../../protocol/errors.ts';
import { syncFolder } from '../system/durableFiles.ts';

const count = v.pipe(v.number(), v.integer(), v.minValue(0));

/** What became of a tar, in the words of the documented format. */
export const tarStatusSchema = v.picklist(['completed', 'completed_with_errors', 'failed']);
export type TarStatus = v.InferOutput<typeof tarStatusSchema>;

function line<K extends string, E extends v.ObjectEntries>(kind: K, entries: E) {
  return v.object({ n: count, kind: v.literal(kind), ...entries });
}

/**
 * What a line of the journal says. `n` is its number: it grows by one from line to line, and from journal to
 * journal. Times are local, `YYYY-MM-DD HH:MM:SS`.
 *
 *   assigned  the tars dealt to the worker, and the destination they go to
 *   adopted   what another worker has recorded of a tar counts as this one's own
 *   begun     a tar is begun or gone on with
 *   book      the destination has a book; with the member whose outcome that is, where its batch has still to end
 *   failed    a book has failed, for the first time or again
 *   resolved  a book that had failed earlier has an outcome after all
 *   skipped   a book that had failed earlier is given up, and counts as skipped
 *   batch     every member of the tar whose header stands before `offset` has its outcome; `counts` counts them.
 *             `bytes` is how much of the tar's file that is
 *   ended     the tar has ended
 *   doubted   what was read of the tar may have been damaged: the next run begins it anew, changed or not
 *   moved     the tar lies at another path now
 */
const journalLineSchema = v.variant('kind', [
  line('assigned', { tars: v.array(v.string()), destination: v.string() }),
  line('adopted', {
    tar: v.string(),
    size: v.number(),
    mtime_ms: v.number(),
    offset: count,
    bytes: count,
    counts: bookCountsSchema,
    failed: v.array(failedBookSchema),
    settled: v.array(settledMemberSchema),
  }),
  line('begun', {
    tar: v.string(),
    path: v.string(),
    size: v.number(),
    mtime_ms: v.number(),
    at: v.string(),
  }),
  line('book', {
    sha1: v.string(),
    size: count,
    file: v.string(),
    status: v.picklist(['uploaded', 'already_exists']),
    at: v.string(),
    member: v.optional(
      v.object({ tar: v.string(), header_offset: count, outcome: v.picklist(['uploaded', 'destination']) }),
    ),
  }),
  line('failed', {
    tar: v.string(),
    header_offset: count,
    size: count,
    file: v.string(),
    code: errorCodeSchema,
    message: v.string(),
    attempts: count,
  }),
  line('resolved', {
    tar: v.string(),
    header_offset: count,
    outcome: shelfOutcomeSchema,
  }),
  line('skipped', { tar: v.string(), header_offset: count }),
  line('batch', { tar: v.string(), offset: count, bytes: count, counts: bookCountsSchema }),
  line('ended', {
    tar: v.string(),
    status: tarStatusSchema,
    counts: bookCountsSchema,
    error: v.nullable(v.string()),
    at: v.string(),
  }),
  line('doubted', { tar: v.string() }),
  line('moved', { tar: v.string(), path: v.string() }),
]);
export type JournalLine = v.InferOutput<typeof journalLineSchema>;

type Unnumbered<L> = L extends JournalLine ? Omit<L, 'n'> : never;
/** A line but for its number. */
export type JournalEntry = Unnumbered<JournalLine>;

/*
 * A line is one JSON object that begins with its checksum: {"crc":"0123abcd","n":17,"kind":…}. The checksum is
 * the CRC-32 of the object without it. A line that was torn by a kill or a power cut does not match.
 */
const crcStart = '{"crc":"';
const bodyStart = crcStart.length + 8 + '",'.length;
const crcOfBrace = crc32('{');
const newline = 0x0a;
const lineEnd = Buffer.from([newline]);
const pieceBytes = 1024 * 1024;
/** No line is longer; what has no end within this is damage, and not read into memory whole. */
const longestLine = 16 * 1024 * 1024;

/**
 * Lines on their way to a journal, in bytes: as texts of their own they would be most of what a worker has to collect
 * again and again.
 */
export class JournalLines {
  #bytes = Buffer.allocUnsafeSlow(firstLineBytes);
  #length = 0;

  get isEmpty(): boolean {
    return this.#length === 0;
  }

  /** Valid until more is added. */
  get bytes(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }

  add(n: number, entry: JournalEntry): void {
    const rest = entry.kind === 'book' ? restOfBook(n, entry) : JSON.stringify({ n, ...entry }).slice(1);
    const text = `${crcStart}00000000",${rest}\n`;
    // No character takes more.
    this.#makeRoom(text.length * 3);
    const start = this.#length;
    this.#length += this.#bytes.write(text, start);
    let crc = crc32(this.#bytes.subarray(start + bodyStart, this.#length - 1), crcOfBrace);
    for (let at = start + crcStart.length + 7; at >= start + crcStart.length; at--) {
      this.#bytes[at] = hexDigits[crc & 0xf] ?? 0;
      crc >>>= 4;
    }
  }

  addAll({ bytes }: JournalLines): void {
    this.#makeRoom(bytes.length);
    bytes.copy(this.#bytes, this.#length);
    this.#length += bytes.length;
  }

  clear(): void {
    this.#length = 0;
    // What has been kept for long, such as while the disk was full, is not kept as room.
    if (this.#bytes.length > largestRoom) this.#bytes = Buffer.allocUnsafeSlow(firstLineBytes);
  }

  #makeRoom(more: number): void {
    if (this.#length + more <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(this.#bytes.length * 2, this.#length + more));
    this.#bytes.copy(larger, 0, 0, this.#length);
    this.#bytes = larger;
  }
}

const firstLineBytes = 64 * 1024;
const largestRoom = 1024 * 1024;
const hexDigits = Buffer.from('0123456789abcdef');

/** What `JSON.stringify` makes of it behind the first brace, in half the time. */
function restOfBook(n: number, entry: Extract<JournalEntry, { kind: 'book' }>): string {
  const { sha1, size, file, status, at, member } = entry;
  const settles = member
    ? `,"member":{"tar":${JSON.stringify(member.tar)},"header_offset":${String(member.header_offset)},"outcome":"${member.outcome}"}`
    : '';
  return `"n":${String(n)},"kind":"book","sha1":${JSON.stringify(sha1)},"size":${String(size)},"file":${JSON.stringify(file)},"status":"${status}","at":${JSON.stringify(at)}${settles}}`;
}

const lineText = v.pipe(v.string(), v.parseJson(), journalLineSchema);

/** The line that was encoded, or null where the bytes are not all of it. */
export function decodeLine(bytes: Buffer): JournalLine | null {
  const text = bytes.toString('utf8');
  if (!text.startsWith(crcStart) || text.slice(bodyStart - 2, bodyStart) !== '",') return null;
  const crc = crc32(bytes.subarray(bodyStart), crcOfBrace).toString(16).padStart(8, '0');
  if (text.slice(crcStart.length, bodyStart - 2) !== crc) return null;
  const parsed = v.safeParse(lineText, text);
  return parsed.success ? parsed.output : null;
}

/**
 * A book as a line of the journal has it, for who writes it elsewhere. Its texts are the line's own bytes, one a character:
 * they are copied, and neither taken apart nor put together again.
 */
export interface BookLine {
  readonly n: number;
  readonly sha1: string;
  readonly size: string;
  /** With its quotes. */
  readonly file: string;
  readonly status: string;
  readonly at: string;
}

/** Of a line of {@link restOfBook}, behind its checksum; null for any other. The text may go on behind the line. */
function bookOf(text: string, start: number, end: number): BookLine | null {
  const kindAt = text.indexOf(bookMark, start + bodyStart);
  if (kindAt < 0 || kindAt > end) return null;
  const sha1At = kindAt + bookMark.length;
  const sizeAt = sha1At + 40 + sizeMark.length;
  const fileAt = text.indexOf(fileMark, sizeAt);
  // In a text of JSON no quote stands without a backslash, so this is no part of a name.
  const statusAt = text.indexOf(statusMark, fileAt + fileMark.length);
  const timeAt = text.indexOf(timeMark, statusAt + statusMark.length);
  const timeEnd = timeAt + timeMark.length + timeLength;
  if (fileAt < 0 || statusAt < 0 || timeAt < 0 || timeEnd >= end) return null;
  if (!text.startsWith(sizeMark, sha1At + 40) || text[timeEnd] !== '"') return null;
  const at = text.slice(timeEnd - timeLength, timeEnd);
  // Of another length or in other letters it would be another text, or no text.
  if (!ownTime.test(at)) return null;
  return {
    n: Number(text.slice(start + bodyStart + numberMark.length, kindAt)),
    sha1: text.slice(sha1At, sha1At + 40),
    size: text.slice(sizeAt, fileAt),
    file: text.slice(fileAt + fileMark.length, statusAt + 1),
    status: text.slice(statusAt + statusMark.length, timeAt),
    at,
  };
}

const numberMark = '"n":';
const bookMark = ',"kind":"book","sha1":"';
const sizeMark = '","size":';
const fileMark = ',"file":';
const statusMark = '","status":"';
const timeMark = '","at":"';
const timeLength = 'YYYY-MM-DD HH:MM:SS'.length;
const ownTime = /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/;

/** The books of whole lines. */
function booksOf(lines: Buffer): BookLine[] {
  const text = lines.toString('latin1');
  const books: BookLine[] = [];
  for (let start = 0; start < text.length;) {
    const end = text.indexOf('\n', start);
    const book = bookOf(text, start, end) ?? decodedBook(lines.subarray(start, end));
    if (book) books.push(book);
    start = end + 1;
  }
  return books;
}

/** As one text. A longer one is collected late. */
const linesTogether = 64 * 1024;

/** The same of a line whose fields stand otherwise; null for one that is about no book. */
function decodedBook(bytes: Buffer): BookLine | null {
  const line = decodeLine(bytes);
  if (!line) throw changedByOthers();
  if (line.kind !== 'book') return null;
  const { n, sha1, size, file, status, at } = line;
  return {
    n,
    sha1,
    size: String(size),
    file: Buffer.from(JSON.stringify(file)).toString('latin1'),
    status,
    at,
  };
}

function changedByOthers(): Error {
  return new Error('the journal was changed by another program');
}

export interface Replay {
  /** How much of the file is whole lines in order; 0 where there is no file. */
  readonly validBytes: number;
  readonly sizeBytes: number;
  /** Number of the last whole line, or null where there is none. */
  readonly lastNumber: number | null;
  /** CRC-32 of the whole lines. */
  readonly crc: number;
}

/**
 * Reads a journal up to its end, or to the first line that is damaged or out of order: what was appended
 * comes back as a prefix, never with a gap.
 */
export async function replayJournal(path: string, onLine: (line: JournalLine) => void): Promise<Replay> {
  let handle: FileHandle;
  try {
    handle = await open(path, 'r');
  } catch (thrown) {
    if (systemCode(thrown) === 'ENOENT') return { validBytes: 0, sizeBytes: 0, lastNumber: null, crc: 0 };
    throw thrown;
  }
  let lastNumber: number | null = null;
  let validBytes = 0;
  let crc = 0;
  try {
    const { size: sizeBytes } = await handle.stat();
    for await (const bytes of readLines(handle)) {
      const line = decodeLine(bytes);
      if (!line || (lastNumber !== null && line.n !== lastNumber + 1)) break;
      onLine(line);
      lastNumber = line.n;
      validBytes += bytes.length + 1;
      crc = crc32(lineEnd, crc32(bytes, crc));
    }
    return { validBytes, sizeBytes, lastNumber, crc };
  } finally {
    await handle.close();
  }
}

/** The whole lines of a file from its start, without their ends; a last one without its end is left out. */
async function* readLines(handle: FileHandle): AsyncGenerator<Buffer> {
  for await (const group of readLineGroups(handle)) {
    for (let from = 0; from < group.length;) {
      const end = group.indexOf(newline, from);
      yield group.subarray(from, end);
      from = end + 1;
    }
  }
}

/** The same, as many at a time as were read, each with its end. Valid until the next ones. */
async function* readLineGroups(handle: FileHandle): AsyncGenerator<Buffer> {
  let buffer = Buffer.allocUnsafe(pieceBytes);
  let kept = 0;
  let position = 0;
  for (;;) {
    if (kept === buffer.length) {
      if (kept >= longestLine) return;
      buffer = Buffer.concat([buffer, Buffer.allocUnsafe(buffer.length)]);
    }
    const { bytesRead } = await handle.read(buffer, kept, buffer.length - kept, position);
    if (bytesRead === 0) return;
    position += bytesRead;
    const length = kept + bytesRead;
    const whole = buffer.lastIndexOf(newline, length - 1) + 1;
    if (whole > 0) yield buffer.subarray(0, whole);
    buffer.copyWithin(0, whole, length);
    kept = length - whole;
  }
}

/** The journal of one worker, appended to by this process alone. */
export class Journal {
  readonly #handle: FileHandle;
  #sizeBytes: number;
  /** CRC-32 of all of it. */
  #crc: number;
  #isDurable = true;

  private constructor(handle: FileHandle, sizeBytes: number, crc: number) {
    this.#handle = handle;
    this.#sizeBytes = sizeBytes;
    this.#crc = crc;
  }

  /** Opens it to append after its whole lines; what stood behind them is cut off. */
  static async open(path: string, { validBytes, crc }: Pick<Replay, 'validBytes' | 'crc'>): Promise<Journal> {
    const handle = await open(path, constants.O_RDWR | constants.O_CREAT);
    try {
      await handle.truncate(validBytes);
      await handle.sync();
      await syncFolder(dirname(path));
      return new Journal(handle, validBytes, crc);
    } catch (thrown) {
      await handle.close();
      throw thrown;
    }
  }

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  /**
   * Appends lines in one write, which outlives a kill of this process; a power cut only after {@link sync}.
   * After a failure the same lines may be appended again.
   */
  async append({ bytes }: Pick<JournalLines, 'bytes'>): Promise<void> {
    for (let done = 0; done < bytes.length;) {
      const { bytesWritten } = await this.#handle.write(
        bytes,
        done,
        bytes.length - done,
        this.#sizeBytes + done,
      );
      done += bytesWritten;
    }
    this.#appended(bytes);
  }

  /** The same, before anything else can happen in this process. */
  appendNow({ bytes }: Pick<JournalLines, 'bytes'>): void {
    for (let done = 0; done < bytes.length;) {
      done += writeSync(this.#handle.fd, bytes, done, bytes.length - done, this.#sizeBytes + done);
    }
    this.#appended(bytes);
  }

  #appended(bytes: Buffer): void {
    this.#sizeBytes += bytes.length;
    this.#crc = crc32(bytes, this.#crc);
    this.#isDurable = false;
  }

  /** Makes durable what was appended. */
  async sync(): Promise<void> {
    if (this.#isDurable) return;
    await this.#handle.datasync();
    this.#isDurable = true;
  }

  /** Empties it, once the progress file includes it. Need not be durable: its numbers tell old lines from new. */
  async empty(): Promise<void> {
    await this.#handle.truncate(0);
    this.#sizeBytes = this.#crc = 0;
  }

  /**
   * The books of what was appended so far, many at a time.
   *
   * @throws an error, at the end or before, where the bytes are not those that were appended: no books can be relied on then
   */
  async *books(): AsyncGenerator<readonly BookLine[]> {
    let crc = 0;
    for await (const group of readLineGroups(this.#handle)) {
      crc = crc32(group, crc);
      for (let from = 0; from < group.length;) {
        const last = group.lastIndexOf(newline, from + linesTogether);
        const to = (last < from ? group.indexOf(newline, from) : last) + 1;
        yield booksOf(group.subarray(from, to));
        from = to;
      }
    }
    if (crc !== this.#crc) throw changedByOthers();
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }
}
