import { lstat, open, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { oneLine, systemCode, TarshelfError } from '../../protocol/errors.ts';
import { renameOver } from '../system/durableFiles.ts';
import { makeFolder } from '../system/makeFolder.ts';
import type { FileIdentity } from '../archive/byteSource.ts';
import type { SourceTar } from '../archive/sourceFolder.ts';

const processedFolderName = 'processed';

function processedFolder(sourceFolder: string): string {
  return join(sourceFolder, processedFolderName);
}

/**
 * The names of what was moved out of the way. A folder that was extracted from one of these is no orphan: its
 * tar is completed, and the folder may hold half a book.
 *
 * @throws TarshelfError `SOURCE_MISSING` where they cannot be read
 */
export async function processedNames(sourceFolder: string): Promise<string[]> {
  try {
    return await readdir(processedFolder(sourceFolder));
  } catch (thrown) {
    // A file of that name is no reason not to run; the moving will tell of it.
    if (['ENOENT', 'ENOTDIR'].includes(systemCode(thrown) ?? '')) return [];
    throw new TarshelfError(
      'SOURCE_MISSING',
      `Cannot read the folder ${processedFolder(sourceFolder)} (${oneLine(thrown)}). Make it readable, then launch again.`,
      { cause: thrown },
    );
  }
}

/** A tar as it was when it was completed. */
export interface TarByName extends FileIdentity {
  readonly name: string;
}

/**
 * Where a tar of a source folder lies now, or null when it is not found among what was moved.
 *
 * @param names in `processed`
 */
export async function findProcessed(
  sourceFolder: string,
  names: readonly string[],
  tar: TarByName,
): Promise<string | null> {
  const { stem, extension } = partsOf(tar.name);
  for (const name of names) {
    const parts = partsOf(name);
    if (parts.extension !== extension || parts.stem.replace(/ \(\d+\)$/, '') !== stem) continue;
    const path = join(processedFolder(sourceFolder), name);
    const { size, mtimeMs } = await lstat(path);
    if (size === tar.sizeBytes && Math.trunc(mtimeMs) === tar.mtimeMs) return path;
  }
  return null;
}

export interface Listener {
  /** A tar was moved to a path. */
  readonly onMoved: (tar: string, path: string) => void;
  /** A completed tar stays where it is. One line that says why, and what to do. */
  readonly onNotice: (message: string) => void;
}

/**
 * Moves completed tars to `processed` in the folder of each, on the same disk, one after another. A tar that cannot be moved stays, which
 * is told; a later run tries again.
 */
export class ProcessedTars {
  readonly #listener: Listener;
  #moves: Promise<void> = Promise.resolve();

  constructor(listener: Listener) {
    this.#listener = listener;
  }

  /** Moves a tar when its turn comes. To be called once its completion is on record: this is what a kill goes by. */
  move(tar: SourceTar): void {
    this.#moves = this.#moves.then(() => this.#moveOrTell(tar));
  }

  /** Resolves when all that was to be moved was tried. */
  async settled(): Promise<void> {
    await this.#moves;
  }

  async #moveOrTell(tar: SourceTar): Promise<void> {
    const { onMoved, onNotice } = this.#listener;
    try {
      const from = join(tar.folder, tar.name);
      const obstacle = await obstacleTo(from, tar);
      if (obstacle === null) onMoved(tar.name, await moveToFreeName(from, tar.name, tar.folder));
      else onNotice(`${tar.name} is completed and was not moved: ${obstacle}`);
    } catch (thrown) {
      const folder = processedFolder(tar.folder);
      onNotice(
        `${tar.name} is completed and could not be moved to ${folder} (${oneLine(thrown)}). Move it yourself, or launch again.`,
      );
    }
  }
}

/** Why a tar had better stay, or null. */
async function obstacleTo(from: string, tar: SourceTar): Promise<string | null> {
  const now = await lstat(from);
  // A relative link would lead nowhere from another folder.
  if (!now.isFile()) return 'it is a link. Remove it yourself when it is no longer needed.';
  // Another tar by now, or this one still being written: that one is not completed.
  if (now.size !== tar.sizeBytes || Math.trunc(now.mtimeMs) !== tar.mtimeMs) {
    return 'it has changed meanwhile. Launch again.';
  }
  return null;
}

/** @returns where it is now. */
async function moveToFreeName(from: string, name: string, sourceFolder: string): Promise<string> {
  const folder = processedFolder(sourceFolder);
  await makeFolder(folder);
  const to = await reserveName(folder, name);
  try {
    await renameOver(from, to);
  } catch (thrown) {
    await rm(to, { force: true });
    throw thrown;
  }
  return to;
}

/**
 * Makes an empty file of a name that was free. A rename replaces what has its name, so that looking first and
 * renaming then would lose what another program puts there in between; what is replaced now is our own.
 */
async function reserveName(folder: string, name: string): Promise<string> {
  const { stem, extension } = partsOf(name);
  for (let number = 1; ; number++) {
    const path = join(folder, number === 1 ? name : `${stem} (${String(number)})${extension}`);
    try {
      await (await open(path, 'wx')).close();
      return path;
    } catch (thrown) {
      if (systemCode(thrown) !== 'EEXIST') throw thrown;
    }
  }
}

function partsOf(name: string): { stem: string; extension: string } {
  const [, stem = name, extension = ''] = /^(.*?)(\.tar(?:\.gz|\.zst)?|\.tgz)$/i.exec(name) ?? [];
  return { stem, extension };
}
