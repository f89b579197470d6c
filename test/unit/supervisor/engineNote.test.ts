import assert from 'node:assert/strict';
import { chmod, mkdir, readdir, readFile, rm, rmdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { EngineNote, newToken, readEngineNote } from '../../../src/engine/supervisor/clients/engineNote.ts';
import type { EngineFile } from '../../../src/protocol/engineFile.ts';
import { useTempFolder } from '../../support/tempFolder.ts';

describe('note of an engine', () => {
  const folder = useTempFolder();
  const note: EngineFile = {
    ...{ protocol: 1, version: '1.2.3', pid: 7, processStart: 'then', host: 'here', address: '/tmp/a' },
    ...{ startedAt: '2026-01-01T00:00:00.000Z', workers: [] },
  };
  const worker = { number: 1, pid: 8, processStart: null };
  let problems: string[];
  const leave = (): Promise<EngineNote> => {
    problems = [];
    return EngineNote.leave(folder(), note, 'token', message => problems.push(message));
  };
  const found = (): Promise<EngineFile | null> => readEngineNote(folder());

  it('is there for its user alone, and the token with it', async () => {
    await writeFile(join(folder(), 'engine.token.tmp'), 'left by a kill');
    await chmod(join(folder(), 'engine.token.tmp'), 0o644);
    await leave();
    assert.deepEqual(await found(), note);
    assert.equal(await readFile(join(folder(), 'engine.token'), 'utf8'), 'token');
    assert.deepEqual((await readdir(folder())).sort(), ['engine.json', 'engine.token']);
    for (const name of ['engine.json', 'engine.token'])
      assert.equal((await stat(join(folder(), name))).mode & 0o777, 0o600);
  });

  it('has tokens of 256 bits, none like another', () => {
    assert.match(newToken(), /^[0-9a-f]{64}$/);
    assert.notEqual(newToken(), newToken());
  });

  it('is nothing where there is none, or none that could be understood', async () => {
    assert.equal(await found(), null);
    for (const text of ['', '{', '{"pid":1}', 'null']) {
      await writeFile(join(folder(), 'engine.json'), text);
      assert.equal(await found(), null);
    }
  });

  it('shows the last of many changes', async () => {
    const left = await leave();
    for (let pid = 1; pid <= 50; pid++) left.change({ workers: [{ ...worker, pid }] });
    left.change({ address: '/tmp/b' });
    await left.keep();
    assert.deepEqual(await found(), { ...note, address: '/tmp/b', workers: [{ ...worker, pid: 50 }] });
  });

  it('is written again when it was removed, or could not be written', async () => {
    const left = await leave();
    await rm(join(folder(), 'engine.json'));
    await rm(join(folder(), 'engine.token'));
    await left.keep();
    assert.deepEqual(await found(), note);
    assert.equal(await readFile(join(folder(), 'engine.token'), 'utf8'), 'token');
    await mkdir(join(folder(), 'engine.json.tmp'));
    left.change({ workers: [worker] });
    await left.keep();
    assert.deepEqual(await found(), note);
    assert.equal(problems.length, 2);
    await rmdir(join(folder(), 'engine.json.tmp'));
    await left.keep();
    assert.deepEqual((await found())?.workers, [worker]);
  });

  it('is removed at the end, and does not come back by what was to be kept meanwhile', async () => {
    const left = await leave();
    left.change({ address: '/tmp/b' });
    const keeping = left.keep();
    await left.remove();
    left.change({ workers: [worker] });
    await Promise.all([keeping, left.keep()]);
    assert.deepEqual(await readdir(folder()), []);
  });

  it('is left when it is another engine’s, or names workers for the next one to look after', async () => {
    const left = await leave();
    await writeFile(join(folder(), 'engine.json'), JSON.stringify({ ...note, address: '/tmp/other' }));
    await writeFile(join(folder(), 'engine.token'), 'other');
    await left.remove();
    assert.deepEqual((await readdir(folder())).sort(), ['engine.json', 'engine.token']);
    const second = await leave();
    second.change({ workers: [worker] });
    await second.remove();
    assert.deepEqual(await readdir(folder()), ['engine.json']);
    assert.deepEqual(problems, []);
  });
});
