import { open, type FileHandle } from 'node:fs/promises';
import type { HeaderChain, HeadersAt } from './headersAhead.ts';
import { TarshelfError, oneLine } from '../../protocol/errors.ts';
import { sentence } from '../../protocol/sentences.ts';

/**
 * Bytes that can be read by position: the one way in which archives are read. Today a file; byte ranges
 * over a network fit behind it.
 */
export interface ByteSource {
  readonly sizeBytes: number;
  /**
   * Fills `target` from `position` on.
   *
   * @returns how many bytes were read: fewer than `target` holds only where the source ends.
   */
  read(target: Buffer, position: number): Promise<number>;
  /**
   * The same for whoever goes from header to header with large bodies between them. Those behind it may be read along. Absent
   * where that gains nothing.
   *
   * @param leastJump next headers that are nearer are better read with all that lies before them
   * @returns memory that nobody writes to any more
   */
  readHeader?(position: number, length: number, leastJump: number): Promise<Buffer>;
  close(): Promise<void>;
}

/** Reads all of `length` bytes from `position`, or fewer where the source ends. */
export async function readAt(source: ByteSource, position: number, length: number): Promise<Buffer> {
  const target = Buffer.allocUnsafe(length);
  const got = await source.read(target, position);
  return got === length ? target : target.subarray(0, got);
}

export interface FileIdentity {
  sizeBytes: number;
  mtimeMs: number;
}

/** Told of each read, how many bytes it gave. */
export type OnRead = (bytes: number) => void;

/** Reads some headers at once, beside the event loop. @throws Error where nobody can */
export type ReadHeaders = (at: HeadersAt) => Promise<HeaderChain>;

/** A wait for a thread for so many headers costs as much as one for a single one. */
const headersTogether = 32;

/** A file opened read-only. */
export class FileSource implements ByteSource {
  readonly #handle: FileHandle;
  readonly identity: FileIdentity;
  readonly #onRead: OnRead;
  readonly #readHeaders: ReadHeaders | null;
  /** Headers that were read along, and have not been asked for. */
  readonly #ahead = new Map<number, Buffer>();

  private constructor(
    handle: FileHandle,
    identity: FileIdentity,
    onRead: OnRead,
    readHeaders: ReadHeaders | null,
  ) {
    this.#handle = handle;
    this.identity = identity;
    this.#onRead = onRead;
    this.#readHeaders = readHeaders;
  }

  /**
   * @param readHeaders where headers are read that lie far from each other; null for one by one
   * @throws TarshelfError `TAR_NOT_READABLE`
   */
  static async open(
    path: string,
    onRead: OnRead = () => undefined,
    readHeaders: ReadHeaders | null = null,
  ): Promise<FileSource> {
    let handle: FileHandle | undefined;
    try {
      handle = await open(path, 'r');
      const stat = await handle.stat();
      const identity = { sizeBytes: stat.size, mtimeMs: Math.trunc(stat.mtimeMs) };
      return new FileSource(handle, identity, onRead, readHeaders);
    } catch (thrown) {
      await handle?.close();
      throw notReadable(path, thrown);
    }
  }

  get sizeBytes(): number {
    return this.identity.sizeBytes;
  }

  get descriptor(): number {
    return this.#handle.fd;
  }

  async read(target: Buffer, position: number): Promise<number> {
    let got = 0;
    while (got < target.length) {
      const { bytesRead } = await this.#handle.read(target, got, target.length - got, position + got);
      if (bytesRead === 0) break;
      got += bytesRead;
      this.#onRead(bytesRead);
    }
    return got;
  }

  async readHeader(position: number, length: number, leastJump: number): Promise<Buffer> {
    const known = this.#ahead.get(position) ?? (await this.#readAhead(position, length, leastJump));
    if (!known || known.length < length) return await readAt(this, position, length);
    this.#ahead.delete(position);
    this.#onRead(known.length);
    return known;
  }

  async #readAhead(position: number, length: number, leastJump: number): Promise<Buffer | undefined> {
    this.#ahead.clear();
    if (!this.#readHeaders) return undefined;
    const { descriptor, sizeBytes } = this;
    try {
      const { positions, bytes } = await this.#readHeaders({
        ...{ descriptor, position, sizeBytes, length, most: headersTogether, leastJump },
      });
      const all = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      for (const [index, at] of positions.entries())
        this.#ahead.set(at, all.subarray(index * length, (index + 1) * length));
    } catch {
      // Read one by one, they tell what is wrong.
    }
    return this.#ahead.get(position);
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }
}

/** What to tell of a file that cannot be opened or read. */
export function notReadable(path: string, thrown: unknown): TarshelfError {
  return new TarshelfError('TAR_NOT_READABLE', sentence('tarUnreadable', path, oneLine(thrown)), {
    cause: thrown,
  });
}
