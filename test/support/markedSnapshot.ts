import { join } from 'node:path';
import { KeySnapshot, writeKeySnapshot } from '../../src/engine/dedupe/keySnapshot.ts';
import type { KeyTable } from '../../src/engine/dedupe/keyTable.ts';
import { keySnapshotName } from '../../src/engine/progress/allProgress.ts';

/**
 * Changes the keys of a state folder's snapshot and nothing else of it, so that whoever uses it can be told from
 * whoever reads the progress files.
 *
 * @param change the keys, or gives others
 */
export async function markSnapshot(
  stateFolder: string,
  change: (keys: KeyTable) => KeyTable | undefined,
): Promise<void> {
  const path = join(stateFolder, keySnapshotName);
  const snapshot = await KeySnapshot.open(path);
  const keys = await snapshot?.readTable();
  if (!snapshot || !keys) throw new Error('there is no snapshot');
  await snapshot.close();
  await writeKeySnapshot(path, change(keys) ?? keys, snapshot.about);
}
