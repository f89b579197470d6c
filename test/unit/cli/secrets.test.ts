import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readSecrets, withoutSecrets } from '../../../src/cli/secrets.ts';
import { TarshelfError } from '../../../src/protocol/errors.ts';
import { useTempFolder } from '../../support/tempFolder.ts';

describe('secrets of the command line', () => {
  const folder = useTempFolder();
  const file = (): string => join(folder(), 'password');

  async function passwordOf(content: string | Buffer, mode = 0o600): Promise<string | null> {
    await writeFile(file(), content);
    await chmod(file(), mode);
    return (await readSecrets({}, file())).password;
  }

  it('come from the environment, and an empty variable is none', async () => {
    const env = { TARSHELF_PASSWORD: 'one', TARSHELF_DATABASE_PASSWORD: 'two', HOME: '/' };
    assert.deepEqual(await readSecrets(env, null), { password: 'one', databasePassword: 'two' });
    assert.deepEqual(withoutSecrets(env), { HOME: '/' });
    assert.deepEqual(await readSecrets({ TARSHELF_PASSWORD: '' }, null), {
      password: null,
      databasePassword: null,
    });
  });

  it('come from the first line of a file, whatever its end and whatever follows', async () => {
    for (const content of ['pass word', 'pass word\n', 'pass word\r\n', 'pass word\nand more\n']) {
      assert.equal(await passwordOf(content), 'pass word');
    }
    assert.equal(await passwordOf('\ufeffпароль\r\n'), 'пароль');
    assert.equal(await passwordOf(' x \n'), ' x ');
  });

  it('are taken from the file rather than from the environment, each for itself', async () => {
    await passwordOf('of the file');
    const env = { TARSHELF_PASSWORD: 'of the environment', TARSHELF_DATABASE_PASSWORD: 'two' };
    assert.deepEqual(await readSecrets(env, file()), { password: 'of the file', databasePassword: 'two' });
  });

  const refuses = async (work: Promise<unknown>, message: RegExp): Promise<void> => {
    await assert.rejects(work, (thrown: unknown) => {
      assert.ok(thrown instanceof TarshelfError);
      assert.equal(thrown.code, 'USAGE');
      assert.match(thrown.message, message);
      assert.doesNotMatch(thrown.message, /\n|hush/);
      return true;
    });
  };

  it('are refused from a file that others can read or change', async function () {
    if (process.platform === 'win32') this.skip();
    for (const mode of [0o640, 0o604, 0o620, 0o602]) {
      await refuses(passwordOf('hush', mode), /can be read by others.*chmod 600/);
    }
    assert.equal(await passwordOf('hush', 0o400), 'hush');
  });

  it('are refused from what is no file with a password in it', async () => {
    await refuses(readSecrets({}, join(folder(), 'none')), /is not there/);
    await mkdir(join(folder(), 'folder'), { mode: 0o700 });
    await refuses(readSecrets({}, join(folder(), 'folder')), /is a folder/);
    await refuses(passwordOf(''), /empty first line/);
    await refuses(passwordOf('\nhush\n'), /empty first line/);
    await refuses(passwordOf('hush'.repeat(5000)), /too long/);
    await refuses(passwordOf(Buffer.from([0xff, 0xfe, 0x68, 0])), /cannot be read/);
  });

  it('come from a pipe that speaks slowly', async function () {
    if (process.platform === 'win32') this.skip();
    const { status } = spawnSync('mkfifo', ['-m', '600', file()]);
    assert.equal(status, 0);
    const reading = readSecrets({}, file());
    spawn('sh', ['-c', 'exec > "$1"; printf hu; sleep 0.2; printf "sh\\n"', 'sh', file()]);
    assert.equal((await reading).password, 'hush');
  });
});
