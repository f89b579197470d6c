import { dirname } from 'node:path';
import type { IngestOptions } from '../../protocol/ingestOptions.ts';
import type { Plan, PlannedTar } from '../../protocol/plan.ts';
import { freeBytesOf } from '../extraction/freeSpace.ts';
import { isFolderName } from '../extraction/orphanedFolders.ts';
import { peekRecords } from '../progress/failureList.ts';
import type { ProgressRecord } from '../progress/progressRecord.ts';
import { ResumePoints } from './resumePoints.ts';
import { completedEarlier, dealTars, findSources } from './sources.ts';
import type { FoundTar } from '../archive/sourceFolder.ts';

/**
 * What a run would do if it began now. Nothing is locked, made or changed, and a run may go on meanwhile.
 *
 * @throws TarshelfError `SOURCE_MISSING`, `SOURCE_NOT_A_FOLDER`, `SOURCE_WITHOUT_TARS`, `SOURCE_NAME_TWICE`,
 *   `PROGRESS_NOT_READABLE`
 */
export async function makePlan(options: IngestOptions): Promise<Plan> {
  const { bookTypes, mode, stateFolder, workers } = options;
  const { tars: found, folders, emptyFolders } = await findSources(options, () => undefined);
  const records = await peekRecords(stateFolder);
  // As a run deals them: completed ones count, so that every tar keeps its worker from run to run.
  const { tarsOf } = dealTars(found, workers);
  const workerOf = new Map(tarsOf.flatMap((hand, index) => hand.map(tar => [tar, index + 1] as const)));
  const tars = found.map(tar =>
    planned(tar, workerOf.get(tar.name) ?? null, records, bookTypes, folders.length > 1),
  );
  return {
    tars,
    emptyFolders: [...emptyFolders],
    workers: tarsOf.length,
    mode,
    freeBytes: await freeBytesNear(stateFolder),
    extractBytes: largestTogether(tars),
  };
}

function planned(
  tar: FoundTar,
  worker: number | null,
  records: ReadonlyMap<number, ProgressRecord>,
  bookTypes: readonly string[] | undefined,
  isOneOfSeveral: boolean,
): PlannedTar {
  const { name, folder, sizeBytes } = tar;
  if (completedEarlier(tar, records, bookTypes, isOneOfSeveral)) {
    return {
      name,
      folder,
      sizeBytes,
      state: 'completed',
      doneBytes: sizeBytes,
      failedBooks: 0,
      worker: null,
    };
  }
  const points = new ResumePoints(() => Promise.resolve(null), bookTypes);
  let hasFailed = false;
  for (const record of records.values()) {
    points.note(tar, record);
    hasFailed ||= record.hasFailures(name);
  }
  const best = points.best(name);
  const doneBytes = best?.doneBytes ?? 0;
  const failedBooks = best?.failed.length ?? 0;
  const state = hasFailed || tar.nameBytes ? 'failed' : doneBytes > 0 ? 'begun' : 'new';
  return { name, folder, sizeBytes, state, doneBytes: Math.min(doneBytes, sizeBytes), failedBooks, worker };
}

/** Each worker extracts one tar at a time, so that at worst each has its largest one laid down. */
function largestTogether(tars: readonly PlannedTar[]): number {
  const largest = new Map<number, number>();
  for (const { name, worker, sizeBytes } of tars) {
    if (worker === null || isFolderName(name)) continue;
    largest.set(worker, Math.max(largest.get(worker) ?? 0, sizeBytes));
  }
  return [...largest.values()].reduce((sum, bytes) => sum + bytes, 0);
}

/** On the disk where a folder is, or where it would be made. */
async function freeBytesNear(folder: string): Promise<number | null> {
  for (let path = folder; ; path = dirname(path)) {
    try {
      return await freeBytesOf(path);
    } catch {
      if (dirname(path) === path) return null;
    }
  }
}
