import { readdir } from 'node:fs/promises';
import { systemCode } from '../../protocol/errors.ts';
import { workerOfProgressFile, type FailedTar, type TarProgress } from '../../protocol/progressFile.ts';
import { stateUnreadable } from '../../protocol/stateUnreadable.ts';
import type { ProgressRecord, RecordedFailure } from './progressRecord.ts';
import { peekProgress } from './workerProgress.ts';

/**
 * What has failed in a state folder and was not made good since, by name of the tar. A run may go on meanwhile;
 * nothing of it is disturbed, and nothing is changed.
 *
 * @throws TarshelfError `PROGRESS_NOT_READABLE`
 */
export async function listFailures(stateFolder: string): Promise<FailedTar[]> {
  const records = await peekRecords(stateFolder);
  const tars = new Set([...records.values()].flatMap(record => [...record.tarNames]));
  return [...tars].sort().flatMap(tar => {
    const found = lastFailure(records, tar);
    return found ? [{ tar, worker: found.worker, books: [...found.books], message: found.message }] : [];
  });
}

/** What has failed of a tar by the record of the worker that came furthest in it; null where nothing has, or all was made good. */
export function lastFailure(
  records: ReadonlyMap<number, ProgressRecord>,
  tar: string,
): (RecordedFailure & { readonly worker: number }) | null {
  let last: (RecordedFailure & { readonly worker: number }) | null = null;
  for (const [worker, record] of records) {
    const failure = record.failureOf(tar);
    if (!failure) continue;
    // A worker that has no part in a tar any more still has what it once recorded.
    if ([...records.values()].some(other => other.isCompletedFor(tar, failure.entry.book_types))) continue;
    if (last) {
      const further = howMuchFurther(failure.entry, last.entry);
      if (further < 0 || (further === 0 && last.books.length <= failure.books.length)) continue;
    }
    last = { ...failure, worker };
  }
  return last;
}

/** What was read before the tar turned out to be doubtful does not count any more. */
function howMuchFurther(entry: Readonly<TarProgress>, other: Readonly<TarProgress>): number {
  const isSameTar = entry.tar_size === other.tar_size && entry.tar_mtime_ms === other.tar_mtime_ms;
  const moreDoubts = isSameTar ? (entry.doubts ?? 0) - (other.doubts ?? 0) : 0;
  return moreDoubts || (entry.done_offset ?? 0) - (other.done_offset ?? 0);
}

/**
 * All workers' records but for their books, by number of the worker. Nothing is locked or changed.
 *
 * @throws TarshelfError `PROGRESS_NOT_READABLE`
 */
export async function peekRecords(stateFolder: string): Promise<Map<number, ProgressRecord>> {
  const records = new Map<number, ProgressRecord>();
  for (const worker of await workersIn(stateFolder)) {
    const record = await peekProgress(stateFolder, worker);
    if (record) records.set(worker, record);
  }
  return records;
}

async function workersIn(stateFolder: string): Promise<Set<number>> {
  try {
    const workers = (await readdir(stateFolder)).map(workerOfProgressFile);
    return new Set(workers.filter(worker => worker !== undefined));
  } catch (thrown) {
    if (systemCode(thrown) === 'ENOENT') return new Set();
    throw stateUnreadable(stateFolder, thrown);
  }
}
