import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { EventLog } from '../../../src/engine/system/eventLog.ts';
import { startTarshelf, tarshelf } from '../../support/commandLine.ts';
import { makeTar } from '../../support/gnuTar.ts';
import { useTempFolder } from '../../support/tempFolder.ts';

describe('tarshelf logs', () => {
  const folder = useTempFolder();
  const state = (): string => join(folder(), 'state');
  const logs = (...more: string[]): string[] => ['logs', ...more, '--state-dir', state()];

  it('shows what a worker did: its start, each tar with counts, and its end', async () => {
    await mkdir(join(folder(), 'tars'));
    await makeTar(join(folder(), 'tars', 'a.tar'), 'gnu', { 'one.txt': Buffer.from('one') });
    await writeFile(join(folder(), 'tars', 'b.tar'), 'This is no tar. '.repeat(100));
    await tarshelf(['ingest', join(folder(), 'tars'), '--state-dir', state(), '--workers', '1']);
    const { code, stdout, stderr } = await tarshelf(logs('1'));
    assert.deepEqual([code, stderr], [0, '']);
    const texts = stdout
      .trimEnd()
      .split('\n')
      .map(line => line.slice('2026-01-01 00:00:00.000 '.length));
    assert.match(texts[0]!, /^INFO {4}worker 1 started, pid \d+$/);
    assert.equal(texts[1], 'INFO    tar a.tar started');
    assert.match(texts[2]!, /^INFO {4}tar a\.tar completed; .*1 book found: 1 uploaded/);
    assert.equal(texts[3], 'INFO    tar b.tar started');
    assert.match(texts[4]!, /^ERROR {3}tar b\.tar failed; .*; b\.tar: /);
    assert.deepEqual(texts.slice(5), ['INFO    asked to stop, by the engine', 'INFO    ended']);
  });

  it('names the workers that have a log when the one asked for has none', async () => {
    await mkdir(state());
    for (const worker of [10, 2])
      await writeFile(join(state(), `migration_worker${String(worker)}.log`), 'x\n');
    const { code, stdout, stderr } = await tarshelf(logs('3'));
    assert.deepEqual([code, stdout], [2, '']);
    assert.match(stderr, /^tarshelf: Worker 3 has no log in .*\. Workers with a log: 2, 10\.\n$/);
    assert.equal((await tarshelf(logs())).code, 2);
  });

  it('--follow waits for a log, sees every line across rotations, and ends with 0 at Ctrl-C', async () => {
    const command = startTarshelf(logs('1', '--follow'));
    await sleep(500);
    await mkdir(state());
    const log = new EventLog(join(state(), 'migration_worker1.log'), { largestBytes: 400, keptFiles: 5 });
    for (let n = 0; n < 60; n++) {
      log.info(`event ${String(n)}`);
      await sleep(25);
    }
    await command.line(line => line.endsWith('event 59'));
    log.close();
    command.child.kill('SIGINT');
    const { code, stdout } = await command.finished;
    assert.equal(code, 0);
    const numbers = Array.from(stdout.matchAll(/event (\d+)$/gm), match => Number(match[1]));
    assert.deepEqual(
      numbers,
      Array.from({ length: 60 }, (_, n) => n),
    );
  });

  it('--follow ends quietly when nobody reads any more', async () => {
    await mkdir(state());
    const log = new EventLog(join(state(), 'migration_worker1.log'));
    log.info('first');
    const command = startTarshelf(logs('1', '--follow'));
    await command.line(line => line.endsWith('first'));
    command.child.stdout?.destroy();
    log.info('into the void');
    const { code, stderr } = await command.finished;
    log.close();
    assert.deepEqual([code, stderr], [0, '']);
  });
});
