import assert from 'node:assert/strict';
import { appendFile, mkdir, readFile, readdir, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { summarizeProgress } from '../../../src/engine/progress/progressSummaries.ts';
import { WorkerProgress } from '../../../src/engine/progress/workerProgress.ts';
import { noCounts } from '../../../src/protocol/snapshot.ts';
import { useTempFolder } from '../../support/tempFolder.ts';

const digest = (n: number): string => n.toString(16).padStart(40, '0');
const at = new Date(2025, 11, 25, 10, 0, 0);
const identity = { sizeBytes: 1000, mtimeMs: 7 };

describe('the summary of progress files', () => {
  const folder = useTempFolder();
  const pathOf = (worker: number): string =>
    join(folder(), `migration_progress_worker${String(worker)}.json`);
  const journalOf = (worker: number): string =>
    join(folder(), `migration_journal_worker${String(worker)}.jsonl`);

  /** A worker that has completed a tar, and is in the middle of another. */
  async function record(worker: number): Promise<WorkerProgress> {
    const progress = await WorkerProgress.load(folder(), worker, () => undefined, { share: 0 });
    progress.assign(['a.tar', 'b.tar'], 'library:1');
    progress.beginTar('a.tar', '/tars/a.tar', identity, at);
    progress.addBook({ sha1: digest(1), sizeBytes: 3 }, '1.epub', 'uploaded', at);
    progress.addBook({ sha1: digest(2), sizeBytes: 3 }, '2.epub', 'already_exists', at);
    progress.endTar('a.tar', 'completed', { ...noCounts(), found: 2, uploaded: 1 }, null, at);
    progress.beginTar('b.tar', '/tars/b.tar', identity, at);
    progress.addBook({ sha1: digest(3), sizeBytes: 3 }, '3.epub', 'uploaded', at);
    return progress;
  }

  it('counts what is in the file', async () => {
    await (await record(2)).close();
    const [summary, ...others] = await summarizeProgress(folder());
    assert.ok(summary);
    assert.deepEqual(others, []);
    const { sizeBytes, savedAt, ...rest } = summary;
    assert.equal(sizeBytes, (await readFile(pathOf(2))).length);
    assert.ok(Math.abs(Date.now() - Date.parse(savedAt ?? '')) < 60_000);
    assert.deepEqual(rest, {
      worker: 2,
      path: pathOf(2),
      completedTars: 1,
      otherTars: 1,
      currentTar: 'b.tar',
      files: { uploaded: 2, already_exists: 1 },
      journal: { sizeBytes: 0, lines: 0 },
      damage: [],
      keptAside: [],
    });
  });

  it('counts what is in the journal alone the same, and how long that is', async () => {
    const progress = await record(1);
    await progress.closeJournal();
    await rm(pathOf(1), { force: true });
    const [summary] = await summarizeProgress(folder());
    assert.equal(summary?.path, journalOf(1));
    assert.equal(summary.completedTars, 1);
    assert.deepEqual(summary.files, { uploaded: 2, already_exists: 1 });
    assert.equal(summary.journal.lines, (await readFile(journalOf(1), 'utf8')).trimEnd().split('\n').length);
    assert.deepEqual(summary.damage, []);
  });

  it('reads what the Python system wrote, where a status may be missing', async () => {
    const files = {
      [digest(1)]: { file: 'a.epub', uploaded_at: '2025-12-25 10:00:00' },
      [digest(2)]: { file: 'b.epub', status: 'already_exists_in_db', nested: { status: 'uploaded' } },
      [digest(3)]: { file: 'c.epub', status: 17 },
    };
    const old = { completed_tars: ['a.tar'], current_tar: null, tar_progress: {}, completed_files: files };
    await writeFile(pathOf(1), JSON.stringify(old, null, 2));
    const [summary] = await summarizeProgress(folder());
    assert.deepEqual(summary?.files, { uploaded: 2, already_exists_in_db: 1 });
  });

  it('tells of damage and changes nothing', async () => {
    await (await record(1)).close();
    const whole = await readFile(pathOf(1));
    await truncate(pathOf(1), whole.length - 40);
    await appendFile(journalOf(1), '{"crc":"00000000","n":1}\n');
    await writeFile(`${pathOf(2)}.damaged-2026-01-01T00-00-00.000Z`, '{');
    const names = await readdir(folder());
    const [first, second, ...others] = await summarizeProgress(folder());
    assert.deepEqual(others, []);
    assert.match(
      first?.damage.join('\n') ?? '',
      /^the progress file cannot be read.*\nthe journal cannot be read from byte 0/,
    );
    assert.equal(second?.worker, 2);
    assert.deepEqual(second.keptAside, ['migration_progress_worker2.json.damaged-2026-01-01T00-00-00.000Z']);
    assert.match(second.path, /\.damaged-/);
    assert.deepEqual(await readdir(folder()), names);
  });

  it('does not let a file fill the memory with statuses', async () => {
    const files = Object.fromEntries(
      Array.from({ length: 1000 }, (_, i) => [digest(i), { status: `status ${String(i)}` }]),
    );
    await writeFile(pathOf(1), JSON.stringify({ completed_files: files }));
    const [summary] = await summarizeProgress(folder());
    assert.ok(Object.keys(summary?.files ?? {}).length < 20);
    assert.equal(
      Object.values(summary?.files ?? {}).reduce((sum, count) => sum + count, 0),
      1000,
    );
  });

  it('is empty where there is no folder, or no progress file in it', async () => {
    assert.deepEqual(await summarizeProgress(join(folder(), 'none')), []);
    await mkdir(join(folder(), 'empty'));
    assert.deepEqual(await summarizeProgress(join(folder(), 'empty')), []);
  });
});
