import { createHash } from 'node:crypto';
import type { BookKey } from '../../protocol/bookKey.ts';
import { oneLine, TarshelfError } from '../../protocol/errors.ts';
import { sentence } from '../../protocol/sentences.ts';
import type { ArchiveMember } from '../archive/archive.ts';

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
  if (digest.digest('hex') !== key.sha1) throw changed(member);
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
      const piece = chunk.length <= pieceBytes ? chunk : chunk.subarray(position, position + pieceBytes);
      yield piece;
      onTaken(piece.length);
    }
  }
}

const pieceBytes = 64 * 1024;

/**
 * A member's bytes.
 *
 * @throws TarshelfError `BOOK_NOT_READABLE`
 */
export async function* readChunks(member: ArchiveMember): AsyncGenerator<Buffer> {
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
    throw cannotRead(member, thrown);
  }
}

/** Of a member whose file the system does not let us read. */
export function cannotRead({ name }: ArchiveMember, thrown: unknown): TarshelfError {
  return new TarshelfError('BOOK_NOT_READABLE', sentence('bookUnreadable', name, oneLine(thrown)), {
    cause: thrown,
  });
}

/** Of a member that was found whole. */
export function cutOff(member: ArchiveMember): TarshelfError {
  return new TarshelfError('BOOK_NOT_READABLE', sentence('bookCutOff', member.name, member.sizeBytes));
}

/** Of a member whose bytes are not those of which its key was made. */
export function changed({ name }: ArchiveMember): TarshelfError {
  return new TarshelfError('BOOK_NOT_READABLE', sentence('bookChanged', name));
}
