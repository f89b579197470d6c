import assert from 'node:assert/strict';
import { mkdir, readdir, symlink } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { makePlan, verifyTar } from '../../src/client/askEngine.ts';
import { TarshelfError } from '../../src/protocol/errors.ts';
import type { IngestOptions } from '../../src/protocol/ingestOptions.ts';
import { noSecrets } from '../../src/protocol/secrets.ts';
import { startTarshelf, tarshelf, type Finished } from '../support/commandLine.ts';
import { makeTar } from '../support/gnuTar.ts';
import { filesInLibrary, keyOf, keysInLibrary, recordsAreTrue } from '../support/libraryTruth.ts';
import { killAll, untilGone } from '../support/processTree.ts';
import { useTempFolder } from '../support/tempFolder.ts';

const launch = { enginePath: join(import.meta.dirname, '../../dist/engine.js'), whenLeft: null };

describe('tars in two folders', () => {
  const folder = useTempFolder();
  const first = (): string => join(folder(), 'first disk');
  const second = (): string => join(folder(), 'second disk');
  const state = (): string => join(folder(), 'state');
  const library = (): string => join(state(), 'library');
  let expected: Set<string>;

  beforeEach(async () => {
    expected = new Set();
    for (const place of [first(), second()]) await mkdir(place);
  });

  /** Half of its books are in every tar. */
  async function tar(path: string, books = 2): Promise<void> {
    const files: Record<string, Buffer> = {};
    for (let n = 0; n < books; n++) {
      const body = Buffer.from(`book ${String(n)} ${n % 2 === 0 ? '' : path}`.padEnd(900 + n, '.'));
      files[`${String(n)}.epub`] = body;
      expected.add(keyOf(body));
    }
    await makeTar(join(folder(), path), 'gnu', files);
  }

  const args = (folders: readonly string[], ...more: string[]): string[] => [
    ...['ingest', ...folders, '--state-dir', state(), '--workers', '2', '--json', ...more],
  ];
  const ingest = (...more: string[]): Promise<Finished> => tarshelf(args([first(), second()], ...more));
  const namesIn = async (path: string): Promise<string[]> => (await readdir(path)).sort();

  it('are all read after kills at any moment, each book once, and moved out of the way where they lie', async () => {
    // So many that none of the runs is over before its processes are found and killed.
    for (const path of ['first disk/a.tar', 'first disk/b.tar.gz', 'second disk/c.tar', 'second disk/d.tar'])
      await tar(path, 500);
    const move = args([first(), second()], '--batch-size', '20', '--after-completion', 'move');
    let killed = 0;
    for (let round = 0; round < 2; round++) {
      const command = startTarshelf(move);
      const isOver = (): boolean => command.child.exitCode !== null;
      const before = await filesInLibrary(library()).catch(() => 0);
      while (!isOver() && (await filesInLibrary(library()).catch(() => 0)) < before + 20) await sleep(5);
      if (isOver()) break;
      const pids = await killAll(command.child.pid!, state());
      killed++;
      await command.finished;
      for (const pid of pids) await untilGone(pid, 10_000);
    }
    assert.ok(killed > 0, 'a run was killed while it was at work');
    const { code, stdout, stderr } = await tarshelf(move);
    assert.equal(code, 0, stdout + stderr);
    assert.deepEqual(await keysInLibrary(library()), [...expected].sort());
    assert.equal(await filesInLibrary(library()), expected.size);
    await recordsAreTrue(state(), library());
    assert.deepEqual(await namesIn(first()), ['processed']);
    assert.deepEqual(await namesIn(join(first(), 'processed')), ['a.tar', 'b.tar.gz']);
    assert.deepEqual(await namesIn(second()), ['processed']);
    assert.deepEqual(await namesIn(join(second(), 'processed')), ['c.tar', 'd.tar']);
  }).timeout(60_000);

  it('are read once, however often and by whatever way a folder is named', async () => {
    await tar('first disk/a.tar');
    await tar('second disk/b.tar');
    const link = join(folder(), 'link');
    await symlink(first(), link, 'dir');
    const { code, summary, stdout } = await tarshelf(
      args([first(), `${first()}${sep}`, link, second(), second()]),
    );
    assert.equal(code, 0, stdout);
    assert.deepEqual(summary?.tars, { total: 2, completed: 2, failed: 0 });
    assert.deepEqual(await keysInLibrary(library()), [...expected].sort());
  });

  it('are gone on with when a folder comes later, and what was read is not read again', async () => {
    await tar('first disk/a.tar');
    assert.equal((await tarshelf(args([first()]))).code, 0);
    await tar('second disk/b.tar');
    const { code, summary } = await ingest();
    assert.equal(code, 0);
    assert.deepEqual(summary?.tars, { total: 2, completed: 2, failed: 0 });
    assert.deepEqual([summary.books.found, summary.books.uploaded], [2, 1]);
    assert.deepEqual(await keysInLibrary(library()), [...expected].sort());
  });

  it('are not begun with where two have one name, of which one line tells', async () => {
    await tar('first disk/a.tar');
    assert.equal((await tarshelf(args([first()]))).code, 0);
    await tar('second disk/a.tar');
    const refused = await ingest();
    assert.equal(refused.code, 2);
    assert.match(
      refused.stderr,
      /^tarshelf: [^\n]*first disk.a\.tar and [^\n]*second disk.a\.tar [^\n]*Rename[^\n]*\n$/,
    );
    // Which is the word for each alone: nothing that is recorded of the one counts for the other.
    const alone = await tarshelf(args([second()]));
    assert.equal(alone.code, 0);
    assert.deepEqual(await keysInLibrary(library()), [...expected].sort());
  });

  it('are not begun with where a disk is missing, and an empty folder is told of', async () => {
    await tar('first disk/a.tar');
    const missing = await tarshelf(args([first(), join(folder(), 'third disk')]));
    assert.equal(missing.code, 2);
    assert.match(missing.stderr, /^tarshelf: There is no folder [^\n]*third disk\.[^\n]*connected[^\n]*\n$/);
    const { code, stdout } = await ingest();
    assert.equal(code, 0);
    assert.match(stdout, /"type":"notice","message":"There are no \.tar files in [^"]*second disk/);
  });

  it('are planned and verified by the folder of each', async () => {
    await tar('first disk/a.tar');
    await tar('second disk/b.tar');
    await ingest();
    await tar('second disk/c.tar');
    const options: IngestOptions = {
      ...{ sourceFolders: [first(), second()], stateFolder: state() },
      ...{ workers: 2, batchSize: 10, parallelUploads: 1 },
      ...{ mode: 'auto', afterCompletion: 'keep', metadataReader: 'builtin' },
      destination: { kind: 'library', folder: library() },
    };
    const plan = await makePlan(launch, options);
    assert.deepEqual(
      plan.tars.map(({ name, folder: of, state: how }) => [name, of, how]),
      [
        ['a.tar', first(), 'completed'],
        ['b.tar', second(), 'completed'],
        ['c.tar', second(), 'new'],
      ],
    );
    const verify = (name: string) => verifyTar(launch, options, noSecrets, name, () => undefined);
    assert.equal((await verify('b.tar')).onShelf, 2);
    assert.equal((await verify('c.tar')).missing, 1);
    await assert.rejects(
      verify('d.tar'),
      thrown => thrown instanceof TarshelfError && thrown.code === 'TAR_NOT_READABLE',
    );
  });
});
