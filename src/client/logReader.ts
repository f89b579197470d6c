import { open, stat, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { systemCode } from '../protocol/errors.ts';
import { keptLogFiles, rotatedLogName } from '../protocol/logFiles.ts';
import { stateUnreadable } from '../protocol/stateUnreadable.ts';

/** A file by what stays the same when it is renamed. */
interface LogFile {
  readonly path: string;
  readonly id: string;
}

const chunkBytes = 64 * 1024;
const newline = 0x0a;

/**
 * Reads a log that another process writes and rotates: `a.log` is put aside as `a.log.1`, that as `a.log.2`.
 *
 * No file is kept open between two readings: on Windows that could keep the writer from renaming it. Where
 * the reader stands is known by the file's identity and a position instead, whatever its name is by now.
 *
 * What is there and cannot be read is a TarshelfError `PROGRESS_NOT_READABLE`.
 */
export class LogReader {
  readonly #folder: string;
  readonly #name: string;
  #current: { readonly id: string; position: number } | null = null;

  constructor(folder: string, name: string) {
    this.#folder = folder;
    this.#name = name;
  }

  /**
   * The last whole lines, older files included, and the beginning of what {@link next} reads. Null where
   * there is no such log.
   */
  async last(count: number): Promise<string[] | null> {
    const files = await this.#files();
    const newest = files[0];
    if (newest?.path !== join(this.#folder, this.#name)) return null;
    let lines: string[] = [];
    for (const file of files) {
      const tail = await readTail(file, count - lines.length);
      if (!tail) break;
      if (file === newest) this.#current = { id: file.id, position: tail.end };
      lines = [...tail.lines, ...lines];
      if (lines.length >= count) break;
    }
    return lines;
  }

  /** The whole lines that were written since the last reading, through all rotations in between. */
  async next(): Promise<string[]> {
    const files = await this.#files();
    const known = this.#current;
    const at = known ? files.findIndex(file => file.id === known.id) : files.length - 1;
    // Where the file is gone altogether, what is newest is all that can be told.
    const unread = files.slice(0, (at < 0 ? 0 : at) + 1).reverse();
    const lines: string[] = [];
    for (const file of unread) {
      const from = this.#current?.id === file.id ? this.#current.position : 0;
      const piece = await readFrom(file, from);
      // Renamed since the list was made: the next reading begins here again.
      if (!piece) break;
      lines.push(...piece.lines);
      this.#current = { id: file.id, position: piece.end };
    }
    return lines;
  }

  /** Newest first. */
  async #files(): Promise<LogFile[]> {
    const files: LogFile[] = [];
    for (let times = 0; times <= keptLogFiles; times++) {
      const path = join(this.#folder, rotatedLogName(this.#name, times));
      try {
        files.push({ path, id: idOf(await stat(path, { bigint: true })) });
      } catch (thrown) {
        if (!['ENOENT', 'ENOTDIR'].includes(systemCode(thrown) ?? '')) throw stateUnreadable(path, thrown);
      }
    }
    return files;
  }
}

interface Piece {
  readonly lines: string[];
  /** Position after the last whole line. */
  readonly end: number;
}

function idOf({ dev, ino }: { dev: bigint; ino: bigint }): string {
  return `${String(dev)}-${String(ino)}`;
}

/** Opens what stands in the list; null when another file has the name by now. */
async function withFile<T>(
  file: LogFile,
  read: (handle: FileHandle, size: number) => Promise<T>,
): Promise<T | null> {
  let handle: FileHandle;
  try {
    handle = await open(file.path, 'r');
  } catch (thrown) {
    if (systemCode(thrown) === 'ENOENT') return null;
    throw stateUnreadable(file.path, thrown);
  }
  try {
    const stats = await handle.stat({ bigint: true });
    return idOf(stats) === file.id ? await read(handle, Number(stats.size)) : null;
  } catch (thrown) {
    throw stateUnreadable(file.path, thrown);
  } finally {
    await handle.close();
  }
}

/** The last lines of a file, read from its end: a log may be larger than memory. */
function readTail(file: LogFile, count: number): Promise<Piece | null> {
  return withFile(file, async (handle, size) => {
    const chunks: Buffer[] = [];
    let newlines = 0;
    let start = size;
    // One more than lines: the first newline found from the end closes the last line.
    while (start > 0 && newlines <= count) {
      const from = Math.max(0, start - chunkBytes);
      const chunk = await readBytes(handle, from, start - from);
      for (const byte of chunk) if (byte === newline) newlines++;
      chunks.unshift(chunk);
      start = from;
    }
    const bytes = Buffer.concat(chunks);
    const whole = wholeLines(bytes);
    return { lines: count > 0 ? whole.lines.slice(-count) : [], end: start + whole.end };
  });
}

function readFrom(file: LogFile, position: number): Promise<Piece | null> {
  return withFile(file, async (handle, size) => {
    // Emptied in place, as some tools rotate.
    const from = size < position ? 0 : position;
    const { lines, end } = wholeLines(await readBytes(handle, from, size - from));
    return { lines, end: from + end };
  });
}

async function readBytes(handle: FileHandle, position: number, length: number): Promise<Buffer> {
  const bytes = Buffer.alloc(length);
  let read = 0;
  while (read < length) {
    const { bytesRead } = await handle.read(bytes, read, length - read, position + read);
    if (bytesRead === 0) break;
    read += bytesRead;
  }
  return bytes.subarray(0, read);
}

/** Cut at newlines before it is decoded, so that no character is cut in two. */
function wholeLines(bytes: Buffer): Piece {
  const end = bytes.lastIndexOf(newline) + 1;
  if (end === 0) return { lines: [], end };
  return { lines: bytes.toString('utf8', 0, end - 1).split(/\r?\n/), end };
}
