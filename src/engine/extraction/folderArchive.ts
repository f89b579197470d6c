import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { oneLine, TarshelfError } from '../../protocol/errors.ts';
import type { Archive, ArchiveMember } from '../archive/archive.ts';
import type { FileIdentity, OnRead } from '../archive/byteSource.ts';
import { memberName } from '../archive/memberName.ts';
import type { IndexOptions } from '../archive/tarIndex.ts';
import { filesBelow } from './extractionFolder.ts';
import { readFileChunks, readFilePart } from './memberFile.ts';

interface FolderFile {
  readonly path: string;
  readonly sizeBytes: number;
}

/**
 * A folder whose tar is gone, read as if it were one: its files are the members, one body after another. The size
 * is that of all files, the time that of the newest, so that a folder which has changed is read again.
 */
export class FolderArchive implements Archive {
  readonly readsInPlace = true;
  readonly identity: FileIdentity;
  readonly #folder: string;
  readonly #files: readonly FolderFile[];
  readonly #onRead: OnRead | undefined;

  private constructor(
    folder: string,
    files: readonly FolderFile[],
    identity: FileIdentity,
    onRead: OnRead | undefined,
  ) {
    this.#folder = folder;
    this.#files = files;
    this.identity = identity;
    this.#onRead = onRead;
  }

  /**
   * @param onUnreadable is told of what below cannot be read
   * @param onRead told of what is read of the files
   * @throws TarshelfError `TAR_NOT_READABLE` where there is no such folder
   */
  static async open(
    folder: string,
    onUnreadable: (message: string) => void,
    onRead?: OnRead,
  ): Promise<FolderArchive> {
    try {
      await stat(folder);
    } catch (thrown) {
      throw new TarshelfError(
        'TAR_NOT_READABLE',
        `Cannot read the extraction folder ${folder} (${oneLine(thrown)}). Launch again if it is there again.`,
        { cause: thrown },
      );
    }
    const files: FolderFile[] = [];
    const identity = { sizeBytes: 0, mtimeMs: 0 };
    for await (const path of filesBelow(folder, onUnreadable)) {
      try {
        const { size, mtimeMs } = await stat(join(folder, path));
        files.push({ path, sizeBytes: size });
        identity.sizeBytes += size;
        identity.mtimeMs = Math.max(identity.mtimeMs, Math.trunc(mtimeMs));
      } catch (thrown) {
        onUnreadable(`${join(folder, path)} cannot be read (${oneLine(thrown)})`);
      }
    }
    return new FolderArchive(folder, files, identity, onRead);
  }

  get fileCount(): number {
    return this.#files.length;
  }

  async *members({ from = 0 }: IndexOptions = {}): AsyncGenerator<ArchiveMember, void, undefined> {
    let offset = 0;
    for (const file of this.#files) {
      const headerOffset = offset;
      offset += file.sizeBytes;
      if (headerOffset >= from)
        yield memberOf(join(this.#folder, file.path), file, headerOffset, this.#onRead);
    }
    await Promise.resolve();
  }

  async close(): Promise<void> {
    // Files are opened for each use.
  }
}

function memberOf(
  path: string,
  file: FolderFile,
  headerOffset: number,
  onRead: OnRead | undefined,
): ArchiveMember {
  const { sizeBytes } = file;
  const endOffset = headerOffset + sizeBytes;
  return {
    name: memberName(Buffer.from(file.path)),
    headerOffset,
    bodyOffset: headerOffset,
    sizeBytes,
    endOffset,
    kind: 'file',
    reason: null,
    filePosition: endOffset,
    fileBytes: sizeBytes,
    read: (position, length) =>
      readFilePart(path, position, Math.min(length, Math.max(0, sizeBytes - position)), onRead),
    chunks: () => readFileChunks(path, onRead),
    keep: () => Promise.resolve(),
    release: () => Promise.resolve(),
  };
}
