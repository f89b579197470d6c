import { stat } from 'node:fs/promises';
import type { FileIdentity } from '../archive/byteSource.ts';
import { extractionsOf, filesBelow, isOf, type ExtractionFolder } from './extractionFolder.ts';

export interface FoundExtraction extends ExtractionFolder {
  readonly fileCount: number;
}

/**
 * The best folder of a tar by the documented rule: the one with most files, of those the newest. Empty ones are
 * none, and neither are ours that were extracted from the tar as it was before a change.
 */
export async function findExtraction(
  root: string,
  tar: string,
  identity: FileIdentity,
  onNotice: (message: string) => void,
): Promise<FoundExtraction | null> {
  const found: (FoundExtraction & { mtimeMs: number })[] = [];
  for (const folder of await extractionsOf(root, tar, onNotice)) {
    if (folder.mark && !isOf(folder.mark, tar, identity)) continue;
    // All that is below, however many roots there are.
    const fileCount = await countOf(filesBelow(folder.path, onNotice));
    if (fileCount > 0) found.push({ ...folder, fileCount, mtimeMs: (await stat(folder.path)).mtimeMs });
  }
  found.sort((a, b) => b.fileCount - a.fileCount || b.mtimeMs - a.mtimeMs || (a.name < b.name ? 1 : -1));
  return found[0] ?? null;
}

async function countOf(files: AsyncGenerator<string, void, undefined>): Promise<number> {
  let count = 0;
  while (!(await files.next()).done) count++;
  return count;
}
