import { FileSource, readAt, type OnRead } from '../archive/byteSource.ts';

const chunkBytes = 1024 * 1024;

/** Reads part of a file. A file is opened for each use: a batch has more of them than a process may hold open. */
export async function readFilePart(
  path: string,
  position: number,
  length: number,
  onRead?: OnRead,
): Promise<Buffer> {
  const source = await FileSource.open(path, onRead);
  try {
    return await readAt(source, position, length);
  } finally {
    await source.close();
  }
}

/** Reads a file in chunks, as long as it is now. */
export async function* readFileChunks(
  path: string,
  onRead?: OnRead,
): AsyncGenerator<Buffer, void, undefined> {
  const source = await FileSource.open(path, onRead);
  try {
    for (let position = 0; position < source.sizeBytes; position += chunkBytes) {
      yield await readAt(source, position, Math.min(chunkBytes, source.sizeBytes - position));
    }
  } finally {
    await source.close();
  }
}
