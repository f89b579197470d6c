import { constants } from 'node:fs';
import { open, rename, rm, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { systemCode } from '../../protocol/errors.ts';

/** What file systems say that have no way to make names durable: folders that a virtual machine shares, and some in user space. */
const cannotSync: ReadonlySet<string> = new Set(['EINVAL', 'EBADF', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS']);

/**
 * Makes the names in a folder durable: after a rename, a power cut must not bring the old name back. Where the file system
 * cannot, its names are as durable as it makes them.
 * Windows cannot open folders and keeps names by its own journal.
 */
export async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return;
  // Of a file these answers would be a failure.
  const handle = await open(folder, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    await handle.sync();
  } catch (thrown) {
    if (!cannotSync.has(systemCode(thrown) ?? '')) throw thrown;
  } finally {
    await handle.close();
  }
}

/**
 * Renames over an existing file. On Windows a virus scanner or a reader may hold the target for a moment;
 * waiting briefly is what the file system's own tools do.
 */
export async function renameOver(from: string, to: string): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    try {
      await rename(from, to);
      return;
    } catch (thrown) {
      const held =
        process.platform === 'win32' && ['EPERM', 'EACCES', 'EBUSY'].includes(systemCode(thrown) ?? '');
      if (!held || attempt === 10) throw thrown;
      await sleep(20 * (attempt + 1));
    }
  }
}

/** Writes a new file and makes its bytes durable. A failed write leaves no file. */
async function writeDurably(path: string, write: (handle: FileHandle) => Promise<void>): Promise<void> {
  const handle = await open(path, 'w');
  try {
    await write(handle);
    await handle.sync();
    await handle.close();
  } catch (thrown) {
    await handle.close().catch(() => undefined);
    await rm(path, { force: true });
    throw thrown;
  }
}

/** Texts that are shorter are written together: each write goes over a thread. */
const leastText = 64 * 1024;

/** Writes chunks, one after another, to a new file and makes them durable. A failed write leaves no file. */
export async function writeChunksDurably(
  path: string,
  chunks: Iterable<string | Uint8Array> | AsyncIterable<string | Uint8Array>,
): Promise<void> {
  await writeDurably(path, async handle => {
    let text = '';
    for await (const chunk of chunks) {
      const isText = typeof chunk === 'string';
      if (isText) text += chunk;
      if (isText && text.length < leastText) continue;
      if (text !== '') await handle.writeFile(text);
      text = '';
      if (!isText) await handle.writeFile(chunk);
    }
    if (text !== '') await handle.writeFile(text);
  });
}

/** Replaces a file whole: at every moment, kills included, its name shows the old bytes or the new ones. */
export async function replaceFile(
  path: string,
  chunks: Iterable<string | Uint8Array> | AsyncIterable<string | Uint8Array>,
): Promise<void> {
  const temporary = `${path}.tmp`;
  await writeChunksDurably(temporary, chunks);
  await renameOver(temporary, path);
  await syncFolder(dirname(path));
}

/** Makes the bytes of a file durable that something else has written. */
export async function syncFile(path: string): Promise<void> {
  // Windows syncs only what is open for writing.
  const handle = await open(path, 'r+');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

const chunkBytes = 1024 * 1024;

/**
 * The bytes of a file from `start` to `end`, a megabyte at a time. A chunk is valid until the next one.
 *
 * @throws an error where the file ends before.
 */
export async function* readChunks(handle: FileHandle, start: number, end: number): AsyncGenerator<Buffer> {
  const buffer = Buffer.allocUnsafe(Math.min(chunkBytes, end - start));
  for (let position = start; position < end;) {
    const { bytesRead } = await handle.read(buffer, 0, Math.min(buffer.length, end - position), position);
    if (bytesRead === 0) throw new Error('the file is shorter than it was');
    yield buffer.subarray(0, bytesRead);
    position += bytesRead;
  }
}
