import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { oneLine, systemCode, TarshelfError } from '../../protocol/errors.ts';
import type { FileIdentity } from '../archive/byteSource.ts';

const tarName = /\.(?:tar|tar\.gz|tgz|tar\.zst)$/i;

/** A tar of the source folder, by its file name. */
export interface FoundTar extends FileIdentity {
  readonly name: string;
}

/**
 * Finds the tars of a folder, sorted by name so that every run deals them alike. Not below it.
 *
 * @throws TarshelfError `SOURCE_MISSING`, `SOURCE_NOT_A_FOLDER` or `SOURCE_WITHOUT_TARS`
 */
export async function findTars(folder: string): Promise<FoundTar[]> {
  const tars: FoundTar[] = [];
  for (const name of await namesIn(folder)) {
    if (!tarName.test(name)) continue;
    const found = await statTar(join(folder, name));
    if (found) tars.push({ name, ...found });
  }
  if (tars.length === 0) {
    throw new TarshelfError(
      'SOURCE_WITHOUT_TARS',
      `There are no .tar files (or .tar.gz, .tgz, .tar.zst) in ${folder}. Choose the folder that holds them.`,
    );
  }
  // By code unit, not by language: the order must be the same on every machine.
  return tars.sort((a, b) => (a.name < b.name ? -1 : 1));
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (thrown) {
    switch (systemCode(thrown)) {
      case 'ENOENT':
        throw new TarshelfError(
          'SOURCE_MISSING',
          `There is no folder ${folder}. Check the path, and that its disk is connected.`,
        );
      case 'ENOTDIR':
        throw new TarshelfError(
          'SOURCE_NOT_A_FOLDER',
          `${folder} is a file. Give the folder that holds the .tar files.`,
        );
      default:
        throw new TarshelfError('SOURCE_MISSING', `Cannot read the folder ${folder} (${oneLine(thrown)}).`, {
          cause: thrown,
        });
    }
  }
}

/** What a tar is now, or null for what is no file. A link to a file counts; a dangling one fails as its tar later. */
async function statTar(path: string): Promise<FileIdentity | null> {
  try {
    const found = await stat(path);
    return found.isFile() ? { sizeBytes: found.size, mtimeMs: Math.trunc(found.mtimeMs) } : null;
  } catch {
    return { sizeBytes: 0, mtimeMs: 0 };
  }
}
