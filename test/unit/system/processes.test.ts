import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  askPs,
  readProcessTable,
  rowOfStat,
  rowsOfPs,
  type ProcessRow,
} from '../../../src/engine/system/processTable.ts';
import {
  identify,
  isAlive,
  isSame,
  killTree,
  processStart,
  type ProcessIdentity,
} from '../../../src/engine/system/processes.ts';
import { commandsWith } from '../../support/processTree.ts';
import { useTempFolder } from '../../support/tempFolder.ts';

const isLinux = process.platform === 'linux';

describe('processes', function () {
  if (process.platform === 'win32') return;

  const folder = useTempFolder();
  const started: ChildProcess[] = [];

  /** A shell that has a session of its own, so that the test can end what a failure leaves of it. */
  function shell(script: string, detached = true): ChildProcess & { pid: number } {
    const child = spawn('sh', ['-c', script], { stdio: 'ignore', detached, cwd: folder() });
    assert.ok(child.pid !== undefined);
    started.push(child);
    return Object.assign(child, { pid: child.pid });
  }

  async function identityOf(pid: number): Promise<ProcessIdentity> {
    const identity = await identify(pid);
    assert.ok(identity);
    return identity;
  }

  async function pidIn(name: string): Promise<number> {
    const path = join(folder(), name);
    for (;;) {
      const text = existsSync(path) ? await readFile(path, 'utf8') : '';
      if (text.endsWith('\n')) return Number(text);
      await sleep(5);
    }
  }

  async function rowOf(pid: number): Promise<ProcessRow | undefined> {
    return (await readProcessTable()).get(pid);
  }

  async function childrenOf(pid: number): Promise<number[]> {
    return [...(await readProcessTable()).values()].filter(row => row.parent === pid).map(row => row.pid);
  }

  async function inSession(session: number): Promise<ProcessRow[]> {
    return [...(await readProcessTable()).values()].filter(row => row.session === session);
  }

  afterEach(() => {
    for (const child of started.splice(0)) {
      if (child.pid === undefined) continue;
      try {
        process.kill(-child.pid, 'SIGKILL');
      } catch {
        // Nothing is left of it.
      }
    }
  });

  it('are told by pid and start, which stays the same', async () => {
    const identity = await identityOf(process.pid);
    assert.equal(identity.pid, process.pid);
    assert.equal(identity.start, await processStart(process.pid));
    assert.equal(await isSame(identity), true);
  });

  it('are nobody where there is no such process', async () => {
    const child = shell('exit 0');
    await once(child, 'exit');
    for (const pid of [child.pid, 0, -1, 1.5, Number.NaN, 2 ** 31]) {
      assert.equal(await identify(pid), null);
      assert.equal(await processStart(pid), null);
      assert.equal(await isSame({ pid, start: null }), false);
    }
  });

  it('are not the same with another start, or with none', async () => {
    const { pid } = process;
    assert.equal(await isSame({ pid, start: null }), false);
    assert.equal(await isSame({ pid, start: 'Thu Jan  1 00:00:00 1970' }), false);
  });

  it('are nobody once they ended, also while their parent has not looked', async function () {
    if (!isLinux) return this.skip();
    shell('sh -c "echo \\$\\$ > zombie; exec sleep 60" & exec sleep 60');
    const pid = await pidIn('zombie');
    const identity = await identityOf(pid);
    process.kill(pid, 'SIGKILL');
    while (await isSame(identity)) await sleep(2);
    assert.equal(isAlive(pid), true, 'it is a zombie');
    assert.equal(await identify(pid), null);
    assert.equal(await killTree(identity), 0);
  });

  it('end with all their descendants, and the first of them last', async () => {
    const child = shell('sh -c "sh -c \'sleep 60 & sleep 60 & wait\' & echo \\$\\$ > middle; wait" & wait');
    const middle = await pidIn('middle');
    let leaves: number[] = [];
    while (leaves.length < 2) {
      const [inner] = await childrenOf(middle);
      leaves = inner === undefined ? [] : await childrenOf(inner);
    }
    const identity = await identityOf(child.pid);
    const ended = once(child, 'exit').then(() => Promise.all([middle, ...leaves].map(rowOf)));
    assert.equal(await killTree(identity), 5);
    assert.deepEqual(await ended, [undefined, undefined, undefined]);
    assert.equal(child.signalCode, 'SIGKILL');
    assert.equal(await killTree(identity), 0);
  });

  it('end while they start others all the time', async () => {
    const mark = `61.${String(process.pid)}`;
    for (let round = 0; round < 5; round++) {
      // No session of its own: its children are told by their parent alone. It ends by itself, should all else fail.
      const child = shell(
        `i=0; while [ $i -lt 500 ]; do sh -c 'sleep 0.05 & exec sleep ${mark}' & i=$((i + 1)); sleep 0.001; done`,
        false,
      );
      while ((await childrenOf(child.pid)).length < 10) await sleep(2);
      const ended = once(child, 'exit');
      assert.ok((await killTree(await identityOf(child.pid))) > 10);
      await ended;
      assert.deepEqual(await commandsWith(`sleep ${mark}`), []);
    }
  });

  it('end with those of their session whose parents left them', async function () {
    if (!isLinux) return this.skip();
    const child = shell('sh -c "sleep 60 & echo \\$! > left"; exec sleep 60');
    const left = await pidIn('left');
    while ((await rowOf(left))?.parent === child.pid || (await childrenOf(child.pid)).length > 0)
      await sleep(2);
    assert.equal(await killTree(await identityOf(child.pid)), 2);
    assert.equal(await rowOf(left), undefined);
  });

  it('end when the first of them is halted', async () => {
    const child = shell('sleep 60 & echo $! > leaf; wait');
    const leaf = await pidIn('leaf');
    process.kill(child.pid, 'SIGSTOP');
    while (!(await rowOf(child.pid))?.isAtRest) await sleep(2);
    const ended = once(child, 'exit');
    assert.equal(await killTree(await identityOf(child.pid)), 2);
    await ended;
    assert.equal(await rowOf(leaf), undefined);
  });

  it('are let be when another bears the pid by now', async () => {
    const child = shell('sleep 60 & wait');
    while ((await childrenOf(child.pid)).length < 1) await sleep(2);
    const { pid } = child;
    const before = await processStart(pid);
    assert.equal(await killTree({ pid, start: `${String(before)}0` }), 0);
    assert.equal(await killTree({ pid, start: null }), 0);
    assert.equal(await processStart(pid), before);
    assert.equal((await rowOf(pid))?.isAtRest, false);
    assert.equal((await childrenOf(pid)).length, 1);
  });

  it('are let be when they are we, our parents or the first of all', async () => {
    const { parent } = (await rowOf(process.ppid)) ?? { parent: 0 };
    for (const pid of [process.pid, process.ppid, parent, 1, 0]) {
      assert.equal(await killTree({ pid, start: await processStart(pid) }), 0);
    }
    assert.equal((await rowOf(process.ppid))?.isAtRest, false);
  });

  it('beside the tree are not touched', async () => {
    const beside = shell('sleep 60 & wait');
    const child = shell('sleep 60 & wait');
    while ((await childrenOf(beside.pid)).length < 1 || (await childrenOf(child.pid)).length < 1)
      await sleep(2);
    assert.equal(await killTree(await identityOf(child.pid)), 2);
    assert.equal((await rowOf(beside.pid))?.isAtRest, false);
    assert.equal((await childrenOf(beside.pid)).length, 1);
  });

  it('leave nothing in their session', async function () {
    if (!isLinux) return this.skip();
    const child = shell('for i in 1 2 3 4 5 6; do sh -c "sleep 60 & sleep 60 & wait" & done; wait');
    const ended = once(child, 'exit');
    while ((await inSession(child.pid)).length < 19) await sleep(5);
    await killTree(await identityOf(child.pid));
    // Who waits for the first of them finds nothing left; it may take a moment itself.
    await ended;
    assert.deepEqual(await inSession(child.pid), []);
  });

  it('have the same start for ps at each look, and are listed with their parents', async function () {
    const [row] = await askPs(process.pid);
    assert.equal(row?.parent, process.ppid);
    const all = await askPs(null);
    assert.equal(all.find(({ pid }) => pid === process.pid)?.start, row.start);
    assert.match(row.start, /^\w{3} \w{3} [ \d]\d \d\d:\d\d:\d\d \d{4}$/);
  });
});

