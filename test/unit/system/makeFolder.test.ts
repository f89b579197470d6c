import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdir, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeFolder } from '../../../src/engine/system/makeFolder.ts';
import { useTempFolder } from '../../support/tempFolder.ts';

const modulePath = join(import.meta.dirname, '../../../src/engine/system/makeFolder.ts');

describe('making a folder', () => {
  const folder = useTempFolder();
  const isFolder = async (path: string): Promise<boolean> => (await stat(path)).isDirectory();

  it('makes those above it, too, and takes one that is there', async () => {
    const path = join(folder(), 'a', 'b', 'c');
    await makeFolder(path);
    assert.ok(await isFolder(path));
    await makeFolder(path);
    await symlink('a', join(folder(), 'link'));
    await makeFolder(join(folder(), 'link'));
    await makeFolder(join(folder(), 'link', 'd'));
    assert.ok(await isFolder(join(folder(), 'a', 'd')));
  });

  it('may be done by many at once', async () => {
    const path = join(folder(), 'a', 'b', 'c', 'd');
    await Promise.all(Array.from({ length: 50 }, () => makeFolder(path)));
    assert.ok(await isFolder(path));
  });

  it('gives all of them the mode', async function () {
    if (process.platform === 'win32') this.skip();
    await makeFolder(join(folder(), 'a', 'b'), 0o700);
    for (const path of ['a', 'a/b']) assert.equal((await stat(join(folder(), path))).mode & 0o777, 0o700);
  });

  it('says so where something else is in the way', async () => {
    await writeFile(join(folder(), 'file'), '');
    await assert.rejects(makeFolder(join(folder(), 'file')), { code: 'EEXIST' });
    await assert.rejects(makeFolder(join(folder(), 'file', 'a')));
    await symlink('nowhere', join(folder(), 'dangling'));
    await assert.rejects(makeFolder(join(folder(), 'dangling')), { code: 'EEXIST' });
  });

  it('says that a disk is read-only where it is', async function () {
    const disk = join(folder(), 'disk');
    await mkdir(disk);
    const script = `
      const { makeFolder } = await import(${JSON.stringify(modulePath)});
      for (const path of ['', '/processed', '/a/b/c'])
        console.log(await makeFolder(${JSON.stringify(disk)} + path).then(() => 'made', error => error.code));`;
    const { status, stdout, stderr } = spawnSync(
      'unshare',
      [
        ...['-rm', 'sh', '-c', 'mount -t tmpfs -o ro none "$0" || exit 77; exec "$@"', disk],
        ...[process.execPath, '--input-type=module', '-e', script],
      ],
      { encoding: 'utf8', timeout: 20_000 },
    );
    // Only Linux has it, and not everywhere may one mount a disk.
    if (status === null || status === 77 || stderr.startsWith('unshare:')) this.skip();
    assert.deepEqual(stdout.split('\n'), ['made', 'EROFS', 'EROFS', ''], stderr);
  });
});
