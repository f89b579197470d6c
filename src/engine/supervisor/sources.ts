import { TarshelfError } from '../../protocol/errors.ts';
import type { IngestOptions } from '../../protocol/ingestOptions.ts';
import type { BookCounts } from '../../protocol/snapshot.ts';
import { findOrphanedFolders } from '../extraction/orphanedFolders.ts';
import type { ProgressRecord } from '../progress/progressRecord.ts';
import { processedNames } from './processedTars.ts';
import { findTars, type FoundTar } from './sourceFolder.ts';

/**
 * What a run could read: the tars, and behind them the extraction folders whose tar is gone, for their files are
 * books, too. A plan and the run after it go by this alike.
 *
 * @throws TarshelfError `SOURCE_MISSING`, `SOURCE_NOT_A_FOLDER` or `SOURCE_WITHOUT_TARS`
 */
export async function findSources(
  { mode, sourceFolder, stateFolder }: Pick<IngestOptions, 'mode' | 'sourceFolder' | 'stateFolder'>,
  onNotice: (message: string) => void,
): Promise<FoundTar[]> {
  let tars: FoundTar[] = [];
  let withoutTars: TarshelfError | undefined;
  try {
    tars = await findTars(sourceFolder);
  } catch (thrown) {
    if (!(thrown instanceof TarshelfError && thrown.code === 'SOURCE_WITHOUT_TARS')) throw thrown;
    withoutTars = thrown;
  }
  if (mode !== 'in-place') {
    const names = [...tars.map(tar => tar.name), ...(await processedNames(sourceFolder))];
    tars.push(
      ...(await findOrphanedFolders(stateFolder, names, message => {
        onNotice(`${message}.`);
      })),
    );
  }
  if (withoutTars && tars.length === 0) throw withoutTars;
  return tars;
}

/** What an earlier run counted in a tar that it completed, or null where the tar is to be read. */
export function completedEarlier(
  tar: FoundTar,
  progress: ReadonlyMap<number, ProgressRecord>,
): BookCounts | null {
  for (const record of progress.values()) {
    const counts = record.completedEarlier(tar.name, tar);
    if (counts) return counts;
  }
  return null;
}
