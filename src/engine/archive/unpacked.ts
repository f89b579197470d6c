import * as zlib from 'node:zlib';
import type { Transform } from 'node:stream';
import { oneLine, systemCode } from '../../protocol/errors.ts';
import { sentence } from '../../protocol/sentences.ts';
import { readAt, type ByteSource } from './byteSource.ts';

export type Packing = 'gzip' | 'zstd';

/** How many of a file's first bytes {@link packingOf} wants. */
export const packingBytes = 4;

/** How a file is compressed, by its first bytes; null where it is not, or in a way that nobody here knows. */
export function packingOf(head: Buffer): Packing | null {
  if (head.length < packingBytes) return null;
  if (head.readUInt16BE(0) === 0x1f8b) return 'gzip';
  const magic = head.readUInt32LE(0);
  // A zstd file may begin with a frame to be skipped: those have 16 magics.
  return magic === 0xfd2fb528 || (magic & 0xfffffff0) >>> 0 === 0x184d2a50 ? 'zstd' : null;
}

/** Whether this Node can unpack it: zstd came with 22.15. */
export function canUnpack(packing: Packing): boolean {
  return packing !== 'zstd' || typeof zlib.createZstdDecompress === 'function';
}

/** The compressed file cannot be unpacked further. */
export class UnpackError extends Error {
  /** It just ends. Else its bytes are damaged, here or anywhere before. */
  readonly isCutOff: boolean;

  constructor(message: string, isCutOff: boolean, options?: ErrorOptions) {
    super(message, options);
    this.isCutOff = isCutOff;
  }
}

const readBytes = 64 * 1024;
const outputBytes = 64 * 1024;
/** Unpacking runs ahead of whoever takes the bytes by about this much. */
const aheadBytes = 1024 * 1024;

/**
 * The unpacked bytes of a compressed file, once and in order.
 *
 * Node's streams forget what they hold when they fail, and a zstd stream ends after its first frame. So the
 * bytes are taken out as they come, whatever was unpacked before a damage is still given, and each further frame
 * gets a codec of its own.
 */
export class Unpacked {
  readonly #source: ByteSource;
  readonly #packing: Packing;
  readonly #ready: Buffer[] = [];
  #readyBytes = 0;
  #codec: Transform & zlib.Zlib;
  #codecStart = 0;
  #ended = false;
  #failure: Error | null = null;
  #wake: (() => void) | null = null;

  constructor(source: ByteSource, packing: Packing) {
    this.#source = source;
    this.#packing = packing;
    this.#codec = this.#start(0);
  }

  /** How far the compressed file has been unpacked. */
  get filePosition(): number {
    return this.#codecStart + this.#codec.bytesWritten;
  }

  /**
   * The next bytes; null after the last.
   *
   * @throws UnpackError where the file is damaged or cut off, after everything before that
   */
  async next(): Promise<Buffer | null> {
    for (;;) {
      const bytes = this.#ready.shift();
      if (bytes) {
        this.#readyBytes -= bytes.length;
        if (this.#readyBytes < aheadBytes) this.#codec.resume();
        return bytes;
      }
      if (this.#failure) throw this.#failure;
      if (this.#ended) return null;
      await new Promise<void>(resolve => {
        this.#wake = resolve;
      });
    }
  }

  close(): void {
    this.#end();
    this.#codec.destroy();
  }

  #start(position: number): Transform & zlib.Zlib {
    const codec =
      this.#packing === 'zstd'
        ? zlib.createZstdDecompress({ chunkSize: outputBytes })
        : zlib.createGunzip({ chunkSize: outputBytes });
    codec.on('data', (bytes: Buffer) => {
      this.#give(bytes);
      if (this.#readyBytes >= aheadBytes) codec.pause();
    });
    codec.on('end', () => {
      const end = position + codec.bytesWritten;
      if (end === position)
        this.#fail(new UnpackError('the compressed file is damaged (an empty frame)', false));
      // What follows a gzip member has been looked at by the codec: only padding is left.
      if (this.#packing === 'zstd' && end < this.#source.sizeBytes && !this.#ended && !this.#failure) {
        this.#codecStart = end;
        this.#codec = this.#start(end);
      } else {
        this.#end();
      }
      // Frees a write that nobody will answer any more.
      codec.destroy();
    });
    codec.on('error', error => {
      // Also a failed stream still has what it had not given out.
      for (let bytes = takeFrom(codec); bytes; bytes = takeFrom(codec)) this.#give(bytes);
      this.#fail(explain(error));
    });
    void this.#feed(codec, position);
    return codec;
  }

  async #feed(codec: Transform, start: number): Promise<void> {
    try {
      for (let position = start; ;) {
        const bytes = await readAt(this.#source, position, readBytes);
        if (codec.destroyed) return;
        if (bytes.length === 0) break;
        position += bytes.length;
        if (!(await written(codec, bytes))) return;
      }
      codec.end();
    } catch (thrown) {
      this.#fail(thrown instanceof Error ? thrown : new Error(String(thrown)));
      codec.destroy();
    }
  }

  #give(bytes: Buffer): void {
    this.#ready.push(bytes);
    this.#readyBytes += bytes.length;
    this.#wake?.();
  }

  #end(): void {
    this.#ended = true;
    this.#wake?.();
  }

  #fail(failure: Error): void {
    this.#failure ??= failure;
    this.#wake?.();
  }
}

function takeFrom(codec: Transform): Buffer | null {
  return codec.read() as Buffer | null;
}

/** False when the codec was destroyed or failed, which its own events tell of. */
function written(codec: Transform, bytes: Buffer): Promise<boolean> {
  return new Promise(resolve => {
    codec.write(bytes, error => {
      resolve(!error);
    });
  });
}

function explain(error: Error): UnpackError {
  const cutOff = systemCode(error) === 'Z_BUF_ERROR';
  return new UnpackError(
    cutOff ? sentence('compressedCutOff') : sentence('compressedDamaged', oneLine(error)),
    cutOff,
    { cause: error },
  );
}
