import assert from 'node:assert/strict';
import { chmod, mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { checkDestination } from '../../../src/engine/destinations/checkDestination.ts';
import { Library } from '../../../src/engine/destinations/library/library.ts';
import { TarshelfError } from '../../../src/protocol/errors.ts';
import { noSecrets } from '../../../src/protocol/secrets.ts';
import { useTempFolder } from '../../support/tempFolder.ts';

describe('a check of a destination', () => {
  const folder = useTempFolder();
  const check = (
    path: string,
    kind: 'library' | 'calibre' = 'library',
    signal = new AbortController().signal,
  ): Promise<string> =>
    checkDestination(
      kind === 'library'
        ? { kind, folder: join(folder(), path) }
        : { kind, library: join(folder(), path), userName: null, declined: 'decline' },
      noSecrets,
      signal,
    );
  const isRefused = async (work: Promise<string>, message: RegExp): Promise<void> => {
    await assert.rejects(work, (thrown: unknown) => {
      assert.ok(thrown instanceof TarshelfError);
      assert.equal(thrown.code, 'DESTINATION_UNUSABLE');
      assert.match(thrown.message, message);
      return true;
    });
  };

  it('finds a library, and one that could be made, and makes nothing', async () => {
    assert.match(await check('far/away/library'), /is not there yet; the first run makes it/);
    assert.deepEqual(await readdir(folder()), []);
    (await Library.make(join(folder(), 'library'))).close();
    const before = (await readdir(join(folder(), 'library'))).sort();
    assert.match(await check('library'), /is there and can be written/);
    assert.deepEqual((await readdir(join(folder(), 'library'))).sort(), before);
  });

  it('finds that no library can be made below a file, or where nothing may be written', async () => {
    await writeFile(join(folder(), 'file'), '');
    await isRefused(check('file'), /cannot be written/);
    await isRefused(check('file/library'), /cannot be written/);
    await isRefused(check('file/library', 'calibre'), /calibre library .* cannot be written/);
    // Root may write everywhere, and Windows asks other questions.
    if (process.platform === 'win32' || process.getuid?.() === 0) return;
    await mkdir(join(folder(), 'shut'), { mode: 0o500 });
    await isRefused(check('shut/library'), /cannot be written/);
    await chmod(join(folder(), 'shut'), 0o700);
  });

  it('ends when nobody waits for it any more', async () => {
    const controller = new AbortController();
    controller.abort(new Error('left'));
    await assert.rejects(check('library', 'library', controller.signal), /left/);
  });
});
