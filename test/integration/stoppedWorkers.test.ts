import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startTarshelf, tarshelf } from '../support/commandLine.ts';
import { makeTar } from '../support/gnuTar.ts';
import { keysInLibrary } from '../support/libraryTruth.ts';
import { descendants } from '../support/processTree.ts';
import { useTempFolder } from '../support/tempFolder.ts';

describe('a worker that dies for good', () => {
  const folder = useTempFolder();

  it('leaves its tars, those never started too, to the others, and the run completes', async () => {
    const source = join(folder(), 'tars');
    const state = join(folder(), 'state');
    await mkdir(source);
    // Enough for the other one to be busy until this one has died for good.
    const books = 300;
    for (let tar = 0; tar < 6; tar++) {
      const files: Record<string, Buffer> = {};
      for (let n = 0; n < books; n++)
        files[`${String(n)}.txt`] = Buffer.from(`book ${String(n)} of ${String(tar)}`);
      await makeTar(join(source, `${String(tar)}.tar`), 'gnu', files);
    }
    const args = ['ingest', source, '--state-dir', state, '--json', '--workers', '2', '--batch-size', '5'];
    const command = startTarshelf(args);
    const ended = new AbortController();
    void command.finished.then(() => {
      ended.abort();
    });
    // Every process of worker 1 is killed as soon as it is seen, before it can end a tar.
    let killed = 0;
    const own = join(state, 'migration_progress_worker1.json');
    while (!ended.signal.aborted) {
      for (const pid of await descendants(command.child.pid!, 'worker.js')) {
        const held = await heldLocks(pid);
        if (!held.some(path => path.endsWith('worker1.lock'))) continue;
        try {
          process.kill(pid, 'SIGKILL');
          killed++;
        } catch {
          // It ended by itself in between.
        }
      }
      await sleep(5);
    }
    const { code, summary, stdout, stderr } = await command.finished;
    assert.ok(killed >= 3, `killed ${String(killed)} times`);
    assert.equal(code, 0, stdout + stderr);
    assert.deepEqual(summary?.tars, { total: 6, completed: 6, failed: 0 });
    assert.equal((await keysInLibrary(join(state, 'library'))).length, 6 * books);
    const monitored = await readFile(join(state, 'auto_monitor.log'), 'utf8');
    assert.match(
      monitored,
      /WARNING Worker 1 ended unexpectedly \(SIGKILL\).*; it is started again in (?:0\.\d|1\.0) s, death 1 in a row/,
    );
    // All that it had may have gone to the others before.
    assert.match(monitored, /after 3 restarts in 24 hours\. It is paused until you resume it/);
    const shown = await tarshelf(['logs', 'monitor', '--state-dir', state]);
    assert.match(shown.stdout, /It is paused until you resume it/);
    const left = JSON.parse(await readFile(own, 'utf8').catch(() => '{}')) as { completed_tars?: string[] };
    assert.deepEqual(left.completed_tars ?? [], []);
  }).timeout(60_000);
});

/** Files that a process has open, by the kernel's own list. */
async function heldLocks(pid: number): Promise<string[]> {
  const open: string[] = [];
  for (const name of await readdir(`/proc/${String(pid)}/fd`).catch((): string[] => [])) {
    open.push(await readlink(`/proc/${String(pid)}/fd/${name}`).catch(() => ''));
  }
  return open;
}
