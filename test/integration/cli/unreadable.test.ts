import assert from 'node:assert/strict';
import { mkdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { tarshelf } from '../../support/commandLine.ts';
import { useTempFolder } from '../../support/tempFolder.ts';
import { assertOneClearLine } from './cliOutput.ts';

describe('a state folder that cannot be read gets one clear line and exit code 1', () => {
  const folder = useTempFolder();
  const state = (): string => join(folder(), 'state');

  async function isTold(args: readonly string[], what: string): Promise<void> {
    const { code, stdout, stderr } = await tarshelf([...args, '--state-dir', state()]);
    assertOneClearLine(stderr);
    assert.ok(stderr.startsWith(`tarshelf: Cannot read ${what}`), stderr);
    assert.match(stderr, / \(E[A-Z]+: .*\)\. Check its permissions, .* choose another state folder\.\n$/);
    assert.deepEqual([code, stdout], [1, '']);
  }

  // The superuser may read everything, but nobody can follow such a link.
  for (const args of [['status'], ['logs'], ['logs', '1'], ['failed'], ['attach'], ['stop'], ['pause']]) {
    it(`from ${args.join(' ')}`, async () => {
      await symlink('state', state());
      await isTold(args, state());
      const { stdout } = await tarshelf([args[0] ?? '', '--help']);
      assert.match(stdout, /^Exit code: .*\b1 when /m);
    });
  }

  it('also where it is a file in it', async () => {
    await mkdir(join(state(), 'status.json'), { recursive: true });
    await mkdir(join(state(), 'migration_worker1.log'));
    await isTold(['status'], join(state(), 'status.json'));
    await isTold(['logs', '1'], join(state(), 'migration_worker1.log'));
  });
});
