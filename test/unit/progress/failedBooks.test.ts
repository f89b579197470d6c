import assert from 'node:assert/strict';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { listFailures } from '../../../src/engine/progress/failureList.ts';
import { WorkerProgress } from '../../../src/engine/progress/workerProgress.ts';
import type { ResumePoint } from '../../../src/protocol/resumePoint.ts';
import { counted } from '../../support/progressCounts.ts';
import { useTempFolder } from '../../support/tempFolder.ts';

const at = new Date(2025, 11, 25, 10, 0, 0);
const identity = { sizeBytes: 1000, mtimeMs: 7 };
const failure = { code: 'UPLOAD_FAILED', message: 'try again' } as const;

describe('the list of failed books in a progress file', () => {
  const folder = useTempFolder();
  const path = (): string => join(folder(), 'migration_progress_worker1.json');
  const journalPath = (): string => join(folder(), 'migration_journal_worker1.jsonl');
  const told: string[] = [];
  const load = (share?: number): Promise<WorkerProgress> =>
    WorkerProgress.load(folder(), 1, message => told.push(message), share === undefined ? {} : { share });

  beforeEach(async () => {
    told.length = 0;
    const progress = await load();
    progress.beginTar('a.tar', '/a.tar', identity, at);
    for (const headerOffset of [0, 100])
      progress.addFailure('a.tar', { headerOffset, sizeBytes: 9, name: String(headerOffset) }, failure);
    progress.endBatch('a.tar', { offset: 400, bytes: 400 }, counted(4, 2));
    await progress.close();
  });

  async function change(from: string, to: string): Promise<void> {
    const text = await readFile(path(), 'utf8');
    assert.ok(text.includes(from));
    await writeFile(path(), text.replace(from, to));
  }

  async function goOn(): Promise<ResumePoint> {
    const progress = await load();
    const point = progress.beginTar('a.tar', '/a.tar', identity, at);
    await progress.close();
    return point;
  }

  it('keeps a book that failed for a reason which only another version knows', async () => {
    await change('"UPLOAD_FAILED"', '"SHELF_REFUSED"');
    assert.deepEqual(
      (await listFailures(folder()))[0]?.books.map(({ file, code, message }) => [file, code, message]),
      [
        ['0', 'INTERNAL', 'try again'],
        ['100', 'UPLOAD_FAILED', 'try again'],
      ],
    );
    const point = await goOn();
    assert.equal(point.doneOffset, 400);
    assert.deepEqual(
      point.failed.map(({ header_offset, code }) => [header_offset, code]),
      [
        [0, 'INTERNAL'],
        [100, 'UPLOAD_FAILED'],
      ],
    );
  });

  it('keeps the other books beside one that makes no sense, and then the tar is read from its start', async () => {
    for (const [from, to] of [
      ['"header_offset": 0', '"header_offset": -1'],
      ['"file": "0"', '"file": null'],
      ['"attempts": 1', '"attempts": "once"'],
    ] as const) {
      const whole = await readFile(path());
      await change(from, to);
      assert.deepEqual(
        (await listFailures(folder()))[0]?.books.map(({ file }) => file),
        ['100'],
      );
      const point = await goOn();
      assert.deepEqual([point.doneOffset, point.counts.found, point.failed], [0, 0, []]);
      await writeFile(path(), whole);
    }
  });

  it('that is gone or is no list leaves nothing to go on with', async () => {
    const whole = await readFile(path());
    for (const other of ['"others": [', '"failed_books": null, "others": [']) {
      await change('"failed_books": [', other);
      assert.equal((await goOn()).doneOffset, 0);
      await writeFile(path(), whole);
    }
    assert.equal((await goOn()).doneOffset, 400);
  });

  it('that was lost with the whole file leaves nothing to go on with, wherever the journal has come to', async () => {
    const progress = await load(0);
    await progress.commit();
    assert.equal(progress.beginTar('a.tar', '/a.tar', identity, at).doneOffset, 400);
    progress.endBatch('a.tar', { offset: 600, bytes: 600 }, counted(6, 2));
    await progress.commit();
    const journal = await readFile(journalPath());
    await progress.close();
    await rm(path());
    await writeFile(journalPath(), journal);
    assert.equal((await goOn()).doneOffset, 0);
  });

  it('may be as long as it is behind the point up to which all is done', async () => {
    const progress = await load();
    progress.beginTar('a.tar', '/a.tar', identity, at);
    progress.addFailure('a.tar', { headerOffset: 500, sizeBytes: 9, name: 'behind' }, failure);
    progress.resolveFailure('a.tar', 0, 'uploaded');
    await progress.close();
    const point = await goOn();
    assert.deepEqual([point.doneOffset, point.counts.failed], [400, 1]);
  });
});
