import { statfs } from 'node:fs/promises';
import { TarshelfError } from '../../protocol/errors.ts';
import { listExtractions, markedAt, type ExtractionFolder } from './extractionFolder.ts';
import { formatBytes } from '../../protocol/format.ts';
import { sentence } from '../../protocol/sentences.ts';

/** What is free on the disk of a folder, for this user. */
export type FreeBytes = (folder: string) => Promise<number>;

export async function freeBytesOf(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
}

/** A live extraction replaces its mark every few seconds, but for the time that one large member takes. */
const underWayMs = 10 * 60_000;

/**
 * What the extractions under way will still take of the disk: several workers that all look at the same free bytes
 * would otherwise fill it together, hours later. Of two that begin at once one counts the other, so that not both
 * are refused.
 */
export async function bytesUnderWay(root: string, own: ExtractionFolder): Promise<number> {
  let bytes = 0;
  for (const other of await listExtractions(root)) {
    if (!other.unfinished || !other.mark || !isBefore(other.name, own.name)) continue;
    if (Date.now() - (await markedAt(other)) > underWayMs) continue;
    bytes += Math.max(0, other.mark.sizeBytes - other.mark.syncedOffset);
  }
  return bytes;
}

function isBefore(a: string, b: string): boolean {
  const seconds = (name: string): number => Number(name.slice(name.lastIndexOf('_') + 1));
  return seconds(a) === seconds(b) ? a < b : seconds(a) < seconds(b);
}

/** Files take whole blocks, and progress and the library want room as well. */
const marginShare = 0.05;
const marginBytes = 128 * 1024 * 1024;

/**
 * Looks whether a tar can be extracted. How large a compressed one will become is not known; for it, this is the
 * least.
 *
 * @param spokenFor bytes that are free now and will not be
 * @throws TarshelfError `EXTRACTION_NO_SPACE`
 */
export async function checkSpace(
  tar: string,
  root: string,
  wantedBytes: number,
  spokenFor: number,
  freeBytes: FreeBytes = freeBytesOf,
): Promise<void> {
  const wanted = Math.ceil(wantedBytes * (1 + marginShare)) + marginBytes;
  const free = Math.max(0, (await freeBytes(root)) - spokenFor);
  if (free >= wanted) return;
  throw new TarshelfError(
    'EXTRACTION_NO_SPACE',
    sentence(
      spokenFor > 0 ? 'extractionsWithoutSpace' : 'extractionWithoutSpace',
      tar,
      formatBytes(wanted),
      root,
      formatBytes(free),
      formatBytes(wanted - free),
    ),
  );
}

/** The disk became full all the same: others write on it, too. */
export function diskIsFull(tar: string, root: string, cause: unknown): TarshelfError {
  return new TarshelfError('EXTRACTION_NO_SPACE', sentence('extractionFilledDisk', root, tar), { cause });
}
