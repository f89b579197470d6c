import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { StateFolder } from '../../../src/engine/supervisor/stateFolder.ts';
import { useTempFolder } from '../../support/tempFolder.ts';

describe('state folder', () => {
  const folder = useTempFolder();

  it('is taken by one process at a time, and free at once when its holder is killed', async () => {
    const holder = spawn(
      process.execPath,
      [
        '--disable-warning=ExperimentalWarning',
        '--input-type=module',
        '-e',
        `import { StateFolder } from ${JSON.stringify(new URL('../../../src/engine/supervisor/stateFolder.ts', import.meta.url).href)};
         const held = await StateFolder.take(process.argv[1]);
         console.log('taken');
         setInterval(() => held.path, 1000);`,
        folder(),
      ],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    await once(holder.stdout, 'data');
    await assert.rejects(StateFolder.take(folder()), { code: 'STATE_IN_USE' });
    holder.kill('SIGKILL');
    await once(holder, 'exit');
    (await StateFolder.take(folder())).release();
  });

  it('can be taken again after its release', async () => {
    const first = await StateFolder.take(join(folder(), 'new', 'deep'));
    await assert.rejects(StateFolder.take(first.path), { code: 'STATE_IN_USE' });
    first.release();
    (await StateFolder.take(first.path)).release();
  });

  it('says that it cannot be written where a file is in the way', async () => {
    await writeFile(join(folder(), 'file'), '');
    await assert.rejects(StateFolder.take(join(folder(), 'file', 'state')), { code: 'STATE_NOT_WRITABLE' });
  });
});
