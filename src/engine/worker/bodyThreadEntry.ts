import { createHash, hash } from 'node:crypto';
import { closeSync, openSync, writeSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import type { FilePlace } from '../archive/archive.ts';
import { readFully } from '../readFully.ts';
import type {
  BodyAnswer,
  BodyRequest,
  BodyThreadData,
  CopiedPlace,
  DigestedPlace,
  SystemFailure,
} from './bodyThread.ts';

/*
 * The entry of a thread that reads bodies for a worker: places of open files go in, and what they hold comes out. A body
 * passes by in pieces that stay in the cache of a core between being read and being digested or written, and is nowhere
 * in memory as a whole: measured, that takes as much time as `openssl dgst`, and a tenth less than bodies as a whole.
 * Nothing here waits but for disks.
 */

const { headBytes, abandoned } = workerData as BodyThreadData;
const piece = Buffer.allocUnsafeSlow(256 * 1024);
/** What of a large body was read is told before its end, for those who look whether the worker gets on. */
const toldAtOnce = 8 * 1024 * 1024;

let current = 0;
let untold = 0;

parentPort?.on('message', (request: BodyRequest) => {
  current = request.id;
  say(request.kind === 'digest' ? request.places.map(digest) : copy(request));
});

function say(result: BodyAnswer['result']): void {
  parentPort?.postMessage({ id: current, bytes: untold, result } satisfies BodyAnswer);
  untold = 0;
}

/** Gives a body to `take`, piece by piece. @returns how long it is where it ends too early */
function read(place: FilePlace, take: (bytes: Buffer) => void): number | null {
  const { descriptor, position, sizeBytes } = place;
  for (let read = 0; read < sizeBytes;) {
    const wanted = Math.min(piece.length, sizeBytes - read);
    const bytes = wanted === piece.length ? piece : piece.subarray(0, wanted);
    const got = readFully(descriptor, bytes, position + read);
    if (got < wanted) return read + got;
    take(bytes);
    read += got;
    untold += got;
    if (untold >= toldAtOnce) say(null);
  }
  return null;
}

function digest(place: FilePlace): DigestedPlace {
  try {
    const running = place.sizeBytes > piece.length ? createHash('sha1') : null;
    let sha1: string | undefined;
    let head: Uint8Array | undefined;
    const endsAt = read(place, bytes => {
      head ??= new Uint8Array(bytes.subarray(0, headBytes));
      if (running) running.update(bytes);
      else sha1 = hash('sha1', bytes, 'hex');
    });
    if (endsAt !== null) return { endsAt };
    return { sha1: sha1 ?? (running ?? createHash('sha1')).digest('hex'), head: head ?? new Uint8Array() };
  } catch (thrown) {
    return { error: failureOf(thrown) };
  }
}

function copy({ place, path, sha1 }: Extract<BodyRequest, { kind: 'copy' }>): CopiedPlace {
  let descriptor: number | null = null;
  let isWriting = true;
  const fail = (result: CopiedPlace): CopiedPlace => {
    const open = descriptor;
    // Once and no more: its number may soon be another file's.
    descriptor = null;
    try {
      if (open !== null) closeSync(open);
    } catch {
      // Why it failed is known already.
    }
    return result;
  };
  try {
    const file = (descriptor = openSync(path, 'w'));
    const running = createHash('sha1');
    isWriting = false;
    const endsAt = read(place, bytes => {
      if (Atomics.load(abandoned, 0) !== 0) throw new Error('abandoned');
      running.update(bytes);
      isWriting = true;
      for (let written = 0; written < bytes.length;) written += writeSync(file, bytes, written);
      isWriting = false;
    });
    if (endsAt !== null) return fail({ endsAt });
    if (running.digest('hex') !== sha1) return fail({ isAnother: true });
    return { descriptor: file };
  } catch (thrown) {
    return fail({ error: failureOf(thrown), isWriting });
  }
}

function failureOf(thrown: unknown): SystemFailure {
  const { message, code } = thrown as NodeJS.ErrnoException;
  return { message, code };
}
