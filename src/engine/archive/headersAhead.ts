import { readFully } from '../system/readFully.ts';
import { blockKind, blockSize, isBodiless, padded, sizeOf, typeOf } from './tarHeader.ts';

/** Where headers are read, and how. */
export interface HeadersAt {
  /** Of a tar in this process. */
  readonly descriptor: number;
  /** Of the first one. */
  readonly position: number;
  /** Of the tar. */
  readonly sizeBytes: number;
  /** So much is read at each. */
  readonly length: number;
  /** So many at most. */
  readonly most: number;
  /** Where the next one is nearer than this, whoever reads in larger pieces does better. */
  readonly leastJump: number;
}

/** What stands at some positions of a tar, one after another in memory, `length` bytes for each; fewer where the tar ends. */
export interface HeaderChain {
  readonly positions: readonly number[];
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/**
 * Reads headers of large members, each with what its body begins with, from one to the next. Waits for the disk: for a thread that may.
 *
 * It only guesses where they stand, for whoever reads them by all rules then: a wrong guess is read for nothing. Where one cannot be
 * read it ends before that, and whoever needs that one hears why.
 */
export function readHeadersAhead(where: HeadersAt): HeaderChain {
  const { descriptor, position, sizeBytes, length, most, leastJump } = where;
  const bytes = Buffer.allocUnsafeSlow(length * most);
  const positions: number[] = [];
  let used = 0;
  for (let next: number | null = position; next !== null && next < sizeBytes && positions.length < most;) {
    const here = bytes.subarray(used, used + length);
    let got: number;
    try {
      got = readFully(descriptor, here, next);
    } catch {
      break;
    }
    positions.push(next);
    used += got;
    next = got < length ? null : nextAfter(here, next, leastJump);
  }
  return { positions, bytes: new Uint8Array(bytes.buffer, 0, used) };
}

/** Where the next header stands that is not at hand; null where that is not told by what is, or too near. */
function nextAfter(bytes: Buffer, position: number, leastJump: number): number | null {
  let at = 0;
  while (at + blockSize <= bytes.length) {
    const size = blockKind(bytes, at) === 'header' ? sizeOf(bytes, at) : undefined;
    if (size === undefined) return null;
    at += blockSize + (isBodiless(typeOf(bytes, at)) ? 0 : padded(size));
  }
  return at - bytes.length > leastJump ? position + at : null;
}
