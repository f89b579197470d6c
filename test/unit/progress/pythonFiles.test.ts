import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ProgressRecord } from '../../../src/engine/progress/progressRecord.ts';
import { readProgress, WorkerProgress } from '../../../src/engine/progress/workerProgress.ts';
import { run } from '../../support/gnuTar.ts';
import { useTempFolder } from '../../support/tempFolder.ts';

const sha1 = 'a'.repeat(40);
const other = 'b'.repeat(40);
const identity = { sizeBytes: 1000, mtimeMs: 7 };
const at = new Date(2025, 11, 25, 10, 0, 0);

describe('a progress file of others', () => {
  const folder = useTempFolder();
  const path = (): string => join(folder(), 'migration_progress_worker2.json');
  let told: string[];
  beforeEach(() => (told = []));
  const tell = (message: string): void => void told.push(message);

  async function read(): Promise<{
    keys: Record<string, number | undefined>;
    record: ProgressRecord | null;
  }> {
    const keys: Record<string, number | undefined> = {};
    const record = await readProgress(folder(), 2, (digest, size) => (keys[digest] = size), tell);
    return { keys, record };
  }

  /** Loads and closes, as a worker does that had nothing to do. */
  async function rewrite(): Promise<unknown> {
    const progress = await WorkerProgress.load(folder(), 2, tell);
    progress.assign(['x.tar'], 'library:1');
    await progress.close();
    const script = `import json,sys; print(json.dumps(json.load(open(sys.argv[1], encoding='utf-8'))))`;
    return JSON.parse(run('python3', ['-c', script, path()]));
  }

  const theirs = {
    completed_tars: ['tar1.tar'],
    current_tar: 'tar3.tar',
    tar_progress: { 'tar1.tar': { status: 'completed', files_uploaded: 1000, note: 'theirs' } },
    completed_files: {
      [sha1]: { file: 'Книга {1} "x" }.fb2', uploaded_at: '2025-12-25 10:00:00' },
      [other]: { file: 'x', status: 'already_exists_in_db', extra: { size: [1, { size: 2 }] } },
    },
    hostname: { name: 'theirs', list: [1.5, null, '}'] },
  };

  it('is read as Python writes it, and what is not known is kept', async () => {
    for (const options of ['indent=2', 'indent=2, ensure_ascii=False', 'separators=(",", ":")']) {
      const script = `import json,sys; json.dump(json.loads(sys.argv[2]), open(sys.argv[1], 'w', encoding='utf-8'), ${options})`;
      run('python3', ['-c', script, path(), JSON.stringify(theirs)]);
      const { keys, record } = await read();
      assert.deepEqual(keys, { [sha1]: undefined, [other]: undefined });
      assert.equal(record?.currentTar, 'tar3.tar');
      const expected = {
        ...theirs,
        assigned_tars: ['x.tar'],
        destination: 'library:1',
        journal_applied: 1,
      };
      assert.deepEqual(await rewrite(), expected);
      assert.deepEqual(await rewrite(), { ...expected, journal_applied: 2 });
      assert.deepEqual(told, []);
    }
  });

  it('may lack keys, or have null for them', async () => {
    for (const text of [
      '{}',
      '{"current_tar": null}',
      '{"completed_files": null, "completed_tars": null, "tar_progress": null}',
      '{"tar_progress": {"a.tar": {"status": null, "errors": "many", "files_processed": -1}}}',
    ]) {
      await writeFile(path(), text);
      const { record } = await read();
      assert.deepEqual(record?.completedTars, [], text);
      assert.equal(record.completedEarlier('a.tar', identity), null);
      await rewrite();
    }
    assert.deepEqual(told, []);
  });

  it('may be empty, which is as good as none', async () => {
    for (const text of ['', ' \n\n']) {
      await writeFile(path(), text);
      assert.equal((await read()).record, null);
      await rewrite();
    }
    assert.deepEqual(told, []);
    assert.equal((await readdir(folder())).length, 1);
  });

  it('tells which tars are complete, also by their status alone', async () => {
    const statuses = [
      'completed',
      'no_new_files',
      'extraction_failed',
      'error',
      'failed',
      'completed_with_errors',
      'processing',
    ];
    await writeFile(
      path(),
      JSON.stringify({
        completed_tars: ['listed.tar'],
        tar_progress: Object.fromEntries(
          statuses.map(status => [`${status}.tar`, { status, files_processed: 3 }]),
        ),
      }),
    );
    const { record } = await read();
    const completed = ['listed', ...statuses].filter(name =>
      record?.completedEarlier(`${name}.tar`, identity),
    );
    assert.deepEqual(completed, ['listed', 'completed', 'no_new_files']);
    assert.equal(record?.completedEarlier('completed.tar', identity)?.found, 3);
  });

  it('counts by its last complete object when several stand in a row', async () => {
    const first = JSON.stringify({ ...theirs, current_tar: 'old.tar', completed_files: { [other]: {} } });
    const rests = ['', '\n', '\n{"completed_tars": ["cut', '}} more', '\0\0\0', '\n[1, 2]\n', '\n"text"'];
    for (const rest of rests) {
      const text = `${first}\n${JSON.stringify(theirs, null, 2)}${rest}`;
      await writeFile(path(), text);
      assert.equal((await read()).record?.currentTar, 'tar3.tar');
      assert.deepEqual(told, [], 'the engine only reads');
      const written = (await rewrite()) as typeof theirs;
      assert.deepEqual(written.completed_files, theirs.completed_files);
      assert.equal(written.current_tar, 'tar3.tar');
      assert.match(told.splice(0).join('\n'), /^The progress file .* was not clean .* kept as .*\.damaged-/);
      const names = (await readdir(folder())).filter(name => name.includes('.damaged-')).sort();
      assert.equal(await readFile(join(folder(), names.at(-1)!), 'utf8'), text, 'and is kept as it was');
    }
  });

  it('is kept under another name and reported when nothing in it is whole', async () => {
    const whole = JSON.stringify(theirs);
    for (const text of [
      '{"completed_files": {"a',
      whole.slice(0, -1),
      '[]',
      'null',
      'garbage',
      '\0'.repeat(5000),
      '{"completed_tars": 7}',
      '{"completed_files": []}',
      '{"completed_files": {"a": nan}}',
    ]) {
      await writeFile(path(), text);
      const progress = await WorkerProgress.load(folder(), 2, tell);
      progress.addBook({ sha1, sizeBytes: 1 }, 'new', 'uploaded', at);
      await progress.close();
      assert.match(
        told.splice(0).join('\n'),
        /^The progress file .* could not be read .* kept as .*\.damaged-/,
      );
      const names = (await readdir(folder())).filter(name => name.includes('.damaged-')).sort();
      assert.equal(await readFile(join(folder(), names.at(-1)!), 'utf8'), text);
      const { keys } = await read();
      assert.deepEqual(keys, { [sha1]: 1 }, 'a new one is begun, in which books are recorded anew');
    }
  });

  it('is put aside by the engine, too, when it cannot be read', async () => {
    await writeFile(path(), 'garbage');
    assert.equal((await read()).record, null);
    assert.equal(told.length, 1);
    assert.match((await readdir(folder())).join(), /^migration_progress_worker2\.json\.damaged-[^,]*$/);
  });

  it('is made UTF-8 when it is not, with the original kept', async () => {
    await writeFile(
      path(),
      Buffer.from(JSON.stringify(theirs).replace('Книга', 'Livre d\xe9j\xe0'), 'latin1'),
    );
    const written = (await rewrite()) as typeof theirs;
    assert.deepEqual(Object.keys(written.completed_files), [sha1, other]);
    assert.match(written.completed_files[sha1]!.file, /^Livre d\ufffdj\ufffd/);
    assert.match(told.join(), /not all of its text is UTF-8/);
  });

  it('cannot be loaded where it may not be read, and stays', async () => {
    await mkdir(path());
    await assert.rejects(WorkerProgress.load(folder(), 2, tell), { code: 'PROGRESS_NOT_READABLE' });
  });

  it('is read in pieces of any place', async () => {
    // Larger than a few windows, so that tokens and wanted values lie across their borders.
    const files = Object.fromEntries(
      Array.from({ length: 20_000 }, (_, n) => [
        n.toString(16).padStart(40, '0'),
        { file: `Книга ${String(n)} ${'я'.repeat(n % 97)}`, size: n },
      ]),
    );
    const large = { completed_files: files, notes: 'ж'.repeat(3_000_000), completed_tars: ['a.tar'] };
    await writeFile(path(), JSON.stringify(large));
    const { keys } = await read();
    assert.deepEqual(
      keys,
      Object.fromEntries(Object.entries(files).map(([digest, { size }]) => [digest, size])),
    );
    const written = (await rewrite()) as typeof large;
    assert.deepEqual(written.completed_files, files);
    assert.equal(written.notes, large.notes);
    assert.deepEqual(written.completed_tars, ['a.tar']);
  });

  it('of 200,000 books is loaded and rewritten in flat memory', async () => {
    const script = `
      import { WorkerProgress } from ${JSON.stringify(new URL('../../../src/engine/progress/workerProgress.ts', import.meta.url).href)};
      const folder = process.argv[1];
      const digest = n => n.toString(16).padStart(8, '0').repeat(5);
      const writing = await WorkerProgress.load(folder, 2, console.error);
      for (let n = 0; n < 200_000; n++) {
        writing.addBook({ sha1: digest(n * 20_000), sizeBytes: n }, 'folder/of/books/' + n + '.fb2', 'uploaded', new Date());
        if (n % 1000 === 0) await writing.commit();
      }
      await writing.close();
      globalThis.gc();
      const before = process.memoryUsage();
      const progress = await WorkerProgress.load(folder, 2, console.error, { share: Infinity });
      let heap = 0;
      for (let n = 0; n < 3; n++) {
        progress.addBook({ sha1: digest(n * 20_000 + 1), sizeBytes: n }, 'new', 'uploaded', new Date());
        await progress.commit();
        globalThis.gc();
        heap = Math.max(heap, process.memoryUsage().heapUsed - before.heapUsed);
      }
      const buffers = process.memoryUsage().arrayBuffers - before.arrayBuffers;
      await progress.close();
      console.log(JSON.stringify({ heap, buffers }));`;
    const output = run(process.execPath, [
      '--disable-warning=ExperimentalWarning',
      '--expose-gc',
      '--max-old-space-size=64',
      '--input-type=module',
      '-e',
      script,
      folder(),
    ]);
    const { heap, buffers } = JSON.parse(output) as { heap: number; buffers: number };
    assert.ok(heap < 4 * 1024 * 1024, `${String(heap)} bytes of heap`);
    assert.ok(buffers < 200_000 * 45 + 8 * 1024 * 1024, `${String(buffers)} bytes of buffers`);
    const { keys } = await read();
    assert.equal(Object.keys(keys).length, 200_003);
  }).timeout(60_000);
});
