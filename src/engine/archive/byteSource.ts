import { open, type FileHandle } from 'node:fs/promises';
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

/** A file opened read-only. */
export class FileSource implements ByteSource {
  readonly #handle: FileHandle;
  readonly identity: FileIdentity;
  readonly #onRead: OnRead;

  private constructor(handle: FileHandle, identity: FileIdentity, onRead: OnRead) {
    this.#handle = handle;
    this.identity = identity;
    this.#onRead = onRead;
  }

  /** @throws TarshelfError `TAR_NOT_READABLE` */
  static async open(path: string, onRead: OnRead = () => undefined): Promise<FileSource> {
    let handle: FileHandle | undefined;
    try {
      handle = await open(path, 'r');
      const stat = await handle.stat();
      return new FileSource(handle, { sizeBytes: stat.size, mtimeMs: Math.trunc(stat.mtimeMs) }, onRead);
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
