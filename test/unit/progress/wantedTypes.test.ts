import assert from 'node:assert/strict';
import { readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { listFailures } from '../../../src/engine/progress/failureList.ts';
import { readProgress, WorkerProgress } from '../../../src/engine/progress/workerProgress.ts';
import { bookFormats } from '../../../src/protocol/bookFormat.ts';
import type { BookCounts } from '../../../src/protocol/snapshot.ts';
import { counted } from '../../support/progressCounts.ts';
import { useTempFolder } from '../../support/tempFolder.ts';

const at = new Date(2025, 11, 25, 10, 0, 0);
const identity = { sizeBytes: 1000, mtimeMs: 7 };
const failure = { code: 'UPLOAD_FAILED', message: 'try again' } as const;
const silent = (): void => undefined;
/** Of a run that wanted no more than some types. */
const narrow: BookCounts = { ...counted(3), skipped: 2, skippedBy: { 'type not wanted': 2 } };

describe('what is recorded of a tar, and the types of books that were wanted', () => {
  const folder = useTempFolder();
  const path = (worker = 1): string => join(folder(), `migration_progress_worker${String(worker)}.json`);
  const load = (worker = 1): Promise<WorkerProgress> => WorkerProgress.load(folder(), worker, silent);

  /** Reads a tar up to its middle, or to its end. */
  async function readTar(bookTypes: readonly string[] | undefined, isWhole: boolean): Promise<void> {
    const progress = await load();
    progress.beginTar('a.tar', '/a.tar', { ...identity, bookTypes }, at);
    progress.endBatch('a.tar', { offset: 400, bytes: 400 }, bookTypes ? narrow : counted(5));
    if (isWhole) progress.endTar('a.tar', 'completed', bookTypes ? narrow : counted(5), null, at);
    await progress.close();
  }

  /** Where a run would go on in the tar; NaN where that is done. */
  async function goesOnAt(bookTypes?: readonly string[]): Promise<number> {
    const record = await readProgress(folder(), 1, silent, silent);
    const tar = { ...identity, bookTypes };
    return record?.completedEarlier('a.tar', tar)
      ? NaN
      : (record?.resumePoint('a.tar', tar).doneOffset ?? -1);
  }

  for (const isWhole of [false, true])
    it(`counts where every type that is wanted now was wanted then (${isWhole ? 'completed' : 'begun'})`, async () => {
      const done = isWhole ? NaN : 400;
      for (const { then, same, more } of [
        {
          then: ['pdf', 'epub'],
          same: [['pdf', 'epub'], ['epub', 'pdf'], ['pdf']],
          more: [undefined, ['fb2'], ['pdf', 'fb2']],
        },
        { then: undefined, same: [undefined, ['pdf']], more: [] },
        { then: bookFormats, same: [undefined, ['pdf']], more: [] },
      ]) {
        await rm(path(), { force: true });
        await readTar(then, isWhole);
        for (const now of same)
          assert.equal(await goesOnAt(now), done, `${String(now)} after ${String(then)}`);
        for (const now of more) assert.equal(await goesOnAt(now), 0, `${String(now)} after ${String(then)}`);
      }
    });

  it('is read anew by the run that wants more, and then counts for all', async () => {
    await readTar(['pdf'], true);
    const progress = await load();
    const point = progress.beginTar('a.tar', '/a.tar', identity, at);
    assert.equal(point.doneOffset, 0);
    progress.endBatch('a.tar', { offset: 400, bytes: 400 }, counted(5));
    progress.endTar('a.tar', 'completed', counted(5), null, at);
    await progress.close();
    assert.equal(await goesOnAt(), NaN);
    assert.doesNotMatch(await readFile(path(), 'utf8'), /pdf|type not wanted/);
  });

  it('counts for no more than the fewest types that were wanted of any part of it', async () => {
    await readTar(undefined, false);
    const progress = await load();
    assert.equal(
      progress.beginTar('a.tar', '/a.tar', { ...identity, bookTypes: ['pdf'] }, at).doneOffset,
      400,
    );
    progress.endBatch('a.tar', { offset: 600, bytes: 600 }, narrow);
    await progress.close();
    assert.equal(await goesOnAt(['pdf']), 600);
    assert.equal(await goesOnAt(), 0);
  });

  it('is read anew where an earlier version left members out and did not say of which types', async () => {
    for (const [status, counts, expected] of [
      ['processing', narrow, 0],
      ['completed', narrow, 0],
      ['processing', counted(5), 400],
      ['completed', counted(5), NaN],
    ] as const) {
      const entry = {
        status,
        tar_size: identity.sizeBytes,
        tar_mtime_ms: identity.mtimeMs,
        skipped_by: counts.skippedBy,
        ...(status === 'processing' ? { done_offset: 400, done_bytes: 400, done_counts: counts } : {}),
      };
      await writeFile(path(), JSON.stringify({ tar_progress: { 'a.tar': entry } }));
      assert.equal(await goesOnAt(), expected);
    }
  });

  it('is read anew where types are recorded that make no sense', async () => {
    await readTar(['pdf'], false);
    await writeFile(
      path(),
      (await readFile(path(), 'utf8')).replace(/"book_types": \[[^\]]*\]/, '"book_types": "pdf"'),
    );
    assert.equal(await goesOnAt(), 0);
    assert.equal(await goesOnAt(['pdf']), 0);
  });

  it('goes along to another worker, which may be killed at any line of its journal', async () => {
    await readTar(['pdf', 'epub'], false);
    const record = await readProgress(folder(), 1, silent, silent);
    const wanted = { ...identity, bookTypes: ['pdf'] };
    const point = record?.resumePoint('a.tar', wanted);
    const other = await WorkerProgress.load(folder(), 2, silent, { share: 0 });
    await other.commit();
    assert.equal(other.beginTar('a.tar', '/a.tar', wanted, at, point).doneOffset, 400);
    await other.commit();
    const journalPath = join(folder(), 'migration_journal_worker2.jsonl');
    const journal = await readFile(journalPath);
    const file = await readFile(path(2));
    await other.close();
    await writeFile(path(2), file);
    for (let length = journal.length; length > 0; length = journal.lastIndexOf('\n', length - 2) + 1) {
      await writeFile(journalPath, journal);
      await truncate(journalPath, length);
      const left = await readProgress(folder(), 2, silent, silent);
      assert.equal(left?.resumePoint('a.tar', wanted).doneOffset, 400, `${String(length)} bytes`);
      assert.equal(left.resumePoint('a.tar', identity).doneOffset, 0, `${String(length)} bytes`);
    }
  });

  it('of another worker is not taken by one that wants more', async () => {
    await readTar(['pdf'], false);
    const record = await readProgress(folder(), 1, silent, silent);
    const point = record?.resumePoint('a.tar', { ...identity, bookTypes: ['pdf'] });
    const other = await load(2);
    assert.equal(other.beginTar('a.tar', '/a.tar', identity, at, point).doneOffset, 0);
    await other.close();
  });

  it('does not hide what failed where another worker completed no more than some types', async () => {
    const failed = async (): Promise<string[]> => (await listFailures(folder())).map(({ tar }) => tar);
    const other = await load(2);
    other.beginTar('a.tar', '/a.tar', identity, at);
    other.addFailure('a.tar', { headerOffset: 0, sizeBytes: 9, name: 'one' }, failure);
    other.endBatch('a.tar', { offset: 400, bytes: 400 }, counted(1, 1));
    other.endTar('a.tar', 'completed_with_errors', counted(1, 1), null, at);
    await other.close();
    await readTar(['pdf'], true);
    assert.deepEqual(await failed(), ['a.tar']);
    await readTar(undefined, true);
    assert.deepEqual(await failed(), []);
  });
});
