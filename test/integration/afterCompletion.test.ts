import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, rename, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { startTarshelf, type Finished } from '../support/commandLine.ts';
import { makeTar } from '../support/gnuTar.ts';
import { useIngest } from '../support/ingestFixture.ts';
import { keysInLibrary } from '../support/libraryTruth.ts';
import { descendants, untilGone } from '../support/processTree.ts';
import { until } from '../support/until.ts';

describe('ingest with --after-completion', () => {
  const { folder, source, state, args, ingest } = useIngest();
  const processed = (): string => join(source(), 'processed');
  const move = (): Promise<Finished> => ingest('--after-completion', 'move');

  async function tar(name: string, books = 3): Promise<Buffer> {
    const bodies = Array.from({ length: books }, (_, n) =>
      Buffer.from(`${name}, book ${String(n)}`.padEnd(900)),
    );
    const files = Object.fromEntries(bodies.map((body, n) => [`${String(n)}.epub`, body]));
    await makeTar(join(source(), name), 'gnu', files);
    return readFile(join(source(), name));
  }

  async function damaged(name: string): Promise<void> {
    await tar(name);
    await truncate(join(source(), name), 1700);
  }

  const sorted = async (path: string): Promise<string[]> => (await readdir(path)).sort();

  function noticesOf({ stdout }: Finished): string[] {
    return stdout.split('\n').filter(line => line.startsWith('{"type":"notice"'));
  }

  interface Recorded {
    readonly completed_tars: string[];
    readonly tar_progress: Record<string, { tar_file: string }>;
  }

  async function recorded(worker: number): Promise<Recorded> {
    const text = await readFile(join(state(), `migration_progress_worker${String(worker)}.json`), 'utf8');
    return JSON.parse(text) as Recorded;
  }

  /** Whether the progress file says that a tar is completed. */
  async function isRecorded(name: string): Promise<boolean> {
    return (await recorded(1)).completed_tars.includes(name);
  }

  /** Where the progress files say that a tar lies. */
  async function recordedPaths(name: string): Promise<string[]> {
    const workers = (await readdir(state())).filter(file => file.startsWith('migration_progress_worker'));
    const all = await Promise.all(workers.map((_, index) => recorded(index + 1)));
    return all.flatMap(({ tar_progress }) => tar_progress[name]?.tar_file ?? []);
  }

  /** Waits until something is so; what cannot be read yet is not. */
  it('moves what is completed, and leaves a damaged tar for the next run, which finds no other', async () => {
    const bytes = await tar('a.tar');
    await tar('b.tar.gz.tar');
    await damaged('broken.tar');
    const first = await move();
    assert.equal(first.code, 1, first.stdout);
    assert.deepEqual(first.summary?.tars, { total: 3, completed: 2, failed: 1 });
    assert.deepEqual(await sorted(source()), ['broken.tar', 'processed']);
    assert.deepEqual(await sorted(processed()), ['a.tar', 'b.tar.gz.tar']);
    assert.deepEqual(await readFile(join(processed(), 'a.tar')), bytes);

    const second = await move();
    assert.deepEqual(second.summary?.tars, { total: 1, completed: 0, failed: 1 });
    assert.deepEqual(await sorted(source()), ['broken.tar', 'processed']);

    await rm(join(source(), 'broken.tar'));
    const third = await move();
    assert.equal(third.code, 2);
    assert.match(third.stderr, /^tarshelf: There are no \.tar files [^\n]+\n$/);
  });

  it('leaves a tar with books that failed, until a later run has them all', async () => {
    await tar('a.tar');
    // Where the books' folder is to be is a link that leads to itself.
    const inTheWay = join(state(), 'library', 'books', 'Unknown author');
    await mkdir(dirname(inTheWay), { recursive: true });
    await symlink('Unknown author', inTheWay);
    const first = await move();
    assert.equal(first.code, 1);
    assert.equal(first.summary?.books.failed, 3);
    assert.deepEqual(await sorted(source()), ['a.tar']);

    await rm(inTheWay);
    const second = await move();
    assert.equal(second.code, 0);
    assert.deepEqual(await sorted(processed()), ['a.tar']);
  });

  it('moves nothing unless told to', async () => {
    await tar('a.tar');
    for (const more of [[], ['--after-completion', 'keep']]) {
      const { code } = await ingest(...more);
      assert.equal(code, 0);
      assert.deepEqual(await sorted(source()), ['a.tar']);
    }
  });

  it('moves what an earlier run completed, and reads none of it again', async () => {
    await tar('a.tar');
    await ingest();
    const { code, summary } = await move();
    assert.equal(code, 0);
    assert.equal(summary?.books.found, 0);
    assert.deepEqual(await sorted(source()), ['processed']);
    assert.deepEqual(await sorted(processed()), ['a.tar']);
  });

  it('overwrites nothing that is there already', async () => {
    const bytes = { plain: await tar('a.tar'), compressed: await tar('b.tar.gz', 2) };
    await mkdir(processed());
    for (const name of ['a.tar', 'a (2).tar', 'b.tar.gz']) await writeFile(join(processed(), name), 'mine');
    const { code, stdout } = await move();
    assert.equal(code, 0, stdout);
    assert.deepEqual(await sorted(source()), ['processed']);
    for (const name of ['a.tar', 'a (2).tar', 'b.tar.gz']) {
      assert.equal(await readFile(join(processed(), name), 'utf8'), 'mine', name);
    }
    assert.deepEqual(await readFile(join(processed(), 'a (3).tar')), bytes.plain);
    assert.deepEqual(await readFile(join(processed(), 'b (2).tar.gz')), bytes.compressed);
    assert.equal((await sorted(processed())).length, 5);
  });

  it('tells of a tar that it cannot move or had better not, and fails none for it', async () => {
    await writeFile(processed(), 'no folder');
    await tar('a.tar');
    const stuck = await move();
    assert.equal(stuck.code, 0);
    assert.deepEqual(stuck.summary?.tars, { total: 1, completed: 1, failed: 0 });
    assert.match(noticesOf(stuck).join('\n'), /a\.tar is completed and could not be moved/);
    assert.equal(await readFile(processed(), 'utf8'), 'no folder');

    await rm(processed());
    await rename(join(source(), 'a.tar'), join(folder(), 'a.tar'));
    await symlink('../a.tar', join(source(), 'a.tar'));
    const linked = await move();
    assert.equal(linked.code, 0);
    assert.match(noticesOf(linked).join('\n'), /a\.tar is completed and was not moved: it is a link/);
    assert.deepEqual(await sorted(source()), ['a.tar']);
  });

  it('records where the tars lie now, those of earlier runs too, in the progress file of each worker', async () => {
    for (const name of ['a.tar', 'b.tar', 'c.tar.gz']) await tar(name);
    await ingest('--workers', '2');
    await tar('d.tar');
    await mkdir(processed());
    await writeFile(join(processed(), 'b.tar'), 'mine');
    assert.equal((await ingest('--workers', '2', '--after-completion', 'move')).code, 0);
    assert.deepEqual(await recordedPaths('a.tar'), [join(processed(), 'a.tar')]);
    assert.deepEqual(await recordedPaths('b.tar'), [join(processed(), 'b (2).tar')]);
    assert.deepEqual(await recordedPaths('c.tar.gz'), [join(processed(), 'c.tar.gz')]);
    assert.deepEqual(await recordedPaths('d.tar'), [join(processed(), 'd.tar')]);
  });

  it('records in the next run what a kill kept from being recorded, of no tar but the one that was moved', async () => {
    await tar('a.tar');
    await tar('b.tar', 4);
    await ingest();
    // As a kill between the move and the record leaves it.
    await mkdir(processed());
    for (const name of ['a.tar', 'b.tar']) {
      await rename(join(source(), name), join(processed(), name.replace('.tar', ' (2).tar')));
      await writeFile(join(processed(), name), 'mine');
    }
    // Another tar of that name.
    await tar('b.tar', 5);
    await truncate(join(source(), 'b.tar'), 2000);
    assert.equal((await move()).code, 1);
    assert.deepEqual(await recordedPaths('a.tar'), [join(processed(), 'a (2).tar')]);
    assert.deepEqual([...new Set(await recordedPaths('b.tar'))], [join(source(), 'b.tar')]);
  });

  it('moves in the next run a tar whose engine was killed between the record and the move', async () => {
    await tar('a.tar', 200);
    const command = startTarshelf(args('--after-completion', 'move'));
    // Every claim of the tar, which is one batch, has been answered when its first book is on the shelf.
    const books = join(state(), 'library', 'books');
    await until('a book', async () => (await readdir(books, { recursive: true }).catch(() => [])).length > 0);
    const [engine] = await descendants(command.child.pid!, 'engine.js');
    const [worker] = await descendants(command.child.pid!, 'worker.js');
    // Held still, the engine does not hear of the end that its worker records.
    process.kill(engine!, 'SIGSTOP');
    await until('the end of the tar', async () => {
      const journal = await readFile(join(state(), 'migration_journal_worker1.jsonl'), 'utf8').catch(
        () => '',
      );
      return journal.includes('"kind":"ended"') || (await isRecorded('a.tar'));
    });
    process.kill(engine!, 'SIGKILL');
    await command.finished;
    await untilGone(worker!, 10_000);
    assert.ok(await isRecorded('a.tar'));
    assert.deepEqual(await sorted(source()), ['a.tar']);

    const { code, summary, stderr } = await move();
    assert.equal(code, 0, stderr);
    assert.equal(summary?.books.found, 0);
    assert.deepEqual(await sorted(source()), ['processed']);
    assert.deepEqual(await sorted(processed()), ['a.tar']);
  }).timeout(60_000);

  it('does not take the folder of a tar that it moved for one whose tar is gone', async () => {
    await tar('a.tar');
    const extracted = join(state(), 'tar_extraction_temp', 'a_1766592979');
    await mkdir(extracted, { recursive: true });
    await writeFile(join(extracted, '0.epub'), 'half a bo');
    await move();
    await tar('b.tar');
    const { summary } = await move();
    assert.equal(summary?.tars.total, 1);
    assert.equal((await keysInLibrary(join(state(), 'library'))).length, 6);
  });

  it('moves no folder whose tar is gone', async () => {
    const extracted = join(state(), 'tar_extraction_temp', 'gone_1766592979');
    await mkdir(extracted, { recursive: true });
    await writeFile(join(extracted, '0.epub'), 'a whole book');
    const { code, summary } = await move();
    assert.equal(code, 0);
    assert.equal(summary?.tars.completed, 1);
    assert.deepEqual(await sorted(extracted), ['0.epub']);
    assert.deepEqual(await sorted(source()), []);
    const again = await move();
    assert.equal(again.code, 0);
    assert.deepEqual(await sorted(extracted), ['0.epub']);
  });
});
