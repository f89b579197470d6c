import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startTarshelf } from '../support/commandLine.ts';
import { makeTar } from '../support/gnuTar.ts';
import { filesInLibrary, keysInLibrary, recordsAreTrue } from '../support/libraryTruth.ts';
import { descendants, killAll, untilGone } from '../support/processTree.ts';
import { useTempFolder } from '../support/tempFolder.ts';

/** So many SIGKILLs; `TARSHELF_KILLS=500 npm run test:chaos` for more. */
const wanted = Number(process.env['TARSHELF_KILLS'] ?? 100);
const tars = 5;
const booksInTar = 250;
const modes = ['in-place', 'extract', 'auto'] as const;

describe(`${String(wanted)} kills at random moments`, () => {
  const folder = useTempFolder();
  const source = (): string => join(folder(), 'tars');
  const state = (): string => join(folder(), 'state');
  const library = (): string => join(state(), 'library');

  it('lose no book, double none, and leave no false record', async () => {
    await mkdir(source());
    const keys = new Set<string>();
    for (let tar = 0; tar < tars; tar++) {
      const files: Record<string, Buffer> = {};
      for (let n = 0; n < booksInTar; n++) {
        const body = Buffer.from(
          `book ${String(n)} ${n % 3 === 0 ? '' : String(tar)} `.repeat(1 + (n % 400)),
        );
        // Each copy has a name of its own, and with it a title.
        files[`set-${String(tar)}/${String(tar)}-${String(n)}.txt`] = body;
        keys.add(`${createHash('sha1').update(body).digest('hex')}-${String(body.length)}`);
      }
      await makeTar(join(source(), `${String(tar)}.tar`), 'gnu', files);
    }
    const expected = [...keys].sort();

    const killed = { worker: 0, engine: 0, all: 0 };
    let runs = 0;
    for (let shelves = 0; killed.worker + killed.engine + killed.all < wanted; shelves++) {
      const mode = modes[shelves % modes.length]!;
      await rm(state(), { recursive: true, force: true });
      for (let completed = false; !completed;) {
        completed = await runOnce(mode, killed);
        runs++;
      }
      assert.deepEqual(await keysInLibrary(library()), expected);
      assert.equal(await filesInLibrary(library()), expected.length);
      await recordsAreTrue(state(), library());
    }
    console.log(`      ${JSON.stringify(killed)} in ${String(runs)} runs`);
  }).timeout(3_600_000);

  /** Runs until the end, or until a kill ends the run. @returns whether the ingest completed */
  async function runOnce(
    mode: string,
    killed: { worker: number; engine: number; all: number },
  ): Promise<boolean> {
    const command = startTarshelf([
      ...['ingest', source(), '--state-dir', state(), '--json'],
      ...['--workers', '3', '--batch-size', '15', '--mode', mode],
    ]);
    const root = command.child.pid!;
    const ended = new AbortController();
    void command.finished.then(() => {
      ended.abort();
    });
    while (!ended.signal.aborted) {
      await sleep(100 + Math.random() * 700);
      const workers = await descendants(root, 'worker.js');
      const engines = await descendants(root, 'engine.js');
      const dice = Math.random();
      const kind = dice < 0.5 ? 'worker' : dice < 0.8 ? 'engine' : 'all';
      const one = workers[Math.floor(Math.random() * workers.length)];
      const victims =
        kind === 'worker'
          ? one === undefined
            ? []
            : [one]
          : kind === 'engine'
            ? engines
            : await killAll(root, state());
      for (const pid of victims) if (kind === 'all' || kill(pid)) killed[kind]++;
      if (kind === 'worker') continue;
      await command.finished;
      for (const pid of [...victims, ...workers]) await untilGone(pid, 15_000);
    }
    const { code } = await command.finished;
    return code === 0;
  }

  function kill(pid: number): boolean {
    try {
      return process.kill(pid, 'SIGKILL');
    } catch {
      // It had ended by itself.
      return false;
    }
  }
});
