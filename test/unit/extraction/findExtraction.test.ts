import assert from 'node:assert/strict';
import { mkdir, symlink, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { makeExtraction } from '../../../src/engine/extraction/extractionFolder.ts';
import { findExtraction } from '../../../src/engine/extraction/findExtraction.ts';
import { useTempFolder } from '../../support/tempFolder.ts';

const identity = { sizeBytes: 1000, mtimeMs: 1_700_000_000_000 };

function noNotice(message: string): void {
  throw new Error(message);
}

describe('finding an extraction folder', () => {
  const root = useTempFolder();

  async function fill(name: string, files: readonly string[], seconds?: number): Promise<void> {
    await mkdir(join(root(), name), { recursive: true });
    for (const file of files) {
      await mkdir(dirname(join(root(), name, file)), { recursive: true });
      await writeFile(join(root(), name, file), 'book');
    }
    if (seconds !== undefined) await utimes(join(root(), name), seconds, seconds);
  }

  async function found(tar: string): Promise<string | undefined> {
    return (await findExtraction(root(), tar, identity, noNotice))?.name;
  }

  it('finds nothing where there is no folder at all', async () => {
    assert.equal(await findExtraction(join(root(), 'none'), 'set.tar', identity, noNotice), null);
  });

  it('goes by the whole name, never by its beginning', async () => {
    await fill('set_b_123', ['1', '2', '3']);
    await fill('set_123_old', ['1']);
    await fill('set', ['1']);
    await fill('my set_123', ['1']);
    assert.equal(await found('set.tar'), undefined);
    assert.equal(await found('set_b.tar'), 'set_b_123');
    await fill('set_7', ['1']);
    assert.equal(await found('set.tar'), 'set_7');
  });

  it('takes the one with most files, and leaves empty ones alone', async () => {
    await fill('set_1766590125', [], 3000);
    await fill('set_1766592979', ['set/1', 'set/2'], 1000);
    await fill('set_1766675196', ['set/1'], 2000);
    assert.equal(await found('set.tar'), 'set_1766592979');
  });

  it('takes the newest of those with equally many', async () => {
    await fill('set_3', ['1'], 1000);
    await fill('set_1', ['1'], 3000);
    await fill('set_2', ['1'], 2000);
    assert.equal(await found('set.tar'), 'set_1');
  });

  it('counts the files of every root below it, and follows no link', async () => {
    await fill('set_1', ['first/1', 'second/1', 'second/deep/2']);
    await fill('set_2', ['first/1', 'first/2']);
    await fill('elsewhere', ['1', '2', '3', '4', '5']);
    await symlink(join(root(), 'elsewhere'), join(root(), 'set_2', 'link'), 'dir');
    await symlink(join(root(), 'elsewhere'), join(root(), 'set_9'), 'dir');
    assert.equal(await found('set.tar'), 'set_1');
  });

  it('leaves alone a folder whose mark cannot be read', async () => {
    await fill('set_1', ['1', '.tarshelf-extracted']);
    assert.equal(await found('set.tar'), undefined);
  });

  it('tells that the folders cannot be listed, and finds none', async () => {
    await writeFile(join(root(), 'file'), '');
    const notices: string[] = [];
    const none = await findExtraction(join(root(), 'file'), 'set.tar', identity, message =>
      notices.push(message),
    );
    assert.equal(none, null);
    assert.match(notices.join(), /cannot be listed \(ENOTDIR/);
  });

  it('leaves out what was extracted from the tar before it changed', async () => {
    const { name } = await makeExtraction(root(), 'set.tar', { ...identity, sizeBytes: 999 });
    await fill(name, ['1', '2', '3']);
    assert.equal(await found('set.tar'), undefined);
    const { name: ours } = await makeExtraction(root(), 'set.tar', identity);
    await fill(ours, ['1']);
    assert.notEqual(ours, name);
    assert.equal(await found('set.tar'), ours);
  });
});
