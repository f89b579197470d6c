import assert from 'node:assert/strict';
import { open, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { syncFolder } from '../../../src/engine/system/durableFiles.ts';
import { useTempFolder } from '../../support/tempFolder.ts';

describe('durable files', () => {
  const folder = useTempFolder();

  it('go on where the names in a folder cannot be made durable', async function () {
    // Only Linux has such a folder everywhere; those that virtual machines share answer so, too.
    if (process.platform !== 'linux') this.skip();
    const handle = await open('/proc/self');
    await assert.rejects(handle.sync(), { code: 'EINVAL' });
    await handle.close();
    await syncFolder('/proc/self');
  });

  it('stop where a folder is gone, or is none', async function () {
    // There is nothing to be done with folders there.
    if (process.platform === 'win32') this.skip();
    await assert.rejects(syncFolder(join(folder(), 'gone')), { code: 'ENOENT' });
    await writeFile(join(folder(), 'file'), '');
    await assert.rejects(syncFolder(join(folder(), 'file')), { code: 'ENOTDIR' });
  });
});
