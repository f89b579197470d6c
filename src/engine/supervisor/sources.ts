import { dirname, isAbsolute, resolve } from 'node:path';
import type { IngestOptions } from '../../protocol/ingestOptions.ts';
import type { BookCounts } from '../../protocol/snapshot.ts';
import { findOrphanedFolders } from '../extraction/orphanedFolders.ts';
import type { ProgressRecord } from '../progress/progressRecord.ts';
import { dealRoundRobin, type Assignment } from './crew/assignment.ts';
import { processedNames } from './processedTars.ts';
import { findTars, withoutTars, type FoundTar, type PassedOver } from '../archive/sourceFolder.ts';

/** What a run could read, and where it looked for that. */
export interface Sources {
  readonly tars: readonly FoundTar[];
  /** Each once. */
  readonly folders: readonly string[];
  /**
   * Those without tars, which never had one either, as far as `processed` tells: a disk that is not connected may leave
   * an empty folder where it was.
   */
  readonly emptyFolders: readonly string[];
  /** Tars that are compressed in a way that cannot be read. */
  readonly passedOver: readonly PassedOver[];
}

/**
 * What a run could read: the tars, and behind them the extraction folders whose tar is gone, for their files are
 * books, too. A plan and the run after it go by this alike.
 *
 * @throws TarshelfError `SOURCE_MISSING`, `SOURCE_NOT_A_FOLDER`, `SOURCE_WITHOUT_TARS` or `SOURCE_NAME_TWICE`
 */
export async function findSources(
  { mode, sourceFolders, stateFolder }: Pick<IngestOptions, 'mode' | 'sourceFolders' | 'stateFolder'>,
  onNotice: (message: string) => void,
): Promise<Sources> {
  const { tars, folders, passedOver } = await findTars(sourceFolders);
  const orphaned: FoundTar[] = [];
  if (mode !== 'in-place') {
    const names = tars.map(tar => tar.name);
    for (const folder of folders) names.push(...(await processedNames(folder)));
    const found = await findOrphanedFolders(stateFolder, names, message => {
      onNotice(`${message}.`);
    });
    orphaned.push(...found.map(folder => ({ ...folder, folder: null })));
  }
  if (tars.length + orphaned.length === 0) throw withoutTars({ folders, passedOver });
  const filled = new Set([...tars, ...passedOver].map(tar => tar.folder));
  const emptyFolders: string[] = [];
  for (const folder of folders) {
    if (!filled.has(folder) && !(await hasProcessed(folder))) emptyFolders.push(folder);
  }
  return { tars: [...tars, ...orphaned], folders, emptyFolders, passedOver };
}

async function hasProcessed(folder: string): Promise<boolean> {
  try {
    return (await processedNames(folder)).length > 0;
  } catch {
    // It is there, so the disk is.
    return true;
  }
}

/**
 * Deals tars to workers. The folders take turns, for they may be on disks that can be read side by side; extraction
 * folders come last. Those that nobody can open by their names are nobody's.
 */
export function dealTars(found: readonly FoundTar[], workers: number): Assignment {
  const tars = found.filter(tar => tar.nameBytes === undefined);
  const byFolder = Map.groupBy(tars, tar => tar.folder);
  const orphaned = byFolder.get(null) ?? [];
  byFolder.delete(null);
  const turns: FoundTar[] = [];
  const queues = [...byFolder.values()];
  for (let turn = 0; turns.length + orphaned.length < tars.length; turn++)
    turns.push(...queues.flatMap(queue => queue[turn] ?? []));
  return dealRoundRobin(
    [...turns, ...orphaned].map(tar => tar.name),
    workers,
  );
}

/**
 * What an earlier run counted in a tar that it completed, or null where the tar is to be read.
 *
 * @param bookTypes that are wanted; undefined for all
 * @param isOneOfSeveral there are several source folders. Then the word of the Python system, which recorded no more
 *   of a tar than its name and path, counts for a tar at that path and for no other of its name.
 */
export function completedEarlier(
  tar: FoundTar,
  progress: ReadonlyMap<number, ProgressRecord>,
  bookTypes: readonly string[] | undefined,
  isOneOfSeveral: boolean,
): BookCounts | null {
  for (const record of progress.values()) {
    if (isOneOfSeveral && mayBeAnother(tar, record)) continue;
    const counts = record.completedEarlier(tar.name, { ...tar, bookTypes });
    if (counts) return counts;
  }
  return null;
}

function mayBeAnother({ name, folder }: FoundTar, record: ProgressRecord): boolean {
  const { tar_file: path, tar_size: sizeBytes } = record.tar(name) ?? {};
  if (folder === null || sizeBytes !== undefined || path === undefined) return false;
  return isAbsolute(path) && resolve(dirname(path)) !== resolve(folder);
}
