import { join } from 'node:path';
import type { FileIdentity, OnRead } from '../archive/byteSource.ts';
import { extractionRoot, listReadable, tarOfFolder, type ExtractionFolder } from './extractionFolder.ts';
import { FolderArchive } from './folderArchive.ts';

/** A folder whose tar is gone, by its name. */
export interface OrphanedFolder extends FileIdentity {
  readonly name: string;
}

/** Whether a name that was dealt is an extraction folder's. A tar's ends in `.tar` or the like, never in `_` and digits. */
export function isFolderName(name: string): boolean {
  return tarOfFolder(name) !== null;
}

/**
 * Finds the folders that hold files and belong to none of these tars. One whose extraction has not come to its
 * end waits for its tar: it may hold half a book.
 */
export async function findOrphanedFolders(
  stateFolder: string,
  tars: readonly string[],
  onNotice: (message: string) => void,
): Promise<OrphanedFolder[]> {
  const names = new Set(tars);
  const bases = new Set(tars.map(tar => tar.replace(/\.(?:tar|tar\.gz|tgz|tar\.zst)$/i, '')));
  const isOrphaned = ({ name, mark, unfinished }: ExtractionFolder): boolean =>
    mark ? !unfinished && !names.has(mark.tar) : !bases.has(tarOfFolder(name) ?? '');
  const orphaned: OrphanedFolder[] = [];
  for (const folder of await listReadable(extractionRoot(stateFolder), onNotice)) {
    if (!isOrphaned(folder)) continue;
    const archive = await FolderArchive.open(folder.path, onNotice);
    if (archive.fileCount > 0) orphaned.push({ name: folder.name, ...archive.identity });
  }
  return orphaned;
}

/** Opens such a folder as if it were a tar. @throws TarshelfError `TAR_NOT_READABLE` */
export async function openFolder(
  stateFolder: string,
  name: string,
  onNotice: (message: string) => void,
  onRead?: OnRead,
): Promise<FolderArchive> {
  return FolderArchive.open(join(extractionRoot(stateFolder), name), onNotice, onRead);
}
