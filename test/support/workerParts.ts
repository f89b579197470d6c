import pLimit from 'p-limit';
import { HandFile, handFilePath } from '../../src/engine/progress/handFile.ts';
import { Activity } from '../../src/engine/worker/activity.ts';
import type { WorkerContext } from '../../src/engine/worker/processTar.ts';

/** What a worker's process gives to each of its tars, for one that is no process. */
export function workerParts(
  stateFolder: string,
  parallelUploads = 1,
): Pick<WorkerContext, 'abandon' | 'activity' | 'hand' | 'uploads'> {
  return {
    abandon: new AbortController().signal,
    activity: new Activity(),
    hand: HandFile.open(handFilePath(stateFolder, 1)),
    uploads: pLimit(parallelUploads),
  };
}
