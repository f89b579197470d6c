import { statfs } from 'node:fs/promises';
import { TarshelfError } from '../../protocol/errors.ts';
import { formatBytes } from '../../protocol/format.ts';

/** What is free on the disk of a folder, for this user. */
export type FreeBytes = (folder: string) => Promise<number>;

export async function freeBytesOf(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
}

/** Files take whole blocks, and progress and the library want room as well. */
const marginShare = 0.05;
const marginBytes = 128 * 1024 * 1024;

/**
 * Looks whether a tar can be extracted. How large a compressed one will become is not known; for it, this is the least.
 *
 * @throws TarshelfError `EXTRACTION_NO_SPACE`
 */
export async function checkSpace(
  tar: string,
  root: string,
  wantedBytes: number,
  freeBytes: FreeBytes = freeBytesOf,
): Promise<void> {
  const wanted = Math.ceil(wantedBytes * (1 + marginShare)) + marginBytes;
  const free = await freeBytes(root);
  if (free >= wanted) return;
  throw new TarshelfError(
    'EXTRACTION_NO_SPACE',
    `${tar} needs ${formatBytes(wanted)} to be extracted and ${root} has ${formatBytes(free)}: free ${formatBytes(wanted - free)} or use --mode in-place.`,
  );
}

/** The disk became full all the same: others write on it, too. */
export function diskIsFull(tar: string, root: string, cause: unknown): TarshelfError {
  return new TarshelfError(
    'EXTRACTION_NO_SPACE',
    `The disk of ${root} became full while ${tar} was extracted; what was extracted is removed. Free some space or use --mode in-place.`,
    { cause },
  );
}
