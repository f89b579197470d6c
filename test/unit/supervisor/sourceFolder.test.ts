import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { findTars } from '../../../src/engine/supervisor/sourceFolder.ts';
import { TarshelfError } from '../../../src/protocol/errors.ts';
import { useTempFolder } from '../../support/tempFolder.ts';

describe('source folder', () => {
  const folder = useTempFolder();

  it('gives its tars, plain and compressed, in whatever case, sorted, and nothing else', async () => {
    const tars = ['A.TAR', 'a.tar', 'b.tar.gz', 'c.Tgz', 'd.tar.ZST'];
    for (const name of [...tars, 'a.tar.bz2', 'a.tar.part', 'atar', 'b.gz', 'x.zst', 'tar.gz'])
      await writeFile(join(folder(), name), 'some bytes');
    await mkdir(join(folder(), 'folder.tar'));
    const found = await findTars(folder());
    assert.deepEqual(
      found.map(tar => tar.name),
      tars,
    );
    assert.equal(found[0]?.sizeBytes, 10);
  });

  it('says that it has none', async () => {
    await assert.rejects(
      findTars(folder()),
      (error: unknown) => error instanceof TarshelfError && error.code === 'SOURCE_WITHOUT_TARS',
    );
  });
});
