import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, rmdir, stat, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { newSocketAddress, removeLeftSocket } from '../../../src/engine/supervisor/clients/socketAddress.ts';
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

  it('is removed after a kill, and nothing that is no socket of ours', async () => {
    const address = await newSocketAddress(folder());
    const elsewhere = join(folder(), 'other.sock');
    for (const path of [address, elsewhere]) {
      const holder = spawn(process.execPath, [
        '-e',
        `require('net').createServer().listen(process.argv[1], () => console.log('there'))`,
        path,
      ]);
      await once(holder.stdout, 'data');
      holder.kill('SIGKILL');
      await once(holder, 'exit');
    }
    const file = join(dirname(address), 'file');
    await writeFile(file, '');
    for (const path of [address, elsewhere, file, join(folder(), 'none.sock')]) await removeLeftSocket(path);
    await assert.rejects(stat(address), { code: 'ENOENT' });
    await Promise.all([stat(elsewhere), stat(file)]);
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
