import assert from 'node:assert/strict';
import { join } from 'node:path';
import pLimit from 'p-limit';
import type { ClaimTable, Settlement } from '../../src/engine/dedupe/claimTable.ts';
import { HandFile, handFilePath } from '../../src/engine/progress/handFile.ts';
import { Activity } from '../../src/engine/worker/activity.ts';
import { DigestThreads } from '../../src/engine/bodies/digestThreads.ts';
import { BodyThread } from '../../src/engine/bodies/bodyThread.ts';
import type { WorkerEvent } from '../../src/protocol/workerMessages.ts';
import type { WorkerContext } from '../../src/engine/worker/workerContext.ts';

/** One for all that run here: it is not held by what it has no work from. */
const thread = new BodyThread(join(import.meta.dirname, '../../src/engine/bodies/bodyThreadEntry.ts'), why =>
  assert.fail(why),
);

/** What a worker's process gives to each of its tars, for one that is no process. */
export function workerParts(
  stateFolder: string,
  parallelUploads = 1,
  worker = 1,
): Pick<WorkerContext, 'abandon' | 'activity' | 'copyThread' | 'digestThreads' | 'hand' | 'uploads'> {
  return {
    abandon: new AbortController().signal,
    activity: new Activity(),
    digestThreads: new DigestThreads([thread]),
    copyThread: thread,
    hand: HandFile.open(handFilePath(stateFolder, worker)),
    uploads: pLimit(parallelUploads),
  };
}

/** Brings what a worker tells of its claims to a table. @returns what others are to be told */
export function settleAll(
  table: ClaimTable,
  worker: number,
  { stored, failed }: Extract<WorkerEvent, { type: 'claim:outcomes' }>,
): Settlement[] {
  return [
    ...stored.flatMap(key => table.settle(worker, key, 'stored')),
    ...failed.flatMap(key => table.settle(worker, key, 'failed')),
  ];
}
