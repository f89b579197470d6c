import type { FileHandle } from 'node:fs/promises';
import { systemCode } from '../../protocol/errors.ts';

/**
 * Does a write that a full disk may refuse: at once, or as soon as there is room. The write is to be one that can
 * be done a second time when it has failed.
 *
 * @throws what the write threw, where that is something else or nobody waits any longer.
 */
export type WhenRoom = <T>(write: () => Promise<T>) => Promise<T>;

/** Waits for nothing. */
export const atOnce: WhenRoom = write => write();

/** Whether the system said that a disk, or what a user may take of it, is full. */
export function isDiskFull(thrown: unknown): boolean {
  return ['ENOSPC', 'EDQUOT'].includes(systemCode(thrown) ?? '');
}

/** Writes all of the bytes at a place in a file, however often the disk becomes full meanwhile. */
export async function writeAt(
  handle: Pick<FileHandle, 'write'>,
  bytes: Buffer,
  position: number,
  whenRoom: WhenRoom,
): Promise<void> {
  // What was written before the disk was full counts: the rest goes behind it.
  for (let from = 0; from < bytes.length;) {
    const start = from;
    from += await whenRoom(async () => {
      const { bytesWritten } = await handle.write(bytes, start, bytes.length - start, position + start);
      return bytesWritten;
    });
  }
}
