import assert from 'node:assert/strict';
import { chmod, mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { FileLock } from '../../../src/engine/system/fileLock.ts';
import { callAsOrdinaryUser } from '../../support/ordinaryUser.ts';
import { useTempFolder } from '../../support/tempFolder.ts';

describe('file lock', () => {
  const folder = useTempFolder();
  const path = (): string => join(folder(), 'a.lock');

  /** A lock of an earlier run that may be read and not be written, as after a copy or under another user. */
  async function readOnlyLock(at: string): Promise<void> {
    await writeFile(at, '');
    await chmod(at, 0o444);
  }

  it('is held by one at a time, and leaves nothing beside its file', async () => {
    const first = FileLock.tryTake(path());
    assert.ok(first);
    assert.equal(FileLock.tryTake(path()), null);
    assert.deepEqual(await readdir(folder()), ['a.lock']);
    first.release();
    FileLock.tryTake(path())?.release();
    assert.deepEqual(await readdir(folder()), ['a.lock']);
  });

  it('is not taken where its file cannot be written: everybody would have it', async () => {
    await readOnlyLock(path());
    const call = `module.FileLock.tryTake(${JSON.stringify(path())}) && 'taken'`;
    const end = await callAsOrdinaryUser(folder(), 'engine/system/fileLock.ts', call);
    assert.deepEqual(end, { message: `${path()} may not be written to` });
    await chmod(path(), 0o644);
    assert.deepEqual(await callAsOrdinaryUser(folder(), 'engine/system/fileLock.ts', call), {
      result: 'taken',
    });
  });

  for (const [what, lock, module, call, code] of [
    [
      'the engine of a state folder',
      'engine.lock',
      'engine/supervisor/stateFolder.ts',
      'module.StateFolder.take(folder)',
      'STATE_NOT_WRITABLE',
    ],
    [
      'the engine that waits for earlier workers',
      'worker1.lock',
      'engine/supervisor/stateFolder.ts',
      'module.StateFolder.take(folder).then(state => state.outwaitWorkers(new AbortController().signal, () => {}))',
      'STATE_NOT_WRITABLE',
    ],
    [
      'a worker',
      'worker1.lock',
      'engine/progress/workerLock.ts',
      'module.lockProgress(folder, 1, 0)',
      'STATE_NOT_WRITABLE',
    ],
    [
      'the library',
      'making.lock',
      'engine/destinations/library/library.ts',
      'module.Library.make(folder)',
      'LIBRARY_NOT_WRITABLE',
    ],
  ] as const) {
    it(`tells a person which file it is, where it is that of ${what}`, async () => {
      await readOnlyLock(join(folder(), lock));
      const inFolder = `(folder => ${call})(${JSON.stringify(folder())}).then(() => 'taken')`;
      const end = await callAsOrdinaryUser(folder(), module, inFolder);
      assert.equal(end.code, code, JSON.stringify(end));
      assert.ok(end.message?.includes(join(folder(), lock)), end.message);
      assert.match(end.message ?? '', /^[^\n]*make it writable\.$/);
    });
  }

  it("tells a person which file it is, where it is that of the turn with calibre's program", async () => {
    // There is no such number there.
    const uid = process.getuid?.() === 0 ? 65534 : process.getuid?.();
    const root = join(folder(), `tarshelf-calibre-${String(uid ?? -1)}`);
    await mkdir(root, { mode: 0o700 });
    await readOnlyLock(join(root, 'turn.lock'));
    const call = `module.CalibreTurn.take(undefined, ${JSON.stringify(folder())}).then(() => 'taken')`;
    const end = await callAsOrdinaryUser(folder(), 'engine/destinations/calibre/turn.ts', call);
    assert.equal(end.message, `${join(root, 'turn.lock')} may not be written to`);
  });
});