describe('lists of processes', () => {
  it('are read from /proc, whatever a command calls itself', () => {
    const rest = '0 -1 4194560 2 0 0 0 1 2 3 4 20 0 1 0 8123 0 0';
    assert.deepEqual(rowOfStat(`42 (a) R 9 (b)) S 7 42 1 ${rest}`, 'boot'), {
      pid: 42,
      parent: 7,
      session: 1,
      isAtRest: false,
      start: 'boot 8123',
    });
    assert.equal(rowOfStat(`42 (sh) T 7 42 1 ${rest}`, 'boot')?.isAtRest, true);
    assert.equal(rowOfStat(`42 (sh) Z 7 42 1 ${rest}`, 'boot'), null);
    assert.equal(rowOfStat('', 'boot'), null);
  });

  it('are read from ps as macOS prints them', () => {
    const text = `    1     0 Ss   Mon Sep  1 07:00:01 2025
  501     1 S+   Tue Sep 16 17:20:31 2025
  502   501 Z    Tue Sep 16 17:20:32 2025
  503   501 T    Tue Sep 16 17:20:33 2025
`;
    assert.deepEqual(
      rowsOfPs(text).map(({ pid, parent, isAtRest, start }) => [pid, parent, isAtRest, start]),
      [
        [1, 0, false, 'Mon Sep  1 07:00:01 2025'],
        [501, 1, false, 'Tue Sep 16 17:20:31 2025'],
        [503, 501, true, 'Tue Sep 16 17:20:33 2025'],
      ],
    );
    assert.deepEqual(rowsOfPs(''), []);
  });
});
