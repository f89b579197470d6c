import { readdir } from 'node:fs/promises';
import { oneLine, systemCode, TarshelfError } from '../../protocol/errors.ts';
import { workerOfProgressFile, type FailedTar } from '../../protocol/progressFile.ts';
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
    // A worker that has no part in a tar any more still has what it once recorded.
    if (record.isCompleted(tar)) return null;
    const failure = record.failureOf(tar);
    if (!failure || (last && last.doneOffset > failure.doneOffset)) continue;
    if (last?.doneOffset === failure.doneOffset && last.books.length <= failure.books.length) continue;
    last = { ...failure, worker };
  }
  return last;
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
    throw new TarshelfError(
      'PROGRESS_NOT_READABLE',
      `The state folder ${stateFolder} cannot be read (${oneLine(thrown)}). Check its permissions.`,
    );
  }
}
