import type { FilePlace } from '../../archive/archive.ts';
import { readFully } from '../../system/readFully.ts';

/** The bytes of a book, for whoever asks for a few of them and waits. */
export interface BookBytes {
  readonly length: number;
  /** From `start` up to `end`, fewer where the book ends. To be read and not to be changed. */
  slice(start: number, end: number): Buffer;
}

/** All of a book. Asked for where there is no other way: what lies in a file is read whole for it. */
export function wholeOf(bytes: BookBytes): Buffer {
  return bytes.slice(0, bytes.length);
}

/** A stretch of a book, a character for each byte. */
export function latin1(bytes: BookBytes, start: number, end: number): string {
  return bytes.slice(start, end).toString('latin1');
}

/** From `start` up to `end` as a book of its own, nothing where that lies outside. */
export function partOf(bytes: BookBytes, start: number, end: number): BookBytes {
  const first = clamped(start, bytes.length);
  const length = Math.max(clamped(end, bytes.length) - first, 0);
  return {
    length,
    slice: (from, to) => bytes.slice(first + clamped(from, length), first + clamped(to, length)),
  };
}

export function bytesInMemory({ buffer, byteOffset, byteLength }: Uint8Array): BookBytes {
  const bytes = Buffer.from(buffer, byteOffset, byteLength);
  return {
    length: bytes.length,
    slice: (start, end) => bytes.subarray(clamped(start, bytes.length), clamped(end, bytes.length)),
  };
}

/** A reader asks here and there, and mostly near where it asked before. */
const windowBytes = 4096;

/** Some bytes of a book, and where in it they stand. */
export interface BytesAtHand {
  readonly at: number;
  readonly bytes: Buffer;
}

/**
 * The last two stretches that were read are kept, as readers go to and fro between the list of what a book holds and what
 * they look for in it.
 *
 * @param onRead told before and after a read, which takes as long as the disk does
 * @param atHand what need not be read
 */
export function bytesInFile(
  { descriptor, position, sizeBytes }: FilePlace,
  onRead: (isReading: boolean) => void = () => undefined,
  atHand: readonly BytesAtHand[] = [],
): BookBytes {
  let last: BytesAtHand = nothing;
  let before: BytesAtHand = nothing;
  const read = (at: number, length: number): BytesAtHand => {
    onRead(true);
    try {
      return { at, bytes: readAll(descriptor, position + at, length) };
    } finally {
      onRead(false);
    }
  };
  const holding = (start: number, end: number): BytesAtHand => {
    if (holds(last, start, end)) return last;
    for (const bytes of atHand) if (holds(bytes, start, end)) return bytes;
    const next = holds(before, start, end)
      ? before
      : read(start, Math.min(Math.max(end - start, windowBytes), sizeBytes - start));
    before = last;
    last = next;
    return next;
  };
  return {
    length: sizeBytes,
    slice: (from, to) => {
      const start = clamped(from, sizeBytes);
      const end = Math.max(start, clamped(to, sizeBytes));
      const { at, bytes } = holding(start, end);
      return bytes.subarray(start - at, end - at);
    },
  };
}

const nothing: BytesAtHand = { at: 0, bytes: Buffer.alloc(0) };

function holds({ at, bytes }: BytesAtHand, start: number, end: number): boolean {
  return start >= at && end <= at + bytes.length;
}

function readAll(descriptor: number, position: number, length: number): Buffer {
  const bytes = Buffer.allocUnsafe(length);
  const got = readFully(descriptor, bytes, position);
  return got < length ? bytes.subarray(0, got) : bytes;
}

function clamped(at: number, length: number): number {
  return Math.min(Math.max(at, 0), length);
}
