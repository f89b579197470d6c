import { oneLine } from '../../protocol/errors.ts';
import { extractionRoot, listReadable, removeExtraction } from './extractionFolder.ts';

/**
 * Removes what we extracted from tars that are completed, also what an earlier run was killed before removing.
 * Folders of other programs stay, as documented.
 *
 * @param isCompleted of a tar, or of a folder that is read in the place of its tar, by name
 * @param onNotice is told what cannot be removed
 */
export async function removeExtractions(
  stateFolder: string,
  isCompleted: (name: string) => boolean,
  onNotice: (message: string) => void,
): Promise<void> {
  for (const folder of await listReadable(extractionRoot(stateFolder), onNotice)) {
    if (!folder.mark || !(isCompleted(folder.mark.tar) || isCompleted(folder.name))) continue;
    try {
      await removeExtraction(folder);
    } catch (thrown) {
      onNotice(
        `the extraction folder ${folder.path} cannot be removed (${oneLine(thrown)}); remove it yourself`,
      );
    }
  }
}
