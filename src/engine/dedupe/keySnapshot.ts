import { open, type FileHandle } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import * as v from 'valibot';
import { replaceFile } from '../system/durableFiles.ts';
import { KeyTable } from './keyTable.ts';

/*
 * A table of keys as a file, which is read back as fast as the disk gives it:
 *
 *   magic, byte order │ the table's parts, as they lie in memory │ index, as JSON │ length and CRC-32 of the index, magic
 *
 * The index has the length and the CRC-32 of every part. It says nothing of what the keys mean but for `about`, which is
 * its writer's. Whatever is not exactly as it was written is no snapshot.
 */

/** Rises with every change of this layout, or of that of the table. */
const magic = 'tarshelf known keys 1\n'.padEnd(28);
/** In the order of this machine: one of another order wrote a table that cannot be read here. */
const byteOrder = 0x01020304;
const headBytes = 32;
const tailBytes = 8 + magic.length;
const largestIndex = 64 * 1024 * 1024;

const count = v.pipe(v.number(), v.integer(), v.minValue(0));
const indexSchema = v.object({
  keys: count,
  parts: v.array(v.object({ words: count, keys: count, crc: count })),
  about: v.unknown(),
});
type Index = v.InferOutput<typeof indexSchema>;

/**
 * Writes a table, which must not change meanwhile, in place of the snapshot before.
 *
 * @param about what the keys were made of, as JSON has it
 */
export async function writeKeySnapshot(path: string, table: KeyTable, about: unknown): Promise<void> {
  const index: Index = {
    keys: table.count,
    parts: table.parts.map(({ words, count: keys }) => ({
      words: words.length,
      keys,
      crc: crc32(bytesOf(words)),
    })),
    about,
  };
  await replaceFile(path, layOut(table, index));
}

function* layOut(table: KeyTable, index: Index): Generator<Buffer> {
  yield head();
  for (const { words } of table.parts) yield bytesOf(words);
  const text = Buffer.from(JSON.stringify(index));
  const tail = Buffer.alloc(tailBytes);
  tail.writeUInt32LE(text.length, 0);
  tail.writeUInt32LE(crc32(text), 4);
  tail.write(magic, 8, 'latin1');
  yield text;
  yield tail;
}

function head(): Buffer {
  return Buffer.concat([Buffer.from(magic, 'latin1'), bytesOf(Uint32Array.of(byteOrder))]);
}

/** A snapshot that was opened. What it says it was made of can be looked at before its keys are read. */
export class KeySnapshot {
  readonly #handle: FileHandle;
  readonly #index: Index;

  private constructor(handle: FileHandle, index: Index) {
    this.#handle = handle;
    this.#index = index;
  }

  /** @returns null where there is no file, or no whole snapshot of this version in it. */
  static async open(path: string): Promise<KeySnapshot | null> {
    const handle = await open(path, 'r').catch(() => null);
    if (!handle) return null;
    const index = await readIndex(handle).catch(() => null);
    if (index) return new KeySnapshot(handle, index);
    await handle.close();
    return null;
  }

  get about(): unknown {
    return this.#index.about;
  }

  /** @returns null where a byte is not as it was written. */
  async readTable(): Promise<KeyTable | null> {
    try {
      const parts = [];
      let position = headBytes;
      for (const { words: length, keys, crc } of this.#index.parts) {
        const words = new Uint32Array(length);
        const bytes = bytesOf(words);
        await readWhole(this.#handle, bytes, position);
        if (crc32(bytes) !== crc) return null;
        parts.push({ words, count: keys });
        position += bytes.length;
      }
      const table = new KeyTable(parts);
      return table.count === this.#index.keys ? table : null;
    } catch {
      return null;
    }
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }
}

async function readIndex(handle: FileHandle): Promise<Index | null> {
  const { size } = await handle.stat();
  if (size < headBytes + tailBytes) return null;
  const first = Buffer.alloc(headBytes);
  await readWhole(handle, first, 0);
  if (!first.equals(head())) return null;
  const tail = Buffer.alloc(tailBytes);
  await readWhole(handle, tail, size - tailBytes);
  if (tail.toString('latin1', 8) !== magic) return null;
  const length = tail.readUInt32LE(0);
  if (length > Math.min(largestIndex, size - headBytes - tailBytes)) return null;
  const text = Buffer.alloc(length);
  await readWhole(handle, text, size - tailBytes - length);
  if (crc32(text) !== tail.readUInt32LE(4)) return null;
  const index = v.parse(indexSchema, JSON.parse(text.toString()));
  const partsBytes = index.parts.reduce((sum, { words }) => sum + words * 4, 0);
  return headBytes + partsBytes + length + tailBytes === size ? index : null;
}

async function readWhole(handle: FileHandle, into: Buffer, position: number): Promise<void> {
  for (let done = 0; done < into.length;) {
    const { bytesRead } = await handle.read(into, done, into.length - done, position + done);
    if (bytesRead === 0) throw new Error('the file ends too early');
    done += bytesRead;
  }
}

function bytesOf(words: Uint32Array<ArrayBuffer>): Buffer {
  return Buffer.from(words.buffer, words.byteOffset, words.byteLength);
}
