import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startTarshelf, tarshelf, type RunningCommand } from '../support/commandLine.ts';
import { makeTar } from '../support/gnuTar.ts';
import { filesInLibrary, keysInLibrary, recordsAreTrue } from '../support/libraryTruth.ts';
import { descendants, killAll, untilGone } from '../support/processTree.ts';
import { useTempFolder } from '../support/tempFolder.ts';

const tars = 4;
const booksInTar = 150;

describe('kill -9', () => {
  const folder = useTempFolder();
  const source = (): string => join(folder(), 'tars');
  const state = (): string => join(folder(), 'state');
  const library = (): string => join(state(), 'library');
  const args = (): string[] => ['ingest', source(), '--state-dir', state(), '--json', '--batch-size', '20'];
  let expected: string[];

  beforeEach(async () => {
    await mkdir(source());
    const keys = new Set<string>();
    for (let tar = 0; tar < tars; tar++) {
      const files: Record<string, Buffer> = {};
      for (let n = 0; n < booksInTar; n++) {
        // Half of the books stand in every tar, so that workers wait for each other's claims.
        const body = Buffer.from(`book ${String(n)} ${n % 2 === 0 ? '' : String(tar)}`.padEnd(1500 + n, '.'));
        // Each copy has a name of its own, and with it a title.
        files[`${String(tar)}-${String(n)}.txt`] = body;
        keys.add(`${createHash('sha1').update(body).digest('hex')}-${String(body.length)}`);
      }
      await makeTar(join(source(), `${String(tar)}.tar`), 'gnu', files);
    }
    expected = [...keys].sort();
  });

  /** Waits until books are on the shelf, but not all of them. */
  async function untilUploading(command: RunningCommand): Promise<void> {
    let ended = false;
    void command.finished.then(() => (ended = true));
    for (;;) {
      assert.ok(!ended, 'the run ended before it could be killed');
      try {
        if ((await readdir(join(library(), 'books'), { recursive: true })).length > 10) return;
      } catch {
        // No library yet.
      }
      await sleep(5);
    }
  }

  async function nextRunCompletes(): Promise<void> {
    const { code, stdout, stderr } = await tarshelf(args());
    assert.equal(code, 0, stdout + stderr);
    await everyBookIsThereOnce();
  }

  async function everyBookIsThereOnce(): Promise<void> {
    assert.deepEqual(await keysInLibrary(library()), expected);
    assert.equal(await filesInLibrary(library()), expected.length);
    await recordsAreTrue(state(), library());
  }

  it('of a worker: it is started again and the run completes', async () => {
    const command = startTarshelf(args());
    await untilUploading(command);
    const [victim] = await descendants(command.child.pid!, 'worker.js');
    process.kill(victim!, 'SIGKILL');
    const { code, summary, stdout } = await command.finished;
    assert.equal(code, 0, stdout);
    assert.match(stdout, /ended unexpectedly \(SIGKILL\); it is started again/);
    assert.deepEqual(summary?.tars, { total: tars, completed: tars, failed: 0 });
    await everyBookIsThereOnce();
  }).timeout(60_000);

  it('of the engine: the workers leave by themselves, and the next run completes', async () => {
    const command = startTarshelf(args());
    await untilUploading(command);
    const workers = await descendants(command.child.pid!, 'worker.js');
    const [engine] = await descendants(command.child.pid!, 'engine.js');
    assert.equal(workers.length, tars);
    process.kill(engine!, 'SIGKILL');
    const { code, stderr } = await command.finished;
    assert.equal(code, 1);
    assert.match(stderr, /^tarshelf: The engine ended unexpectedly.*launch again to go on.*\n$/);
    for (const worker of workers) await untilGone(worker, 10_000);
    await recordsAreTrue(state(), library());
    await nextRunCompletes();
  }).timeout(60_000);

  it('of the engine, with the next run at once: it waits for the workers that still finish a book', async () => {
    const command = startTarshelf(args());
    await untilUploading(command);
    const workers = await descendants(command.child.pid!, 'worker.js');
    const [engine] = await descendants(command.child.pid!, 'engine.js');
    // Held in the middle of their work, as a slow disk would.
    for (const worker of workers) process.kill(worker, 'SIGSTOP');
    process.kill(engine!, 'SIGKILL');
    await command.finished;
    const next = startTarshelf(args());
    await sleep(1000);
    assert.equal(
      (await descendants(next.child.pid!, 'worker.js')).length,
      0,
      'no new worker beside an old one',
    );
    for (const worker of workers) process.kill(worker, 'SIGCONT');
    const { code, stdout, stderr } = await next.finished;
    assert.equal(code, 0, stdout + stderr);
    await everyBookIsThereOnce();
  }).timeout(60_000);

  it('of the command line: engine and workers finish the book in hand and leave', async () => {
    const command = startTarshelf(args());
    await untilUploading(command);
    const pids = [
      ...(await descendants(command.child.pid!, 'worker.js')),
      ...(await descendants(command.child.pid!, 'engine.js')),
    ];
    assert.equal(pids.length, tars + 1);
    command.child.kill('SIGKILL');
    await command.finished;
    for (const pid of pids) await untilGone(pid, 10_000);
    await recordsAreTrue(state(), library());
    await nextRunCompletes();
  }).timeout(60_000);

  it('of all at once, at random moments: every book is there once in the end', async () => {
    for (let round = 0; round < 8; round++) {
      const command = startTarshelf(args());
      await sleep(150 + Math.random() * 350);
      const pids = await killAll(command.child.pid!, state());
      await command.finished;
      for (const pid of pids) await untilGone(pid, 10_000);
      await recordsAreTrueIfAny();
    }
    await nextRunCompletes();
  }).timeout(120_000);

  /** A kill may come before there is a library. */
  async function recordsAreTrueIfAny(): Promise<void> {
    const made = await readdir(library()).catch((): string[] => []);
    if (made.includes('library.db')) await recordsAreTrue(state(), library());
  }
});
