import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { encodeTar } from '../../src/samples/tarWriter.ts';
import { startTarshelf } from '../support/commandLine.ts';
import { descendants } from '../support/processTree.ts';
import { useTempFolder } from '../support/tempFolder.ts';

const members = 100_000;
const mebibyte = 1024 * 1024;

describe('a tar of 100,000 members', () => {
  const folder = useTempFolder();

  it('is read within bounds of memory, and its progress file is whole whenever it is looked at', async () => {
    const source = join(folder(), 'tars');
    const state = join(folder(), 'state');
    await mkdir(source);
    const mtime = new Date(0);
    const all = Array.from({ length: members }, (_, n) => ({
      name: `${String(n)}.txt`,
      body: randomBytes(2000),
      mtime,
    }));
    await writeFile(join(source, 'a.tar'), encodeTar(all, 'gnu'));
    const command = startTarshelf([
      ...['ingest', source, '--state-dir', state, '--json'],
      ...['--workers', '1', '--parallel-uploads', '8'],
    ]);
    const ended = new AbortController();
    void command.finished.then(() => {
      ended.abort();
    });
    const peaks = { worker: 0, engine: 0 };
    let looks = 0;
    while (!ended.signal.aborted) {
      for (const role of ['worker', 'engine'] as const) {
        for (const pid of await descendants(command.child.pid!, `${role}.js`)) {
          peaks[role] = Math.max(peaks[role], await peakBytes(pid));
        }
      }
      const text = await readFile(join(state, 'migration_progress_worker1.json'), 'utf8').catch(() => null);
      if (text !== null) {
        JSON.parse(text);
        looks++;
      }
      await sleep(250);
    }
    const { code, summary, stderr } = await command.finished;
    assert.equal(code, 0, stderr);
    assert.equal(summary?.books.uploaded, members);
    console.log(`      worker ${inMiB(peaks.worker)}, engine ${inMiB(peaks.engine)}, ${String(looks)} looks`);
    assert.ok(looks > 20);
    assert.ok(peaks.worker > 0 && peaks.worker <= 250 * mebibyte, inMiB(peaks.worker));
    assert.ok(peaks.engine > 0 && peaks.engine <= 250 * mebibyte, inMiB(peaks.engine));
  }).timeout(1_800_000);
});

/** The largest resident memory that a process has had, by the kernel's own count; 0 when it has ended. */
async function peakBytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${String(pid)}/status`, 'utf8').catch(() => '');
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) * 1024;
}

function inMiB(bytes: number): string {
  return `${String(Math.round(bytes / mebibyte))} MiB`;
}
