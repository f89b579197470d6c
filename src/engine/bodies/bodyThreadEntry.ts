import { createHash, hash } from 'node:crypto';
import { closeSync, openSync, writeSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import type { FilePlace } from '../archive/archive.ts';
import { readFully } from '../system/readFully.ts';
import { readHeadersAhead } from '../archive/headersAhead.ts';
import { headLength } from '../archive/headLength.ts';
import type {
  BodyAnswer,
  BodyRequest,
  BodyThreadData,
  CopiedPlace,
  DigestedPlace,
  SystemFailure,
} from './bodyThread.ts';
import type { BookToDescribe } from './describeBook.ts';
import { noteReading, sharedWords } from './sharedWords.ts';

/*
 * The entry of a thread that reads bodies for a worker: places of open files go in, and what they hold comes out. A body
 * passes by in pieces that stay in the cache of a core between being read and being digested or written, and is nowhere
 * in memory as a whole: measured, that takes as much time as `openssl dgst`, and a tenth less than bodies as a whole.
 * Nothing here waits but for disks.
 */

const { shared, describes } = workerData as BodyThreadData;
const onRead = noteReading.bind(null, shared);
const piece = Buffer.allocUnsafeSlow(256 * 1024);
/** What of a large body was read is told before its end, for those who look whether the worker gets on. */
const toldAtOnce = 8 * 1024 * 1024;

const loadDescriber = () => import('./describeBook.ts');
// Whoever only copies never needs it.
let describer = describes ? loadDescriber() : null;

let current = 0;
let untold = 0;
let begunAt = 0;
let atDiskMs = 0;
/** Where in its body the last piece stands. */
let pieceAt = 0;
/** Books that were described. */
let described = 0;
/** One request after another, also where one waits for what is loaded only when it is needed. */
let work: Promise<void> = Promise.resolve();

parentPort?.on('message', (request: BodyRequest) => {
  work = work.then(() => answer(request)).catch(fail);
});

async function answer(request: BodyRequest): Promise<void> {
  current = request.id;
  begunAt = performance.now();
  atDiskMs = 0;
  switch (request.kind) {
    case 'digest': {
      const { places, books } = request;
      const digested: DigestedPlace[] = [];
      for (const [index, place] of places.entries()) {
        const book = books?.[index];
        digested.push(book ? await digestAndDescribe(place, book) : digest(place));
      }
      say(digested);
      break;
    }
    case 'headers': {
      const chain = readHeadersAhead(request);
      say(chain, [chain.bytes.buffer]);
      break;
    }
    case 'copy':
      say(copy(request));
      break;
    default:
      request satisfies never;
  }
}

function say(result: BodyAnswer['result'], handedOver: ArrayBuffer[] = []): void {
  post({ bytes: untold, result, failure: null }, handedOver);
  untold = 0;
}

/** Whatever it was, it fails the one who has asked, and no one behind. */
function fail(thrown: unknown): void {
  post({ bytes: 0, result: null, failure: failureOf(thrown) });
}

function post(
  answer: Pick<BodyAnswer, 'bytes' | 'result' | 'failure'>,
  handedOver: ArrayBuffer[] = [],
): void {
  const tookMs = answer.result ? performance.now() - begunAt : 0;
  parentPort?.postMessage({ ...answer, id: current, tookMs, atDiskMs } satisfies BodyAnswer, handedOver);
}

/** Gives a body to `take`, piece by piece. @returns how long it is where it ends too early */
function read(place: FilePlace, take: (bytes: Buffer) => void): number | null {
  const { descriptor, position, sizeBytes } = place;
  for (let read = 0; read < sizeBytes;) {
    const wanted = Math.min(piece.length, sizeBytes - read);
    const bytes = wanted === piece.length ? piece : piece.subarray(0, wanted);
    const from = performance.now();
    const got = readFully(descriptor, bytes, position + read);
    atDiskMs += performance.now() - from;
    if (got < wanted) return read + got;
    pieceAt = read;
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
      head ??= new Uint8Array(bytes.subarray(0, headLength));
      if (running) running.update(bytes);
      else sha1 = hash('sha1', bytes, 'hex');
    });
    if (endsAt !== null) return { endsAt };
    return { sha1: sha1 ?? (running ?? createHash('sha1')).digest('hex'), head: head ?? new Uint8Array() };
  } catch (thrown) {
    return { error: failureOf(thrown) };
  }
}

/**
 * A body that was digested is described while some of it is still at hand. Where that fails, there is no word of it: what is wrong is
 * told when it is looked into once more.
 */
async function digestAndDescribe(place: FilePlace, book: BookToDescribe): Promise<DigestedPlace> {
  const digested = digest(place);
  if (!('head' in digested)) return digested;
  const { sha1, head } = digested;
  try {
    const { describeBook } = await (describer ??= loadDescriber());
    Atomics.store(shared, sharedWords.describing, (described = (described % 1e9) + 1));
    const last = { at: pieceAt, bytes: piece.subarray(0, place.sizeBytes - pieceAt) };
    return { sha1, description: await describeBook(book, place, Buffer.from(head.buffer), last, onRead) };
  } catch {
    return digested;
  } finally {
    onRead(false);
    Atomics.store(shared, sharedWords.describing, 0);
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
      if (Atomics.load(shared, sharedWords.abandoned) !== 0) throw new Error('abandoned');
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
