import assert from 'node:assert/strict';
import { chmod, mkdir, rmdir, stat, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { newSocketAddress } from '../../../src/engine/supervisor/socketAddress.ts';
import { useTempFolder } from '../../support/tempFolder.ts';

describe('address of an engine', () => {
  const folder = useTempFolder();
  const own = (): string => join(folder(), `tarshelf-${String(process.getuid?.())}`);

  it('lies in a folder that only its user can enter, and is another each time', async () => {
    const first = await newSocketAddress(folder());
    const second = await newSocketAddress(folder());
    assert.notEqual(first, second);
    assert.equal(dirname(first), own());
    assert.equal((await stat(own())).mode & 0o777, 0o700);
  });

  it('is refused in a folder that others can enter, or that is no folder', async () => {
    await mkdir(own());
    await chmod(own(), 0o750);
    await assert.rejects(newSocketAddress(folder()), { code: 'STATE_NOT_WRITABLE', message: /Remove it/ });
    await rmdir(own());
    await mkdir(join(folder(), 'elsewhere'), { mode: 0o700 });
    await symlink(join(folder(), 'elsewhere'), own());
    await assert.rejects(newSocketAddress(folder()), { code: 'STATE_NOT_WRITABLE' });
  });

  it('is refused where no folder can be made', async () => {
    await writeFile(join(folder(), 'file'), '');
    await assert.rejects(newSocketAddress(join(folder(), 'file')), { code: 'STATE_NOT_WRITABLE' });
  });

  it('is short enough for a socket, however long the way to the temporary folder is', async () => {
    const long = join(folder(), 'x'.repeat(100));
    await mkdir(long);
    assert.ok((await newSocketAddress(long)).length <= 103);
  });
});
