import { readdir } from 'node:fs/promises';
import { oneLine, systemCode, TarshelfError } from '../../protocol/errors.ts';
import { workerOfProgressFile, type FailedTar } from '../../protocol/progressFile.ts';
import { sentence } from '../../protocol/sentences.ts';
import type { ProgressRecord } from './progressRecord.ts';
import { peekProgress } from './workerProgress.ts';

/**
 * What has failed in a state folder and was not made good since, by name of the tar. A run may go on meanwhile;
 * nothing of it is disturbed, and nothing is changed.
 *
 * @throws TarshelfError `PROGRESS_NOT_READABLE`
 */
export async function listFailures(stateFolder: string): Promise<FailedTar[]> {
  const records = await peekRecords(stateFolder);
  const byTar = new Map<string, { failed: FailedTar; doneOffset: number }>();
  for (const [worker, record] of records) {
    for (const { tar, books, message, doneOffset } of record.failures()) {
      // A worker that has no part in a tar any more still has what it once recorded.
      if ([...records.values()].some(other => other.isCompleted(tar))) continue;
      const known = byTar.get(tar);
      if (known && known.doneOffset > doneOffset) continue;
      if (known?.doneOffset === doneOffset && known.failed.books.length <= books.length) continue;
      byTar.set(tar, { failed: { tar, worker, books: [...books], message }, doneOffset });
    }
  }
  return [...byTar.values()].map(({ failed }) => failed).sort((a, b) => (a.tar < b.tar ? -1 : 1));
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
      sentence('stateUnreadable', stateFolder, oneLine(thrown)),
    );
  }
}
