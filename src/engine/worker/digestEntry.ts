import { createHash, hash } from 'node:crypto';
import { readSync } from 'node:fs';
import { parentPort } from 'node:worker_threads';
import type { DigestAnswer, DigestedPlace, PlacesToDigest } from './digestThread.ts';
import type { FilePlace } from '../archive/archive.ts';

/*
 * The entry of the thread that reads and digests for a worker: places of open files go in, and what they hold comes
 * out. A body passes by in pieces that stay in the cache of a core between being read and being digested, and is
 * nowhere in memory as a whole: measured, that takes as much time as `openssl dgst`, and a tenth less than bodies
 * as a whole. Nothing here waits but for the disk.
 */

const piece = Buffer.allocUnsafeSlow(256 * 1024);
/** What of a large body was read is told before its end, for those who look whether the worker gets on. */
const toldAtOnce = 8 * 1024 * 1024;
let untold = 0;

parentPort?.on('message', ({ id, places, headBytes }: PlacesToDigest) => {
  const digested = places.map(place => digestOrError(id, place, headBytes));
  say({ id, bytes: untold, digested });
});

function digestOrError(id: number, place: FilePlace, headBytes: number): DigestedPlace {
  try {
    return digest(id, place, headBytes);
  } catch (thrown) {
    const { message, code } = thrown as NodeJS.ErrnoException;
    return { error: { message, code } };
  }
}

function digest(id: number, place: FilePlace, headBytes: number): DigestedPlace {
  const { descriptor, sizeBytes } = place;
  let head: Uint8Array | null = null;
  const running = sizeBytes > piece.length ? createHash('sha1') : null;
  let sha1 = '';
  for (let read = 0; read < sizeBytes;) {
    const wanted = Math.min(piece.length, sizeBytes - read);
    let got = 0;
    while (got < wanted) {
      const more = readSync(descriptor, piece, got, wanted - got, place.position + read + got);
      if (more === 0) return { endsAt: read + got };
      got += more;
    }
    const bytes = piece.subarray(0, got);
    head ??= new Uint8Array(bytes.subarray(0, headBytes));
    if (running) running.update(bytes);
    else sha1 = hash('sha1', bytes, 'hex');
    read += got;
    untold += got;
    if (untold >= toldAtOnce) say({ id, bytes: untold, digested: null });
  }
  return { sha1: running?.digest('hex') ?? sha1, head: head ?? new Uint8Array() };
}

function say(answer: DigestAnswer): void {
  untold = 0;
  parentPort?.postMessage(answer);
}
