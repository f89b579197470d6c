import { open, type FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { oneLine, TarshelfError } from '../../protocol/errors.ts';
import { sentence } from '../../protocol/sentences.ts';
import type { Archive, ArchiveMember } from '../archive/archive.ts';
import { TarDamage } from '../archive/tarDamage.ts';
import { isDiskFull, writeAt, type WhenRoom } from '../system/diskRoom.ts';
import { syncFolder } from '../system/durableFiles.ts';
import { makeFolder } from '../system/makeFolder.ts';
import { finishMark, removeExtraction, writeMark, type ExtractionFolder } from './extractionFolder.ts';
import { diskIsFull } from './freeSpace.ts';
import { SafePaths } from './safePaths.ts';

export interface ExtractOptions {
  readonly stop: AbortSignal;
  /** Told how far the tar's file is extracted, and into how many files. */
  readonly onExtracted: (filePosition: number, files: number) => void;
  /** How files are written, so that a full disk can be waited for. */
  readonly whenRoom: WhenRoom;
}

/** Files are made durable so many at a time: one after another, a hundred thousand small ones would take hours. */
const filesInSync = 64;
const bytesInSync = 64 * 1024 * 1024;
const markEveryMs = 1000;

/**
 * Extracts a tar into a folder of ours, or goes on with it: what is known to be on the disk stays. A damage ends
 * the extraction as the end mark does; whoever reads the tar after it meets it again. When the stop comes the
 * folder keeps its mark, for a later run to go on.
 *
 * @param sizes of the files that are in the folder
 * @throws TarshelfError `EXTRACTION_NO_SPACE`, `STATE_NOT_WRITABLE`, or whatever reading the tar throws
 */
export async function extractTar(
  archive: Archive,
  folder: ExtractionFolder,
  sizes: ReadonlyMap<string, number>,
  options: ExtractOptions,
): Promise<void> {
  await new Extraction(archive, folder, sizes, options).run();
}

class Extraction {
  readonly #archive: Archive;
  readonly #folder: ExtractionFolder;
  readonly #sizes: ReadonlyMap<string, number>;
  readonly #options: ExtractOptions;
  readonly #paths = new SafePaths();
  readonly #folders = new Set<string>();
  readonly #unsynced: FileHandle[] = [];
  #unsyncedBytes = 0;
  #files = 0;
  /** Members whose header stands before this are written, those before `#syncedOffset` are durable, too. */
  #takenOffset = 0;
  #syncedOffset: number;
  #markedAt = performance.now();

  constructor(
    archive: Archive,
    folder: ExtractionFolder,
    sizes: ReadonlyMap<string, number>,
    options: ExtractOptions,
  ) {
    this.#archive = archive;
    this.#folder = folder;
    this.#sizes = sizes;
    this.#options = options;
    this.#syncedOffset = folder.mark?.syncedOffset ?? 0;
  }

  async run(): Promise<void> {
    const { stop } = this.#options;
    try {
      try {
        for await (const member of this.#archive.members()) {
          if (stop.aborted) break;
          await this.#take(member);
        }
      } catch (thrown) {
        if (!(thrown instanceof TarDamage)) throw thrown;
      }
      await this.#sync();
      if (stop.aborted) await this.#mark();
      else await this.#finish();
    } catch (thrown) {
      await this.#closeAll();
      if (!isDiskFull(thrown)) throw thrown;
      // Nobody waits for room any longer, or what was written is lost: a part of no use to anybody must not keep
      // the progress files from being saved.
      await removeExtraction(this.#folder);
      throw diskIsFull(this.#folder.mark?.tar ?? this.#folder.name, dirname(this.#folder.path), thrown);
    }
  }

  async #take(member: ArchiveMember): Promise<void> {
    const { stop, onExtracted } = this.#options;
    if (member.kind === 'file') {
      const path = this.#paths.pathFor(member.name, member.headerOffset);
      const there = member.headerOffset < this.#syncedOffset && this.#sizes.get(path) === member.sizeBytes;
      if (!there) await this.#write(member, path);
      if (stop.aborted) return;
      this.#files++;
    }
    this.#takenOffset = member.headerOffset + 1;
    if (this.#unsynced.length >= filesInSync || this.#unsyncedBytes >= bytesInSync) {
      await this.#sync();
      if (performance.now() - this.#markedAt > markEveryMs) await this.#mark();
    }
    onExtracted(member.filePosition, this.#files);
  }

  async #write(member: ArchiveMember, path: string): Promise<void> {
    const { stop, onExtracted, whenRoom } = this.#options;
    const handle = await this.#open(join(this.#folder.path, path));
    this.#unsynced.push(handle);
    try {
      let written = 0;
      for await (const chunk of member.chunks()) {
        const position = written;
        await writing(this.#folder, () => writeAt(handle, chunk, position, whenRoom));
        written += chunk.length;
        if (stop.aborted) return;
        if (member.fileBytes > 0) onExtracted(member.filePosition - member.fileBytes + written, this.#files);
      }
      this.#unsyncedBytes += written;
    } finally {
      await member.release();
    }
  }

  async #open(path: string): Promise<FileHandle> {
    const make = async (): Promise<FileHandle> => {
      const folder = dirname(path);
      if (!this.#folders.has(folder)) {
        await makeFolder(folder);
        this.#folders.add(folder);
      }
      return open(path, 'w');
    };
    return writing(this.#folder, () => this.#options.whenRoom(make));
  }

  async #sync(): Promise<void> {
    await writing(this.#folder, () => Promise.all(this.#unsynced.map(handle => handle.sync())));
    await this.#closeAll();
    this.#unsyncedBytes = 0;
    this.#syncedOffset = Math.max(this.#syncedOffset, this.#takenOffset);
  }

  async #closeAll(): Promise<void> {
    for (const handle of this.#unsynced.splice(0)) await handle.close();
  }

  async #mark(): Promise<void> {
    const mark = this.#newMark(this.#syncedOffset);
    await writing(this.#folder, () => this.#options.whenRoom(() => writeMark(this.#folder.path, mark)));
    this.#markedAt = performance.now();
  }

  async #finish(): Promise<void> {
    const mark = this.#newMark(Number.MAX_SAFE_INTEGER);
    await writing(this.#folder, async () => {
      for (const folder of this.#folders) await syncFolder(folder);
      await this.#options.whenRoom(() => finishMark(this.#folder.path, mark));
    });
  }

  #newMark(syncedOffset: number): NonNullable<ExtractionFolder['mark']> {
    const mark = this.#folder.mark;
    if (!mark) throw new Error('an extraction goes into a folder of ours only');
    return { ...mark, syncedOffset };
  }
}

async function writing<T>(folder: ExtractionFolder, write: () => Promise<T>): Promise<T> {
  try {
    return await write();
  } catch (thrown) {
    if (isDiskFull(thrown)) throw thrown;
    throw new TarshelfError(
      'STATE_NOT_WRITABLE',
      sentence('extractionUnwritable', folder.path, oneLine(thrown)),
      { cause: thrown },
    );
  }
}
