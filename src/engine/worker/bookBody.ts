import { createHash, hash } from 'node:crypto';
import type { BookKey } from '../../protocol/bookKey.ts';
import { oneLine, TarshelfError } from '../../protocol/errors.ts';
import { sentence } from '../../protocol/sentences.ts';
import { largestKeptBody, type ArchiveMember } from '../archive/archive.ts';
import { smallestPooled, type BodyPool } from './bodyPool.ts';
import type { DigestThread } from './digestThread.ts';

/** A book's key, and its bytes where they are few enough to keep. */
export interface DigestedBody {
  readonly key: BookKey;
  /** From the pool, and to be given back there by whoever knows that nobody reads it any more. */
  readonly kept: Buffer | null;
}

/** Measured: pieces of a megabyte cost two thirds of the processor time of 64 KB ones. */
const digestedAtOnce = 1024 * 1024;

/**
 * Reads a member once and makes its key.
 *
 * @param thread digests where it is free, while here the next ones are
 * @throws TarshelfError `BOOK_NOT_READABLE`
 */
export async function digestBody(
  member: ArchiveMember,
  pool: BodyPool,
  thread: DigestThread | null = null,
): Promise<DigestedBody> {
  const { sizeBytes } = member;
  if (sizeBytes <= largestKeptBody) {
    const kept = await readWhole(member, pool);
    const there = thread?.wants(kept) ? await thread.digest(kept) : null;
    return { key: { sha1: there ?? hash('sha1', kept, 'hex'), sizeBytes }, kept };
  }
  const digest = createHash('sha1');
  if (!member.readInto) for await (const chunk of readChunks(member)) digest.update(chunk);
  else {
    const piece = pool.take(digestedAtOnce);
    for (let position = 0; position < sizeBytes;) {
      const got = await member.readInto(piece, position);
      if (got === 0) throw cutOff(member);
      digest.update(got === piece.length ? piece : piece.subarray(0, got));
      position += got;
    }
    pool.give(piece);
  }
  return { key: { sha1: digest.digest('hex'), sizeBytes }, kept: null };
}

async function readWhole(member: ArchiveMember, pool: BodyPool): Promise<Buffer> {
  const { sizeBytes } = member;
  if (!member.readInto || sizeBytes < smallestPooled) {
    const kept = await member.read(0, sizeBytes);
    if (kept.length < sizeBytes) throw cutOff(member);
    return kept;
  }
  const kept = pool.take(sizeBytes);
  if ((await member.readInto(kept, 0)) < sizeBytes) throw cutOff(member);
  return kept;
}

/**
 * A member's bytes, read anew.
 *
 * @throws TarshelfError `BOOK_NOT_READABLE` also where they are not the ones that `key` was made of: the tar was changed meanwhile.
 */
export async function* rereadBody(member: ArchiveMember, key: BookKey): AsyncGenerator<Buffer> {
  const digest = createHash('sha1');
  for await (const chunk of readChunks(member)) {
    digest.update(chunk);
    yield chunk;
  }
  if (digest.digest('hex') !== key.sha1) {
    throw new TarshelfError('BOOK_NOT_READABLE', sentence('bookChanged', member.name));
  }
}

/**
 * A book's bytes on their way to a destination, in pieces that even a slow line takes in a moment, so that it shows
 * that they are taken.
 *
 * @param onTaken told of each piece when the next one is asked for
 * @throws the reason of `abandon` when that was aborted
 */
export async function* handedOver(
  chunks: Iterable<Buffer> | AsyncIterable<Buffer>,
  onTaken: (bytes: number) => void,
  abandon: AbortSignal,
): AsyncGenerator<Buffer> {
  for await (const chunk of chunks) {
    for (let position = 0; position < chunk.length; position += pieceBytes) {
      abandon.throwIfAborted();
      const part = chunk.length <= pieceBytes ? chunk : chunk.subarray(position, position + pieceBytes);
      // Who takes it may read it later, when the memory of the body is another body's.
      const piece = part.buffer instanceof SharedArrayBuffer ? Buffer.from(part) : part;
      yield piece;
      onTaken(piece.length);
    }
  }
}

const pieceBytes = 64 * 1024;

async function* readChunks(member: ArchiveMember): AsyncGenerator<Buffer> {
  let got = 0;
  const chunks = member.chunks();
  try {
    for (;;) {
      const next = await readNext(chunks, member);
      if (next === null) break;
      got += next.length;
      yield next;
    }
  } finally {
    await chunks.return();
  }
  if (got < member.sizeBytes) throw cutOff(member);
}

/** Marks a failure to read as the source's own, so that nobody takes it for one of the destination's disk. */
async function readNext(chunks: AsyncGenerator<Buffer, void>, member: ArchiveMember): Promise<Buffer | null> {
  try {
    const { done, value } = await chunks.next();
    return done === true ? null : value;
  } catch (thrown) {
    throw new TarshelfError('BOOK_NOT_READABLE', sentence('bookUnreadable', member.name, oneLine(thrown)), {
      cause: thrown,
    });
  }
}

function cutOff(member: ArchiveMember): TarshelfError {
  return new TarshelfError('BOOK_NOT_READABLE', sentence('bookCutOff', member.name, member.sizeBytes));
}
