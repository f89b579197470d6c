import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';
import type { ToldEvent } from '../../../src/engine/supervisor/clients/eventStream.ts';
import { StatusWriter } from '../../../src/engine/supervisor/statusFile.ts';
import { statusFileSchema, type StatusFile } from '../../../src/protocol/statusFile.ts';
import { HandClock } from '../../support/handClock.ts';
import { useTempFolder } from '../../support/tempFolder.ts';
import { until } from '../../support/until.ts';
import { runState, tarState } from '../cli/states.ts';

describe('status file', () => {
  const folder = useTempFolder();
  const path = (): string => join(folder(), 'status.json');
  const running: ToldEvent = { type: 'run:changed', run: runState() };
  const changed: ToldEvent = { type: 'tar:changed', tar: tarState('a.tar') };
  let doneBytes = 0;
  let clock: HandClock;

  beforeEach(() => {
    clock = new HandClock();
  });

  const writer = (): StatusWriter => {
    doneBytes = 0;
    return new StatusWriter(folder(), clock, () => ({
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

  const savedSo = (isSo: (status: StatusFile) => boolean): Promise<boolean> =>
    saved().then(isSo, () => false);

  it('is written when the run goes on, again after a change, and at the end', async () => {
    const status = writer();
    status.follow(running);
    await until('the first state', () => savedSo(({ pid }) => pid === process.pid));
    assert.equal((await saved()).endedAt, undefined);
    doneBytes = 5;
    for (let n = 0; n < 100; n++) status.follow(changed);
    await clock.pass(1999);
    assert.equal((await saved()).snapshot.run.doneBytes, 0, 'not at once');
    await clock.pass(1);
    await until('the change', () => savedSo(({ snapshot }) => snapshot.run.doneBytes === 5));
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
    assert.equal(clock.waiting, 0);
    await clock.pass(60_000);
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
    await until('the next run', () => savedSo(({ endedAt }) => endedAt === undefined));
    await second.end();
    assert.notEqual((await saved()).endedAt, undefined);
  });

  it('that cannot be written ends nothing, and is written when it can be', async () => {
    await mkdir(join(folder(), 'status.json.tmp', 'in the way'), { recursive: true });
    const status = writer();
    status.follow(running);
    // It waits for its next time once it has failed.
    await until('the failure', () => clock.waiting > 0);
    await assert.rejects(saved());
    await rm(join(folder(), 'status.json.tmp'), { recursive: true });
    status.follow(changed);
    await clock.pass(2000);
    await until('a state', () => savedSo(({ pid }) => pid === process.pid));
    await status.end();
  });
});
