import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { listFailures, makePlan, verifyTar } from '../../src/client/askEngine.ts';
import { EngineClient } from '../../src/client/engineClient.ts';
import { bookMetadataFromName } from '../../src/engine/books/metadata/bookMetadata.ts';
import { libraryPaths } from '../../src/engine/destinations/library/libraryPaths.ts';
import { TarshelfError } from '../../src/protocol/errors.ts';
import type { IngestOptions } from '../../src/protocol/ingestOptions.ts';
import { noSecrets } from '../../src/protocol/secrets.ts';
import type { RunState } from '../../src/protocol/snapshot.ts';
import { makeTar } from '../support/gnuTar.ts';
import { keysInLibrary } from '../support/libraryTruth.ts';
import { useTempFolder } from '../support/tempFolder.ts';

const launch = { enginePath: join(import.meta.dirname, '../../dist/engine.js'), whenLeft: null };

describe('a plan, a chosen few tars, a verification and giving up', () => {
  const folder = useTempFolder();
  const source = (): string => join(folder(), 'tars');
  const library = (): string => join(folder(), 'library');
  const options = (change: Partial<IngestOptions> = {}): IngestOptions => ({
    sourceFolders: [source()],
    stateFolder: join(folder(), 'state'),
    workers: 2,
    batchSize: 10,
    parallelUploads: 1,
    mode: 'auto',
    afterCompletion: 'keep',
    metadataReader: 'builtin',
    destination: { kind: 'library', folder: library() },
    ...change,
  });
  const ingest = async (change: Partial<IngestOptions> = {}): Promise<RunState> => {
    const client = new EngineClient({ ...launch, whenLeft: 'stop' });
    try {
      const run = await client.ingest(options(change), noSecrets);
      assert.equal(run.phase, 'finished');
      return run;
    } finally {
      client.dispose();
    }
  };
  const verify = (tar: string) => verifyTar(launch, options(), noSecrets, tar, () => undefined);

  beforeEach(async () => {
    await mkdir(source());
    await makeTar(join(source(), 'a.tar'), 'gnu', { 'a.epub': Buffer.from('a') });
    await makeTar(join(source(), 'b.tar'), 'gnu', { 'b.epub': Buffer.from('b') });
    const bad = Buffer.from('bad');
    await makeTar(join(source(), 'c.tar'), 'gnu', {
      'c.epub': Buffer.from('c'),
      'x.epub': bad,
      'notes.jpg': Buffer.from([0xff, 0xd8, 0xff, 0xe0]),
    });
    // Every name that this one book could have in the library is taken.
    const key = { sha1: createHash('sha1').update(bad).digest('hex'), sizeBytes: bad.length };
    for (const path of libraryPaths(bookMetadataFromName('x.epub'), 'epub', key))
      await mkdir(join(library(), path), { recursive: true });
  });

  /** What lies in the state folder, but for what the idle engine there is just writing anew. */
  async function lastingFiles(): Promise<string[]> {
    return (await readdir(options().stateFolder)).filter(name => !/\.tmp$|-journal$/.test(name));
  }

  it('plans a first run, and makes nothing by that', async () => {
    const plan = await makePlan(launch, options());
    assert.deepEqual(
      plan.tars.map(({ name, state, worker }) => ({ name, state, worker })),
      [
        { name: 'a.tar', state: 'new', worker: 1 },
        { name: 'b.tar', state: 'new', worker: 2 },
        { name: 'c.tar', state: 'new', worker: 1 },
      ],
    );
    assert.equal(plan.workers, 2);
    assert.ok((plan.freeBytes ?? 0) > 0);
    const [a, b, c] = plan.tars.map(tar => tar.sizeBytes);
    assert.equal(plan.extractBytes, Math.max(a ?? 0, c ?? 0) + (b ?? 0));
    assert.equal(existsSync(options().stateFolder), false);
  });

  it('takes only the tars that were chosen, and plans the rest after that', async () => {
    const run = await ingest({ tars: ['a.tar'] });
    assert.deepEqual(run.summary?.tars, { total: 3, completed: 1, failed: 0, notInRun: 2 });
    assert.equal(run.summary.books.uploaded, 1);
    const before = await lastingFiles();
    const plan = await makePlan(launch, options());
    assert.deepEqual(
      plan.tars.map(({ state, worker }) => [state, worker]),
      [
        ['completed', null],
        ['new', 2],
        ['new', 1],
      ],
    );
    assert.deepEqual(await lastingFiles(), before);
  });

  it('plans a tar anew of which only other types of books were taken', async () => {
    await ingest({ tars: ['a.tar'], bookTypes: ['pdf'] });
    const states = async (change: Partial<IngestOptions>): Promise<unknown> =>
      (await makePlan(launch, options({ tars: ['a.tar'], ...change }))).tars.map(({ state }) => state)[0];
    assert.equal(await states({ bookTypes: ['pdf'] }), 'completed');
    assert.equal(await states({}), 'new');
  });

  it('refuses a choice of tars that are all gone', async () => {
    await assert.rejects(
      ingest({ tars: ['gone.tar'] }),
      thrown => thrown instanceof TarshelfError && thrown.code === 'SOURCE_WITHOUT_TARS',
    );
  });

  it('finds the books of a tar that are missing on the shelf', async () => {
    await ingest();
    assert.deepEqual(await verify('a.tar'), {
      ...{ tar: 'a.tar', books: 1, onShelf: 1, missing: 0, unreadable: 0, skipped: 0 },
      ...{ missingBooks: [], unreadableBooks: [], damage: null },
    });
    const c = await verify('c.tar');
    assert.deepEqual([c.books, c.onShelf, c.missing, c.skipped], [2, 1, 1, 1]);
    assert.deepEqual(
      c.missingBooks.map(({ member, sizeBytes }) => [member, sizeBytes]),
      [['x.epub', 3]],
    );
  });

  it('does not take the word of a row for a book whose file is gone, or another one', async () => {
    await ingest();
    const file = (name: string): string => join(library(), 'books', 'Unknown author', `${name}.epub`);
    await rm(file('a'));
    await writeFile(file('b'), '');
    const missing = [await verify('a.tar'), await verify('b.tar')];
    assert.deepEqual(
      missing.map(found => [found.onShelf, found.missing, found.missingBooks.map(book => book.reason)]),
      [
        [0, 1, [`its file ${file('a')} is gone`]],
        [0, 1, [`its file ${file('b')} is of another size: 0 instead of 1 bytes`]],
      ],
    );
    assert.deepEqual((await verify('c.tar')).missingBooks, [
      { member: 'x.epub', sizeBytes: 3, sha1: createHash('sha1').update('bad').digest('hex'), reason: null },
    ]);
  });

  describe('books whose files are gone from the library', () => {
    const file = (name: string): string => join(library(), 'books', 'Unknown author', name);
    const again = (tars: string[] | null = null) => ingest({ retry: { tars, books: null, lost: true } });

    beforeEach(async () => {
      const books = Object.fromEntries(['k', 'l', 'm'].map(name => [`${name}.epub`, Buffer.from(name)]));
      await makeTar(join(source(), 'd.tar'), 'gnu', books);
      await ingest();
      await rm(file('a.epub'));
      await rm(file('k.epub'));
      // As an editor may leave it: nobody knows whether a person wants what is in it.
      await writeFile(file('l.epub'), 'changed');
    });

    it('are brought again from their tars, whatever is recorded, and no other tar is read', async () => {
      await ingest();
      assert.equal((await verify('d.tar')).missing, 2);
      const run = await again();
      // Of the others nothing is read: one stays completed, and one failed.
      assert.deepEqual(run.summary?.tars, { total: 4, completed: 3, failed: 1 });
      assert.deepEqual(run.summary.books, { found: 4, uploaded: 3, duplicates: 1, failed: 0 });
      assert.deepEqual([(await verify('a.tar')).missing, (await verify('d.tar')).missing], [0, 0]);
      assert.equal(await readFile(file('k.epub'), 'utf8'), 'k');
      assert.equal(await readFile(file('l.epub'), 'utf8'), 'changed');
      assert.equal((await keysInLibrary(library())).length, 6);
      await assert.rejects(again(), { code: 'NOTHING_TO_RETRY' });
    });

    it('are brought from a tar that was chosen, also where another one was the first to have them', async () => {
      await makeTar(join(source(), 'e.tar'), 'gnu', { 'k again.epub': Buffer.from('k') });
      const run = await again(['e.tar']);
      assert.deepEqual(run.summary?.books, { found: 1, uploaded: 1, duplicates: 0, failed: 0 });
      assert.equal((await verify('d.tar')).missing, 1);
    });

    it('are brought from a tar in which another book fails, though all of it has its outcome', async () => {
      await rm(file('c.epub'));
      const run = await again(['c.tar']);
      assert.deepEqual(run.summary?.books, { found: 2, uploaded: 1, duplicates: 0, failed: 1 });
      const c = await verify('c.tar');
      assert.deepEqual([c.onShelf, c.missingBooks.map(book => book.member)], [1, ['x.epub']]);
    });

    it('name their tars where none of these is in the folders', async () => {
      await rename(join(source(), 'd.tar'), join(folder(), 'd.tar'));
      await rename(join(source(), 'a.tar'), join(folder(), 'a.tar'));
      await assert.rejects(again(), {
        code: 'SOURCE_WITHOUT_TARS',
        message: /: (a\.tar, d|d\.tar, a)\.tar\. Name/,
      });
    });

    it('are brought by a run with another state folder, too', async () => {
      const options = { stateFolder: join(folder(), 'other state') };
      const run = await ingest({ ...options, retry: { tars: null, books: null, lost: true } });
      assert.deepEqual(run.summary?.books, { found: 4, uploaded: 3, duplicates: 1, failed: 0 });
    });

    it('are not looked for where all files are gone: the disk is', async () => {
      await rename(join(library(), 'books'), join(folder(), 'unplugged'));
      await mkdir(library(), { recursive: true });
      await assert.rejects(verify('d.tar'), { code: 'DESTINATION_UNUSABLE' });
    });
  });

  it('compares with no destination that cannot say what it has', async () => {
    await assert.rejects(
      verifyTar(launch, options({ destination: { kind: 'none' } }), noSecrets, 'a.tar', () => undefined),
      thrown => thrown instanceof TarshelfError && thrown.code === 'DESTINATION_UNUSABLE',
    );
  });

  it('gives up a failed book where a person wants it, and completes its tar by that', async () => {
    await ingest();
    const [failed] = await listFailures(launch, options().stateFolder);
    assert.deepEqual([failed?.tar, failed?.books.length], ['c.tar', 1]);
    const run = await ingest({ retry: { tars: ['c.tar'], books: ['x.epub'], skip: true } });
    assert.deepEqual(run.summary?.tars, { total: 3, completed: 3, failed: 0 });
    // The other book of that tar, and what is no book in it, were dealt with by the run before.
    assert.deepEqual(run.summary.books, { found: 0, uploaded: 0, duplicates: 0, failed: 0 });
    assert.deepEqual([run.summary.skipped, run.summary.skippedBy], [1, { 'given up by hand': 1 }]);
    assert.deepEqual(await listFailures(launch, options().stateFolder), []);
    const plan = await makePlan(launch, options());
    assert.deepEqual(new Set(plan.tars.map(tar => tar.state)), new Set(['completed']));
    // Nor does a later run meet it again.
    assert.equal((await ingest()).summary?.books.failed, 0);
  });
});
