import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { listFailures, makePlan } from '../../../src/client/askEngine.ts';
import { progressFileName, type FailedBook } from '../../../src/protocol/progressFile.ts';
import { useTempFolder } from '../../support/tempFolder.ts';

const launch = { enginePath: join(import.meta.dirname, '../../../dist/engine.js') };

/** Several times what a channel takes before its reader has read anything. */
const longBytes = 1_000_000;

describe('an answer that is longer than a channel takes at once', function () {
  this.timeout(30_000);
  const folder = useTempFolder();

  it('comes whole: what has failed, with very many books', async () => {
    const books = Array.from({ length: 2500 }, (_, n): FailedBook => {
      const file = `${'a long title '.repeat(15)}${String(n)}.epub`;
      const message = `${file} cannot be read (EIO). Look at the disk that its tar is on, then launch again.`;
      return { header_offset: n * 512, size: 1, file, code: 'BOOK_NOT_READABLE', message, attempts: 1 };
    });
    assert.ok(JSON.stringify(books).length > longBytes);
    const progress = {
      completed_tars: [],
      completed_files: {},
      tar_progress: { 'a.tar': { status: 'failed', done_offset: 2500 * 512, failed_books: books } },
    };
    await writeFile(join(folder(), progressFileName(1)), JSON.stringify(progress));
    const [tar] = await listFailures(launch, folder());
    assert.deepEqual(tar?.books, books);
  });

  it('comes whole: the plan of very many tars', async () => {
    const sourceFolder = join(folder(), 'tars');
    await mkdir(sourceFolder);
    const names = Array.from({ length: 4000 }, (_, n) => `${String(n).padStart(200, 'x')}.tar`);
    for (const name of names) await writeFile(join(sourceFolder, name), '');
    const plan = await makePlan(launch, {
      ...{ sourceFolders: [sourceFolder], stateFolder: join(folder(), 'state'), workers: 2, batchSize: 10 },
      ...{ parallelUploads: 1, mode: 'auto', afterCompletion: 'keep', metadataReader: 'builtin' },
      destination: { kind: 'none' },
    });
    assert.ok(JSON.stringify(plan).length > longBytes);
    assert.deepEqual(plan.tars.map(({ name }) => name).sort(), names.sort());
  });
});
