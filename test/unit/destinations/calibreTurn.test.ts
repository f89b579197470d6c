import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, readFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { useTempFolder } from '../../support/tempFolder.ts';

const script = join(import.meta.dirname, '../../support/noteForEver.ts');

describe('the turn with calibre', () => {
  const folder = useTempFolder();

  it('has a whole note of its program, whenever its holder is killed', async () => {
    const root = join(folder(), `tarshelf-calibre-${String(userInfo().uid)}`);
    await mkdir(root);
    for (let kill = 0; kill < 12; kill++) {
      const holder = spawn(process.execPath, [script, folder()], { stdio: ['ignore', 'pipe', 'inherit'] });
      const ended = once(holder, 'exit');
      await once(holder.stdout, 'data');
      await sleep(3 + kill);
      holder.kill('SIGKILL');
      await ended;
      const note = JSON.parse(await readFile(join(root, 'program.json'), 'utf8')) as { pid: number };
      assert.equal(note.pid, holder.pid);
    }
    // Nothing gathers there.
    assert.ok((await readdir(root)).length <= 2);
  }).timeout(20_000);
});
