import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { makeSampleTars } from '../../src/samples/makeSample.ts';
import { tarshelf } from '../support/commandLine.ts';
import { filesInLibrary, keysInLibrary } from '../support/libraryTruth.ts';
import { useTempFolder } from '../support/tempFolder.ts';

describe('two engines', () => {
  const folder = useTempFolder();

  it('started on one state folder at once: one works, the other leaves with one clear line', async () => {
    const source = join(folder(), 'tars');
    await mkdir(source);
    const sample = await makeSampleTars(source);
    const args = ['ingest', source, '--state-dir', join(folder(), 'state'), '--json'];
    const both = await Promise.all([tarshelf(args), tarshelf(args)]);
    const [worked, left] = both.sort((a, b) => (a.code ?? -1) - (b.code ?? -1));
    assert.equal(worked.code, 0, worked.stderr);
    assert.equal(left.code, 2, left.stdout);
    assert.match(left.stderr, /^tarshelf: Another ingest is using the state folder [^\n]+\n$/);
    assert.equal(worked.summary?.books.uploaded, sample.books.length);
  });

  it('with state folders of their own and one library put every book there once', async () => {
    const source = join(folder(), 'tars');
    await mkdir(source);
    const sample = await makeSampleTars(source);
    const library = join(folder(), 'library');
    const both = await Promise.all(
      ['one', 'two'].map(name =>
        tarshelf(['ingest', source, '--state-dir', join(folder(), name), '--library', library, '--json']),
      ),
    );
    for (const { code, stderr } of both) assert.equal(code, 0, stderr);
    assert.equal((await keysInLibrary(library)).length, sample.books.length);
    assert.equal(await filesInLibrary(library), sample.books.length);
    const uploaded = both.map(({ summary }) => summary?.books.uploaded ?? 0);
    assert.equal(uploaded[0]! + uploaded[1]!, sample.books.length);
  });
});
