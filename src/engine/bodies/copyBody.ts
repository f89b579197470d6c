import { close, fsync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { promisify } from 'node:util';
import type { BookKey } from '../../protocol/bookKey.ts';
import type { ArchiveMember, FilePlace } from '../archive/archive.ts';
import { writeChunksDurably } from '../system/durableFiles.ts';
import { cannotRead, changed, cutOff, handedOver, rereadBody } from './bookBody.ts';
import { systemError, type BodyThread } from './bodyThread.ts';

const sync = promisify(fsync);
const closeFile = promisify(close);

/**
 * Copies the body of a member to a new file, which is durable then. A failed copy leaves no file.
 *
 * @param onCopied told of bytes as they are copied
 * @throws TarshelfError `BOOK_NOT_READABLE`, also where they are not the ones that `key` was made of; what the system says
 *   of the file that is written; the reason of `abandon` when that was aborted
 */
export async function copyBody(
  {
    member,
    place,
    key,
  }: { readonly member: ArchiveMember; readonly place: FilePlace; readonly key: BookKey },
  path: string,
  thread: BodyThread,
  onCopied: (bytes: number) => void,
  abandon: AbortSignal,
): Promise<void> {
  const copied = await thread.copy(place, path, key.sha1, onCopied).catch(() => null);
  if (!copied) {
    // Whatever ended the thread, the book is none the worse for it.
    await writeChunksDurably(path, handedOver(rereadBody(member, key), onCopied, abandon));
    return;
  }
  try {
    if ('endsAt' in copied) throw cutOff(member);
    if ('isAnother' in copied) throw changed(member);
    if ('error' in copied) {
      abandon.throwIfAborted();
      const thrown = systemError(copied.error);
      throw copied.isWriting ? thrown : cannotRead(member, thrown);
    }
    // Not in the thread, which meanwhile goes on with the next one.
    try {
      await sync(copied.descriptor);
    } finally {
      await closeFile(copied.descriptor);
    }
  } catch (thrown) {
    await rm(path, { force: true });
    throw thrown;
  }
}
