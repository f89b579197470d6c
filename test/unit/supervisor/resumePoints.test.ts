import assert from 'node:assert/strict';
import { mkdir, readFile, truncate, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { listFailures } from '../../../src/engine/progress/failureList.ts';
import type { ProgressRecord } from '../../../src/engine/progress/progressRecord.ts';
import { readProgress, WorkerProgress } from '../../../src/engine/progress/workerProgress.ts';
import { makePlan } from '../../../src/engine/supervisor/plan.ts';
import { ResumePoints } from '../../../src/engine/supervisor/resumePoints.ts';
import type { ResumePoint } from '../../../src/protocol/resumePoint.ts';
import { counted } from '../../support/progressCounts.ts';
import { useTempFolder } from '../../support/tempFolder.ts';

const at = new Date(2025, 11, 25, 10, 0, 0);
const tar = { name: 'm.tar.gz', folder: '/tars', sizeBytes: 1000, mtimeMs: 7 };
const failure = { code: 'UPLOAD_FAILED', message: 'try again' } as const;
const silent = (): void => undefined;

describe('a tar that turned out to be doubtful, and its point in the records of other workers', () => {
  const folder = useTempFolder();
  const load = (worker: number): Promise<WorkerProgress> => WorkerProgress.load(folder(), worker, silent);
  const recordOf = (worker: number): Promise<ProgressRecord | null> =>
    readProgress(folder(), worker, silent, silent);

  /** As the engine knows it when a run begins. */
  async function points(of = tar): Promise<ResumePoints> {
    const found = new ResumePoints(recordOf, undefined);
    for (const worker of [1, 2, 3]) {
      const record = await recordOf(worker);
      if (record) found.note(of, record);
    }
    return found;
  }

  /** A worker reads on in the tar, up to an offset or to what makes it doubtful; returns where it began. */
  async function read(worker: number, offered: ResumePoint | null, to: number | 'damage'): Promise<number> {
    const progress = await load(worker);
    const point = progress.beginTar(tar.name, '/tars/m.tar.gz', tar, at, offered);
    if (to === 'damage') {
      progress.endBatch(tar.name, { offset: 900, bytes: 900 }, counted(9));
      progress.doubtTar(tar.name);
      progress.endTar(tar.name, 'failed', counted(9), 'doubtful', at);
    } else progress.endBatch(tar.name, { offset: to, bytes: to }, counted(to / 100));
    await progress.close();
    return point.doneOffset;
  }

  const bestAt = async (of = tar): Promise<number> => (await points(of)).best(tar.name)?.doneOffset ?? 0;

  const goOn = async (worker: number, to: number | 'damage'): Promise<number> =>
    read(worker, (await points()).best(tar.name), to);

  it('is read from its start by whoever has it next, and then gone on with', async () => {
    for (const next of [1, 2, 3]) {
      assert.equal(await goOn(1, 500), 0);
      assert.equal(await bestAt(), 500);
      assert.equal(await goOn(2, 'damage'), 500);
      assert.equal(await bestAt(), 0, 'what the first one read is as doubtful');
      assert.equal(await goOn(next, 300), 0);
      assert.equal(await bestAt(), 300);
      assert.equal(await goOn(1, 400), 300);
      assert.equal(await goOn(3, 'damage'), 400, 'for the next round');
    }
  });

  it('is so within a run, too', async () => {
    await read(1, null, 500);
    const run = await points();
    assert.equal(await read(2, await run.handTo(2, tar), 'damage'), 500);
    assert.equal((await run.handTo(3, tar))?.doneOffset, 0);
    assert.equal(await read(1, await run.handTo(1, tar), 300), 0);
    assert.equal(await read(3, await run.handTo(3, tar), 400), 300);
  });

  it('is so after a kill at any line of the journal of who has it next', async () => {
    await read(1, null, 500);
    await goOn(2, 'damage');
    const before = await readFile(join(folder(), 'migration_progress_worker1.json'));
    const next = await WorkerProgress.load(folder(), 1, silent, { share: 0 });
    next.beginTar(tar.name, '/tars/m.tar.gz', tar, at, (await points()).best(tar.name));
    await next.commit();
    const journalPath = join(folder(), 'migration_journal_worker1.jsonl');
    const journal = await readFile(journalPath);
    await next.close();
    await writeFile(join(folder(), 'migration_progress_worker1.json'), before);
    for (let length = journal.length; length > 0; length = journal.lastIndexOf('\n', length - 2) + 1) {
      await writeFile(journalPath, journal);
      await truncate(journalPath, length);
      assert.equal(await bestAt(), 0, `${String(length)} bytes`);
    }
  });

  it('says nothing of a tar of that name with another time', async () => {
    const other = { ...tar, mtimeMs: 8 };
    await read(1, null, 'damage');
    const progress = await load(2);
    progress.beginTar(tar.name, '/tars/m.tar.gz', other, at);
    progress.endBatch(tar.name, { offset: 200, bytes: 200 }, counted(2));
    await progress.close();
    assert.equal(await bestAt(other), 200);
    const first = await load(1);
    assert.equal(
      first.beginTar(tar.name, '/tars/m.tar.gz', other, at, (await points(other)).best(tar.name)).doneOffset,
      200,
    );
    await first.close();
  });

  it('is planned as one that is to be read from its start, and listed with what is doubtful', async () => {
    const source = join(folder(), 'tars');
    await mkdir(source);
    await writeFile(join(source, tar.name), Buffer.alloc(tar.sizeBytes));
    await utimes(join(source, tar.name), tar.mtimeMs / 1000, tar.mtimeMs / 1000);
    const progress = await load(1);
    progress.beginTar(tar.name, '/tars/m.tar.gz', tar, at);
    progress.addFailure(tar.name, { headerOffset: 0, sizeBytes: 9, name: 'one' }, failure);
    progress.endBatch(tar.name, { offset: 500, bytes: 500 }, counted(5, 1));
    await progress.close();
    await goOn(2, 'damage');
    const { tars } = await makePlan({
      ...{ sourceFolders: [source], stateFolder: folder(), workers: 2, batchSize: 10, parallelUploads: 1 },
      ...{ mode: 'in-place', afterCompletion: 'keep', metadataReader: 'none', destination: { kind: 'none' } },
    });
    assert.deepEqual(
      tars.map(({ doneBytes, failedBooks, state }) => ({ doneBytes, failedBooks, state })),
      [{ doneBytes: 0, failedBooks: 0, state: 'failed' }],
    );
    assert.deepEqual(await listFailures(folder()), [
      { tar: tar.name, worker: 2, books: [], message: 'doubtful' },
    ]);
  });
});
