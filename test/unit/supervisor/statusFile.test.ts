import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import * as v from 'valibot';
import type { ToldEvent } from '../../../src/engine/supervisor/clients/eventStream.ts';
import { StatusWriter } from '../../../src/engine/supervisor/statusFile.ts';
import { statusFileSchema, type StatusFile } from '../../../src/protocol/statusFile.ts';
import { useTempFolder } from '../../support/tempFolder.ts';
import { runState, tarState } from '../cli/states.ts';

describe('status file', () => {
  const folder = useTempFolder();
  const path = (): string => join(folder(), 'status.json');
  const running: ToldEvent = { type: 'run:changed', run: runState() };
  const changed: ToldEvent = { type: 'tar:changed', tar: tarState('a.tar') };
  let doneBytes = 0;

  const writer = (): StatusWriter => {
    doneBytes = 0;
    return new StatusWriter(folder(), () => ({
      sequence: 1,
      run: runState({ doneBytes }),
      tars: [tarState('a.tar')],
      workers: [],
      options: null,
      history: [],
    }));
  };
  const saved = async (): Promise<StatusFile> =>
    v.parse(statusFileSchema, JSON.parse(await readFile(path(), 'utf8')));

  async function until(condition: () => Promise<boolean>): Promise<void> {
    const deadline = performance.now() + 5000;
    while (!(await condition().catch(() => false))) {
      assert.ok(performance.now() < deadline, 'it did not come in time');
      await sleep(20);
    }
  }

  it('is written when the run goes on, again after a change, and at the end', async () => {
    const status = writer();
    status.follow(running);
    await until(async () => (await saved()).pid === process.pid);
    assert.equal((await saved()).endedAt, undefined);
    doneBytes = 5;
    const before = performance.now();
    for (let n = 0; n < 100; n++) status.follow(changed);
    await until(async () => (await saved()).snapshot.run.doneBytes === 5);
    assert.ok(performance.now() - before > 1000, 'not at once');
    doneBytes = 6;
    await status.end();
    const end = await saved();
    assert.equal(end.snapshot.run.doneBytes, 6);
    assert.equal(end.endedAt === undefined, false);
    assert.deepEqual((await readdir(folder())).sort(), ['status.json']);
  });

  it('is not written again after the end', async () => {
    const status = writer();
    status.follow(running);
    await status.end();
    const end = await saved();
    status.follow(running);
    status.follow(changed);
    await sleep(50);
    assert.deepEqual(await saved(), end);
  });

  it('is not touched by a run that never began', async () => {
    const status = writer();
    status.follow({ type: 'run:changed', run: runState({ phase: 'refused' }) });
    status.follow({ type: 'notice', message: 'waiting' });
    await status.end();
    assert.deepEqual(await readdir(folder()), []);
  });

  it('is begun anew by the next run, and left as it is by one that was refused', async () => {
    const first = writer();
    first.follow(running);
    await first.end();
    const ended = await saved();
    const refused = writer();
    refused.follow({ type: 'run:changed', run: runState({ phase: 'refused' }) });
    await refused.end();
    assert.deepEqual(await saved(), ended);
    const second = writer();
    second.follow(running);
    await until(async () => (await saved()).endedAt === undefined);
    await second.end();
    assert.notEqual((await saved()).endedAt, undefined);
  });

  it('that cannot be written ends nothing, and is written when it can be', async () => {
    await mkdir(join(folder(), 'status.json.tmp', 'in the way'), { recursive: true });
    const status = writer();
    status.follow(running);
    await sleep(100);
    await assert.rejects(saved());
    await rm(join(folder(), 'status.json.tmp'), { recursive: true });
    status.follow(changed);
    await until(async () => (await saved()).pid === process.pid);
    await status.end();
  });
});
