import assert from 'node:assert/strict';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { WorkerProgress } from '../../../src/engine/progress/workerProgress.ts';
import { noCounts } from '../../../src/protocol/snapshot.ts';
import { run } from '../../support/gnuTar.ts';
import { useTempFolder } from '../../support/tempFolder.ts';

const sha1 = 'a'.repeat(40);
const at = new Date(2025, 11, 25, 10, 0, 0);
const silent = (): void => undefined;

describe('worker progress', () => {
  const folder = useTempFolder();
  const path = (): string => join(folder(), 'migration_progress_worker2.json');
  const load = (): Promise<WorkerProgress> => WorkerProgress.load(folder(), 2, silent);

  it('writes the documented format, which Python reads', async () => {
    const progress = await load();
    progress.assign(['a.tar', 'b.tar'], 'library:1');
    progress.beginTar('a.tar', '/tars/a.tar', { sizeBytes: 5, mtimeMs: 7 }, at);
    progress.addBook({ sha1, sizeBytes: 3 }, 'Книга {1}.fb2', 'uploaded', at);
    progress.endTar('a.tar', 'completed', { ...noCounts(), found: 3, uploaded: 1 }, null, at);
    progress.beginTar('b.tar', '/tars/b.tar', { sizeBytes: 6, mtimeMs: 8 }, at);
    await progress.commit();
    const script = `import json,sys; print(json.dumps(json.load(open(sys.argv[1], encoding='utf-8')), sort_keys=True))`;
    assert.deepEqual(JSON.parse(run('python3', ['-c', script, path()])), {
      assigned_tars: ['a.tar', 'b.tar'],
      completed_files: {
        [sha1]: { file: 'Книга {1}.fb2', status: 'uploaded', uploaded_at: '2025-12-25 10:00:00', size: 3 },
      },
      completed_tars: ['a.tar'],
      current_tar: 'b.tar',
      destination: 'library:1',
      tar_progress: {
        'a.tar': {
          completed_at: '2025-12-25 10:00:00',
          errors: 0,
          files_processed: 3,
          files_uploaded: 1,
          started_at: '2025-12-25 10:00:00',
          status: 'completed',
          tar_file: '/tars/a.tar',
          tar_mtime_ms: 7,
          tar_size: 5,
        },
        'b.tar': {
          started_at: '2025-12-25 10:00:00',
          status: 'processing',
          tar_file: '/tars/b.tar',
          tar_mtime_ms: 8,
          tar_size: 6,
        },
      },
    });
    assert.deepEqual(await readdir(folder()), ['migration_progress_worker2.json'], 'no temporary file stays');
  });

  it('reads what the Python system wrote and keeps keys that it does not know', async () => {
    const theirs = {
      completed_tars: ['tar1.tar'],
      current_tar: 'tar3.tar',
      tar_progress: { 'tar1.tar': { status: 'completed', files_uploaded: 1000, note: 'theirs' } },
      completed_files: { [sha1]: { file: 'x', status: 'already_exists_in_db', extra: 1 } },
      hostname: 'theirs',
    };
    await writeFile(path(), JSON.stringify(theirs));
    const progress = await load();
    await progress.commit();
    const written = JSON.parse(await readFile(path(), 'utf8')) as object;
    assert.deepEqual(written, { ...theirs, assigned_tars: [] });
  });

  it('fills in keys that are missing', async () => {
    await writeFile(path(), '{"current_tar": null}');
    const progress = await load();
    assert.deepEqual(progress.file.completed_tars, []);
    assert.deepEqual(progress.file.completed_files, {});
  });

  it('keeps a file that it cannot read under another name and says so', async () => {
    await writeFile(path(), '{"completed_files": {"a');
    const told: string[] = [];
    const progress = await WorkerProgress.load(folder(), 2, message => told.push(message));
    await progress.commit();
    const names = (await readdir(folder())).sort();
    assert.equal(names.length, 2);
    assert.match(names[1]!, /^migration_progress_worker2\.json\.damaged-/);
    assert.equal(await readFile(join(folder(), names[1]!), 'utf8'), '{"completed_files": {"a');
    assert.equal(told.length, 1);
    assert.match(told[0]!, /could not be read and was kept as/);
  });

  it('takes a tar that failed or that is read again off the completed ones', async () => {
    const progress = await load();
    const identity = { sizeBytes: 1, mtimeMs: 1 };
    progress.beginTar('a.tar', '/a.tar', identity, at);
    progress.endTar('a.tar', 'completed', noCounts(), null, at);
    progress.beginTar('a.tar', '/a.tar', identity, at);
    assert.deepEqual(progress.file.completed_tars, []);
    progress.endTar('a.tar', 'failed', noCounts(), 'cut off', at);
    assert.deepEqual(progress.file.completed_tars, []);
    assert.equal(progress.file.current_tar, null);
    assert.equal(progress.file.tar_progress['a.tar']?.error_message, 'cut off');
  });

  it('is whole at every moment another process reads it', async () => {
    const progress = await load();
    await progress.commit();
    const reading = new AbortController();
    const reader = (async (): Promise<number> => {
      let reads = 0;
      while (!reading.signal.aborted) {
        JSON.parse(await readFile(path(), 'utf8'));
        reads++;
      }
      return reads;
    })();
    for (let n = 0; n < 60; n++) {
      for (let i = 0; i < 50; i++) {
        const digest = (n * 50 + i).toString(16).padStart(40, '0');
        progress.addBook({ sha1: digest, sizeBytes: 1 }, 'm', 'uploaded', at);
      }
      await progress.commit();
    }
    reading.abort();
    assert.ok((await reader) > 10);
  });
});
