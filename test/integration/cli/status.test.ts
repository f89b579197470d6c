import assert from 'node:assert/strict';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startTarshelf, tarshelf } from '../../support/commandLine.ts';
import { makeTar } from '../../support/gnuTar.ts';
import { descendants, untilGone } from '../../support/processTree.ts';
import { useTempFolder } from '../../support/tempFolder.ts';

interface Told {
  readonly type: string;
  readonly running: boolean;
  readonly state: string;
  readonly phase: string;
  readonly pid: number;
  readonly tars: { total: number; completed: number; failed: number };
  readonly books: { uploaded: number };
  readonly workers: unknown[];
}

describe('tarshelf status', () => {
  const folder = useTempFolder();
  const state = (): string => join(folder(), 'state');
  const ingest = (): string[] => [
    'ingest',
    join(folder(), 'tars'),
    '--state-dir',
    state(),
    '--batch-size',
    '5',
  ];
  const status = async (): Promise<Told> => {
    const { code, stdout, stderr } = await tarshelf(['status', '--state-dir', state(), '--json']);
    assert.deepEqual([code, stderr], [0, '']);
    assert.equal(stdout.trimEnd().split('\n').length, 1);
    return JSON.parse(stdout) as Told;
  };

  /** Waits for the first save of a run whose workers are then held, as by a slow disk. */
  async function untilSaved(cli: number): Promise<number[]> {
    const deadline = performance.now() + 10_000;
    for (;;) {
      assert.ok(performance.now() < deadline, 'no status came');
      const saved = await readFile(join(state(), 'status.json'), 'utf8').catch(() => null);
      const workers = await descendants(cli, 'worker.js');
      if (saved !== null && workers.length > 0) return workers;
      await sleep(5);
    }
  }

  beforeEach(async () => {
    await mkdir(join(folder(), 'tars'));
    for (let tar = 0; tar < 2; tar++) {
      const files: Record<string, Buffer> = {};
      for (let n = 0; n < 150; n++)
        files[`${String(n)}.txt`] = Buffer.from(`book ${String(tar)} ${String(n)}`);
      await makeTar(join(folder(), 'tars', `${String(tar)}.tar`), 'gnu', files);
    }
  });

  it('tells of a run in another terminal while it goes on, and of its end', async () => {
    const run = startTarshelf(ingest());
    const workers = await untilSaved(run.child.pid!);
    for (const pid of workers) process.kill(pid, 'SIGSTOP');
    let during: Told;
    try {
      during = await status();
      const { stdout } = await tarshelf(['status', '--state-dir', state()]);
      assert.match(stdout, /^Running, pid \d+\.\n {2}Tars {6}\d of 2 completed; /);
    } finally {
      for (const pid of workers) process.kill(pid, 'SIGCONT');
    }
    assert.equal(during.type, 'status');
    assert.equal(during.running, true);
    assert.equal(during.pid, (await descendants(run.child.pid!, 'engine.js'))[0]);
    assert.equal(during.tars.total, 2);
    assert.equal((await run.finished).code, 0);
    const after = await status();
    assert.deepEqual([after.running, after.state, after.phase], [false, 'ended', 'finished']);
    assert.deepEqual(after.tars, { total: 2, completed: 2, failed: 0 });
    assert.equal(after.books.uploaded, 300);
    const { code, stdout } = await tarshelf(['status', '--state-dir', state()]);
    assert.equal(code, 0);
    assert.match(stdout, /^Ended \d+ s ago\.\nAll 2 tars were completed\.\n/);
  }).timeout(60_000);

  it('says that the engine died after kill -9, and after the next run that it ended', async () => {
    const run = startTarshelf(ingest());
    const workers = await untilSaved(run.child.pid!);
    const [engine] = await descendants(run.child.pid!, 'engine.js');
    process.kill(engine!, 'SIGKILL');
    await run.finished;
    for (const pid of workers) await untilGone(pid, 10_000);
    const died = await status();
    assert.deepEqual([died.running, died.state, died.pid], [false, 'died', engine]);
    const { code, stdout } = await tarshelf(['status', '--state-dir', state()]);
    assert.equal(code, 0);
    assert.match(stdout, /^The engine died: pid \d+ is gone, saved \d+ s ago\..*run the same ingest again/);
    assert.equal((await tarshelf(ingest())).code, 0);
    assert.equal((await status()).state, 'ended');
  }).timeout(60_000);

  it('is one line and exit code 2 where no run has been', async () => {
    const { code, stdout, stderr } = await tarshelf(['status', '--state-dir', state()]);
    assert.deepEqual([code, stdout], [2, '']);
    assert.match(stderr, /^tarshelf: No run has left anything in .*\n$/);
  });
});
