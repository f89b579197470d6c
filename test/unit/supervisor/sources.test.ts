import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ProgressRecord } from '../../../src/engine/progress/progressRecord.ts';
import { completedEarlier, dealTars, findSources } from '../../../src/engine/supervisor/sources.ts';
import { TarshelfError } from '../../../src/protocol/errors.ts';
import { useTempFolder } from '../../support/tempFolder.ts';

describe('what a run reads', () => {
  const folder = useTempFolder();
  const place = (name: string): string => join(folder(), name);

  async function findIn(...names: string[]): Promise<Awaited<ReturnType<typeof findSources>>> {
    const options = { mode: 'auto', sourceFolders: names.map(place), stateFolder: place('state') } as const;
    return await findSources(options, message => assert.fail(message));
  }

  it('tells of a folder that may be an empty mount point, and not of one whose tars are all done', async () => {
    for (const name of ['full', 'empty', 'done', 'done/processed']) await mkdir(place(name));
    await writeFile(place('full/a.tar'), 'some bytes');
    await writeFile(place('done/processed/b.tar'), 'some bytes');
    const { tars, emptyFolders } = await findIn('full', 'empty', 'done');
    assert.deepEqual(
      tars.map(tar => [tar.name, tar.folder]),
      [['a.tar', place('full')]],
    );
    assert.deepEqual(emptyFolders, [place('empty')]);
  });

  it('names all folders where none has a tar', async () => {
    for (const name of ['empty', 'bare']) await mkdir(place(name));
    await assert.rejects(findIn('empty', 'bare'), (thrown: unknown) => {
      assert.ok(thrown instanceof TarshelfError && thrown.code === 'SOURCE_WITHOUT_TARS');
      assert.ok(thrown.message.includes(`${place('empty')}, ${place('bare')}`), thrown.message);
      return true;
    });
  });

  it('takes an extraction folder for no orphan whose tar was moved out of the way in any of the folders', async () => {
    for (const name of ['full', 'done/processed', 'state/tar_extraction_temp/b_1766592979'])
      await mkdir(place(name), { recursive: true });
    await writeFile(place('full/a.tar'), 'some bytes');
    await writeFile(place('done/processed/b.tar'), 'some bytes');
    await writeFile(place('state/tar_extraction_temp/b_1766592979/b.epub'), 'half a bo');
    assert.deepEqual(
      (await findIn('full', 'done')).tars.map(tar => tar.name),
      ['a.tar'],
    );
  });

  it('is dealt so that disks are read side by side, and extraction folders come last', () => {
    const tar = (name: string, of: string | null) => ({ name, folder: of, sizeBytes: 1, mtimeMs: 1 });
    const tars = [
      ...['a1', 'a2', 'a3', 'a4', 'a5'].map(name => tar(name, '/a')),
      ...['b1', 'b2'].map(name => tar(name, '/b')),
      tar('x_1', null),
    ];
    assert.deepEqual(dealTars(tars, 2).tarsOf, [
      ['a1', 'a2', 'a3', 'a5'],
      ['b1', 'b2', 'a4', 'x_1'],
    ]);
    assert.deepEqual(dealTars(tars.slice(0, 5), 2).tarsOf, [
      ['a1', 'a3', 'a5'],
      ['a2', 'a4'],
    ]);
  });

  it('takes the word of the Python system for the tar at the path that it names, where others could be meant', () => {
    const head = {
      completed_tars: ['a.tar', 'b.tar'],
      tar_progress: { 'a.tar': { tar_file: '/old disk/a.tar', status: 'completed', files_processed: 3 } },
    };
    const record = new ProgressRecord(
      new Map(Object.entries(head).map(([key, value]) => [key, JSON.stringify(value)])),
    );
    const records = new Map([[1, record]]);
    const found = (name: string, of: string, isOneOfSeveral: boolean): number | undefined =>
      completedEarlier({ name, folder: of, sizeBytes: 7, mtimeMs: 7 }, records, undefined, isOneOfSeveral)
        ?.found;
    assert.equal(found('a.tar', '/old disk', true), 3);
    assert.equal(found('a.tar', '/new disk', true), undefined);
    // One folder may have been moved; and without a path there is only the name to go by.
    assert.equal(found('a.tar', '/new disk', false), 3);
    assert.equal(found('b.tar', '/new disk', true), 0);
  });
});
