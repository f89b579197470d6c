import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { appendFile, readFile, rename, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeSampleTars } from '../../src/samples/makeSample.ts';
import { extractWithGnuTar, makeTar, type TarFormat } from '../support/gnuTar.ts';
import { useIngest } from '../support/ingestFixture.ts';
import { filesInLibrary, keysInLibrary } from '../support/libraryTruth.ts';

const epub = (text: string): Buffer => Buffer.from(`not really an EPUB, but called one: ${text}`);

describe('ingest', () => {
  const { folder, source, state, library, ingest } = useIngest();

  /** Every (SHA-1, size) of the files that GNU tar extracts and `isBook` takes for books, once. */
  async function truth(tars: readonly string[], isBook: (name: string) => boolean): Promise<string[]> {
    const keys = new Set<string>();
    for (const tar of tars) {
      for (const file of await extractWithGnuTar(join(source(), tar))) {
        if (isBook(file.name) && file.sizeBytes > 0) keys.add(`${file.sha1}-${String(file.sizeBytes)}`);
      }
    }
    return [...keys].sort();
  }

  it('puts every book of ustar, gnu and pax tars on the shelf once, as tar and sha1sum count them', async () => {
    const shared = epub('in all three tars');
    const names: Record<TarFormat, string[]> = { ustar: [], gnu: [], pax: [] };
    for (const format of ['ustar', 'gnu', 'pax'] as const) {
      const files: Record<string, Buffer> = {
        'a copy.epub': shared,
        'Библиотека/Антон Чехов/Вишнёвый сад.fb2': epub(`cyrillic ${format}`),
        [`${'Библиотека/'.repeat(8)}Преступление и наказание.pdf`]: epub(`long cyrillic ${format}`),
        'folder/picture.jpg': randomBytes(2000),
        'folder/empty.epub': Buffer.alloc(0),
        'large.pdf': Buffer.concat([Buffer.from('%PDF-1.4\n'), randomBytes(40 * 1024 * 1024)]),
      };
      if (format !== 'ustar')
        files[`${'long-folder-name/'.repeat(15)}${'n'.repeat(120)}.mobi`] = epub(`long ${format}`);
      for (let n = 0; n < 60; n++) files[`many/${String(n)}.txt`] = epub(`${format} ${String(n % 50)}`);
      await makeTar(join(source(), `${format}.tar`), format, files);
      names[format] = Object.keys(files);
    }
    const { code, summary, stderr } = await ingest(
      '--batch-size',
      '7',
      '--workers',
      '3',
      '--parallel-uploads',
      '3',
    );
    assert.equal(stderr, '');
    assert.equal(code, 0);
    const expected = await truth(['ustar.tar', 'gnu.tar', 'pax.tar'], name => !name.endsWith('.jpg'));
    assert.deepEqual(await keysInLibrary(library()), expected);
    assert.equal(await filesInLibrary(library()), expected.length);
    const books = Object.values(names).flat().length - 6;
    assert.deepEqual(summary?.tars, { total: 3, completed: 3, failed: 0 });
    assert.deepEqual(summary.books, {
      found: books,
      uploaded: expected.length,
      duplicates: books - expected.length,
      failed: 0,
    });
    assert.equal(summary.skipped, 6);
  }).timeout(60_000);

  it('finds in the sample just what the sample says is in it', async () => {
    const sample = await makeSampleTars(source());
    const { code, summary } = await ingest();
    assert.equal(code, 0);
    const keys = sample.books.map(book => `${book.sha1}-${String(book.sizeBytes)}`).sort();
    assert.deepEqual(await keysInLibrary(library()), keys);
    assert.deepEqual(summary?.books, {
      found: sample.bookMembers,
      uploaded: keys.length,
      duplicates: sample.duplicates,
      failed: 0,
    });
    assert.equal(summary.skipped, sample.skipped);
    assert.equal(
      summary.bytes,
      sample.tars.reduce((sum, tar) => sum + tar.sizeBytes, 0),
    );
  });

  it('uploads nothing in a second run, and reads no tar again', async () => {
    await makeSampleTars(source());
    await ingest();
    const { code, summary } = await ingest();
    assert.equal(code, 0);
    assert.deepEqual(summary?.books, { found: 0, uploaded: 0, duplicates: 0, failed: 0 });
    assert.equal(summary.bytes, 0);
    assert.equal(summary.tars.completed, summary.tars.total);
  });

  it('reads a tar again that has changed, and uploads what is new in it', async () => {
    const tar = join(source(), 'a.tar');
    await makeTar(tar, 'gnu', { 'one.epub': epub('one') });
    await ingest();
    await makeTar(tar, 'gnu', { 'one.epub': epub('one'), 'two.epub': epub('two') });
    const { summary } = await ingest();
    assert.deepEqual(summary?.books, { found: 2, uploaded: 1, duplicates: 1, failed: 0 });
  });

  it('knows every book from the library when the progress files are gone', async () => {
    const sample = await makeSampleTars(source());
    await ingest('--library', join(folder(), 'shelf'));
    await rm(state(), { recursive: true });
    const { code, summary } = await ingest('--library', join(folder(), 'shelf'));
    assert.equal(code, 0);
    assert.deepEqual(summary?.books, {
      found: sample.bookMembers,
      uploaded: 0,
      duplicates: sample.bookMembers,
      failed: 0,
    });
  });

  it('goes on with fewer and with more workers than the run before', async () => {
    const sample = await makeSampleTars(source());
    await ingest('--workers', '6');
    const moved = join(source(), sample.tars[2]!.name);
    await appendFile(moved, Buffer.alloc(512));
    for (const workers of ['1', '5']) {
      const { code, summary } = await ingest('--workers', workers);
      assert.equal(code, 0);
      assert.equal(summary?.books.uploaded, 0);
    }
    assert.equal((await keysInLibrary(library())).length, sample.books.length);
  });

  it('says of a state folder whose books went nowhere what can be done', async () => {
    await makeTar(join(source(), 'a.tar'), 'gnu', { 'one.txt': Buffer.from('one') });
    assert.equal((await ingest('--destination', 'none')).code, 0);
    const { code, stderr } = await ingest();
    assert.equal(code, 2);
    assert.match(stderr, /^tarshelf: The runs of the state folder .* Choose another state folder.*\n$/);
    assert.doesNotMatch(stderr, /library/);
  });

  it('refuses a state folder that belongs to another library, in one line', async () => {
    await makeSampleTars(source());
    await ingest('--library', join(folder(), 'one'));
    const { code, stderr } = await ingest('--library', join(folder(), 'two'));
    assert.equal(code, 2);
    assert.match(stderr, /^tarshelf: The state folder .* belongs to another library.*\n$/);
  });

  it('uploads what stands before a cut, calls the tar failed, and reads the others', async () => {
    await makeTar(join(source(), 'cut.tar'), 'gnu', {
      'a.epub': epub('a'),
      'b.epub': epub('b'),
      'c.epub': Buffer.concat([epub('c'), randomBytes(5000)]),
    });
    await makeTar(join(source(), 'whole.tar'), 'gnu', { 'd.epub': epub('d') });
    await truncate(join(source(), 'cut.tar'), 3000);
    const { code, summary, stdout } = await ingest();
    assert.equal(code, 1);
    assert.deepEqual(summary?.tars, { total: 2, completed: 1, failed: 1 });
    assert.equal(summary.books.uploaded, 3);
    assert.match(stdout, /TAR_DAMAGED.*cut\.tar: the tar is cut off inside a member at byte 2048/);
    const progress = JSON.parse(await readFile(join(state(), 'migration_progress_worker1.json'), 'utf8')) as {
      completed_tars: string[];
      tar_progress: Record<string, { status: string }>;
    };
    assert.deepEqual(progress.completed_tars, []);
    assert.equal(progress.tar_progress['cut.tar']?.status, 'failed');
  });

  it('completes a failed tar in the next run when it is whole again', async () => {
    const tar = join(source(), 'a.tar');
    await makeTar(tar, 'pax', { 'a.epub': epub('a'), 'b.epub': epub('b') });
    await rename(tar, join(folder(), 'whole.tar'));
    await writeFile(tar, (await readFile(join(folder(), 'whole.tar'))).subarray(0, 1500));
    assert.equal((await ingest()).code, 1);
    await rename(join(folder(), 'whole.tar'), tar);
    const { code, summary } = await ingest();
    assert.equal(code, 0);
    assert.deepEqual(summary?.tars, { total: 1, completed: 1, failed: 0 });
    assert.equal((await keysInLibrary(library())).length, 2);
  });

  it('never changes a source tar', async () => {
    const sample = await makeSampleTars(source());
    const before = await Promise.all(sample.tars.map(tar => stat(join(source(), tar.name))));
    await ingest();
    const after = await Promise.all(sample.tars.map(tar => stat(join(source(), tar.name))));
    assert.deepEqual(
      after.map(({ size, mtimeMs }) => ({ size, mtimeMs })),
      before.map(({ size, mtimeMs }) => ({ size, mtimeMs })),
    );
  });

  it('keeps members whose names lead outside a folder inside the library', async () => {
    const tar = join(source(), 'a.tar');
    await makeTar(tar, 'gnu', { 'x/evil.epub': epub('evil') }, ['--transform=s,x/evil,../../../evil,', '-P']);
    assert.equal((await ingest()).code, 0);
    assert.equal(await filesInLibrary(library()), 1);
    await assert.rejects(stat(join(folder(), '../evil.epub')));
  });
});
