import type { Lease } from '../../../protocol/workerMessages.ts';
import { handFilePath, nameInHand, readHand } from '../../progress/handFile.ts';

/**
 * The members that a process had in hand when it ended, by the offsets of their headers: one of them may have been its
 * end. To be read before the worker's next process writes there. Nothing that was noted under another lease counts.
 * Never rejects: a file that cannot be read names nobody.
 */
export async function readSuspects(stateFolder: string, worker: number, lease: Lease): Promise<number[]> {
  try {
    const hand = await readHand(handFilePath(stateFolder, worker));
    return hand?.tar === nameInHand(lease.tar) && hand.epoch === lease.epoch ? hand.offsets : [];
  } catch {
    return [];
  }
}
