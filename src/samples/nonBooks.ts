import { strToU8, zipSync } from 'fflate';
import { SeededRandom } from './seededRandom.ts';

// What lies among books in real tars and is none.

/** A grey JPEG of 8 by 8 pixels, complete from its first marker to its last. */
export function makeJpeg(): Buffer {
  const quantization = [0xff, 0xdb, 0x00, 0x43, 0x00, ...Array.from({ length: 64 }, () => 16)];
  return Buffer.from([
    ...[0xff, 0xd8],
    ...[0xff, 0xe0, 0x00, 0x10, 0x4a, 0x46, 0x49, 0x46, 0x00, 1, 1, 0, 0, 1, 0, 1, 0, 0],
    ...quantization,
    // Baseline, 8 bits, 8 by 8, one component.
    ...[0xff, 0xc0, 0x00, 0x0b, 8, 0, 8, 0, 8, 1, 1, 0x11, 0],
    // Two Huffman tables with one code each: a difference of 0, and the end of the block.
    ...[0xff, 0xc4, 0x00, 0x14, 0x00, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
    ...[0xff, 0xc4, 0x00, 0x14, 0x10, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
    // The scan: both codes are one zero bit, the rest of the byte is filled with ones.
    ...[0xff, 0xda, 0x00, 0x08, 1, 1, 0x00, 0, 63, 0, 0x3f],
    ...[0xff, 0xd9],
  ]);
}

export function makeJson(number: number): Buffer {
  return Buffer.from(`${JSON.stringify({ collection: 'sample books', part: number }, null, 2)}\n`);
}

/** A ZIP with a text in it: begins like an EPUB, and is none. */
export function makePlainZip(number: number): Buffer {
  const text = strToU8(`Notes on part ${String(number)} of the sample books.\n`);
  return Buffer.from(zipSync({ 'notes.txt': text }, { level: 9, mtime: new Date(2024, 0, 15, 12, 0, 0) }));
}

/** Bytes that no program knows. */
export function makeUnknownBinary(number: number): Buffer {
  const random = new SeededRandom(`unknown binary ${String(number)}`);
  return Buffer.from([0x00, 0x01, 0x02, ...Array.from({ length: 2000 }, () => random.integer(0, 255))]);
}
