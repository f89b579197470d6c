import { createHash, hash } from 'node:crypto';
import type { BookKey } from '../../protocol/bookKey.ts';
import { TarshelfError } from '../../protocol/errors.ts';
import { readAt, type ByteSource } from '../archive/byteSource.ts';
import type { TarMember } from '../archive/tarIndex.ts';

/** A body up to this size is read once and kept for metadata and upload; a larger one is read again for each. */
export const largestKeptBody = 32 * 1024 * 1024;
/** Measured: chunks of a megabyte cost two thirds of the processor time of 64 KB ones. */
const chunkBytes = 1024 * 1024;

/** A book's key, and its bytes where they are few enough to keep. */
export interface DigestedBody {
  readonly key: BookKey;
  readonly kept: Buffer | null;
}

/**
 * Reads a member once and makes its key.
 *
 * @throws TarshelfError `BOOK_NOT_READABLE`
 */
export async function digestBody(source: ByteSource, member: TarMember): Promise<DigestedBody> {
  const { sizeBytes } = member;
  if (sizeBytes <= largestKeptBody) {
    const kept = await readAt(source, member.bodyOffset, sizeBytes);
    if (kept.length < sizeBytes) throw cutOff(member);
    return { key: { sha1: hash('sha1', kept, 'hex'), sizeBytes }, kept };
  }
  const digest = createHash('sha1');
  for await (const chunk of readChunks(source, member)) digest.update(chunk);
  return { key: { sha1: digest.digest('hex'), sizeBytes }, kept: null };
}

/**
 * A member's bytes, read anew.
 *
 * @throws TarshelfError `BOOK_NOT_READABLE` also where they are not the ones that `key` was made of: the tar was changed meanwhile.
 */
export async function* rereadBody(
  source: ByteSource,
  member: TarMember,
  key: BookKey,
): AsyncGenerator<Buffer> {
  const digest = createHash('sha1');
  for await (const chunk of readChunks(source, member)) {
    digest.update(chunk);
    yield chunk;
  }
  if (digest.digest('hex') !== key.sha1) {
    throw new TarshelfError(
      'BOOK_NOT_READABLE',
      `${member.name} changed while it was read. Leave the tars as they are during a run, then launch again.`,
    );
  }
}

async function* readChunks(source: ByteSource, member: TarMember): AsyncGenerator<Buffer> {
  const end = member.bodyOffset + member.sizeBytes;
  for (let position = member.bodyOffset; position < end; position += chunkBytes) {
    const length = Math.min(chunkBytes, end - position);
    const chunk = await readAt(source, position, length);
    if (chunk.length < length) throw cutOff(member);
    yield chunk;
  }
}

function cutOff(member: TarMember): TarshelfError {
  return new TarshelfError(
    'BOOK_NOT_READABLE',
    `${member.name} ends before its ${String(member.sizeBytes)} bytes. The tar became shorter while it was read; launch again when it is whole.`,
  );
}
