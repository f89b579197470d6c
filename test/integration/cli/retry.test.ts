import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, rm, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { bookMetadataFromName } from '../../../src/engine/books/metadata/bookMetadata.ts';
import { libraryPaths } from '../../../src/engine/destinations/library/libraryPaths.ts';
import { tarshelf } from '../../support/commandLine.ts';
import { makeTar } from '../../support/gnuTar.ts';
import { keysInLibrary } from '../../support/libraryTruth.ts';
import { useTempFolder } from '../../support/tempFolder.ts';

describe('tarshelf failed and tarshelf retry', () => {
  const folder = useTempFolder();
  const source = (): string => join(folder(), 'tars');
  const state = (): string => join(folder(), 'state');
  const library = (): string => join(state(), 'library');
  const failed = async (): Promise<Record<string, unknown>[]> => {
    const { stdout } = await tarshelf(['failed', '--state-dir', state(), '--json']);
    return stdout
      .split('\n')
      .filter(line => line !== '')
      .map(line => JSON.parse(line) as Record<string, unknown>);
  };
  const retry = (...more: string[]): ReturnType<typeof tarshelf> =>
    tarshelf(['retry', source(), '--state-dir', state(), '--json', ...more]);

  beforeEach(async () => {
    await mkdir(source());
    await makeTar(join(source(), 'good.tar'), 'gnu', {
      'a.epub': Buffer.from('a'),
      'b.epub': Buffer.from('b'),
    });
    const bad = Buffer.from('bad');
    await makeTar(join(source(), 'bad.tar'), 'gnu', { 'c.epub': Buffer.from('c'), 'x.epub': bad });
    // Every name that this one book could have in the library is taken.
    const key = { sha1: createHash('sha1').update(bad).digest('hex'), sizeBytes: bad.length };
    for (const path of libraryPaths(bookMetadataFromName('x.epub'), 'epub', key))
      await mkdir(join(library(), path), { recursive: true });
    const { code } = await tarshelf(['ingest', source(), '--state-dir', state(), '--workers', '2']);
    assert.equal(code, 1);
  });

  it('list each failed book with its reason and attempts, and change nothing by that', async () => {
    const before = await readdir(state());
    const [tar, ...others] = await failed();
    assert.equal(others.length, 0);
    assert.equal(tar?.['tar'], 'bad.tar');
    assert.equal(tar['message'], null);
    const [book] = tar['books'] as Record<string, unknown>[];
    assert.equal(book?.['file'], 'x.epub');
    assert.equal(book['code'], 'UPLOAD_FAILED');
    assert.equal(book['attempts'], 1);
    const text = await tarshelf(['failed', '--state-dir', state()]);
    assert.equal(text.code, 1);
    assert.match(text.stdout, /^bad\.tar\n {2}x\.epub: .+ \(UPLOAD_FAILED, tried 1 time\)\nTry them again/);
    assert.deepEqual(await readdir(state()), before);
  });

  it('name a tar once that failed as a whole', async () => {
    const cut = join(source(), 'cut.tar');
    await makeTar(cut, 'gnu', { 'd.epub': Buffer.alloc(100_000, 'd') });
    await truncate(cut, 20_000);
    await tarshelf(['ingest', source(), '--state-dir', state()]);
    const { stdout } = await tarshelf(['failed', '--state-dir', state()]);
    assert.match(stdout, /^cut\.tar: the tar is cut off inside a member at byte /m);
  });

  it('bring books again whose files are gone, with --lost, and say so where none is', async () => {
    const file = join(library(), 'books', 'Unknown author', 'a.epub');
    await rm(file);
    await tarshelf(['ingest', source(), '--state-dir', state()]);
    assert.equal(existsSync(file), false);
    const { code, summary, stderr } = await retry('--lost');
    // The other tar still has its failed book.
    assert.equal(code, 1, stderr);
    assert.deepEqual(summary?.tars, { total: 2, completed: 1, failed: 1 });
    assert.deepEqual(summary.books, { found: 2, uploaded: 1, duplicates: 1, failed: 0 });
    assert.ok(existsSync(file));
    assert.equal((await keysInLibrary(library())).length, 3);
    const again = await retry('--lost');
    assert.equal(again.code, 0);
    assert.match(again.stderr, /none has to be brought again/);
    const wrong = await retry('--lost', '--book', 'a.epub');
    assert.deepEqual([wrong.code, wrong.stderr.includes('Leave out --book')], [2, true]);
    const elsewhere = await retry('--lost', '--destination', 'none');
    assert.deepEqual([elsewhere.code, elsewhere.stderr.includes('which none is not')], [2, true]);
  });

  it('try the failed books again, and leave other tars alone', async () => {
    await makeTar(join(source(), 'new.tar'), 'gnu', { 'n.epub': Buffer.from('n') });
    const { code, summary } = await retry();
    assert.equal(code, 1);
    assert.deepEqual(summary?.tars, { total: 3, completed: 1, failed: 1, notInRun: 1 });
    const [tar] = await failed();
    assert.equal((tar?.['books'] as { attempts: number }[])[0]?.attempts, 2);
    assert.equal((await keysInLibrary(library())).length, 3);
  });

  it('try again only the tars and books that are named', async () => {
    const other = await retry('--book', 'no such book.epub');
    assert.equal(other.code, 1, 'the failed book is still one');
    assert.equal(((await failed())[0]?.['books'] as { attempts: number }[])[0]?.attempts, 1);
    const good = await retry('--tar', 'good.tar');
    assert.equal(good.code, 0);
    assert.match(good.stderr, /^Nothing has failed in good\.tar that could be tried again/);
    await retry('--tar', 'bad.tar', '--book', 'x.epub');
    assert.equal(((await failed())[0]?.['books'] as { attempts: number }[])[0]?.attempts, 2);
  });

  it('have nothing more to tell once the cause is gone', async () => {
    await rm(join(library(), 'books', 'Unknown author'), { recursive: true });
    const { code, summary } = await retry();
    assert.equal(code, 0);
    assert.deepEqual(summary?.tars, { total: 2, completed: 2, failed: 0 });
    assert.deepEqual(await failed(), []);
    // The other book of that tar came to the shelf before.
    assert.deepEqual(summary.books, { found: 1, uploaded: 1, duplicates: 0, failed: 0 });
    const again = await retry();
    assert.equal(again.code, 0);
    assert.match(again.stderr, /Nothing has failed/);
    const listed = await tarshelf(['failed', '--state-dir', state()]);
    assert.equal(listed.code, 0);
    assert.match(listed.stdout, /^Nothing has failed/);
  });

  it('say it when the source folder is missing, or an option is wrong', async () => {
    const missing = await tarshelf(['retry', join(folder(), 'nowhere'), '--state-dir', state()]);
    assert.equal(missing.code, 2);
    const wrong = await tarshelf(['failed', '--tar', 'x']);
    assert.equal(wrong.code, 2);
    assert.match(wrong.stderr, /^tarshelf: Unknown option --tar/);
  });

  it('hide nothing of what failed in tars that were not tried again', async () => {
    // A second tar with a book that fails, one that is cut off, and one that no run has met.
    const worse = Buffer.from('worse');
    await makeTar(join(source(), 'worse.tar'), 'gnu', { 'y.epub': worse });
    const key = { sha1: createHash('sha1').update(worse).digest('hex'), sizeBytes: worse.length };
    for (const path of libraryPaths(bookMetadataFromName('y.epub'), 'epub', key))
      await mkdir(join(library(), path), { recursive: true });
    const cut = join(source(), 'cut.tar');
    await makeTar(cut, 'gnu', { 'd.epub': Buffer.alloc(5000, 'd') });
    await truncate(cut, 2000);
    assert.equal((await tarshelf(['ingest', source(), '--state-dir', state()])).code, 1);
    await makeTar(join(source(), 'new.tar'), 'gnu', { 'n.epub': Buffer.from('n') });
    for (const path of libraryPaths(bookMetadataFromName('x.epub'), 'epub', {
      sha1: createHash('sha1').update('bad').digest('hex'),
      sizeBytes: 3,
    }))
      await rm(join(library(), path), { recursive: true });

    const { code, stdout } = await tarshelf([
      ...['retry', source(), '--state-dir', state(), '--tar', 'bad.tar'],
    ]);
    assert.equal(code, 1, stdout);
    assert.match(stdout, /^1 of 5 tars, /);
    assert.match(
      stdout,
      /^2 of 5 tars completed \(1 by an earlier run\), 1 with failed books, 1 failed, 1 not in this run\.$/m,
    );
    assert.match(stdout, /^ {2}Books +1 found: 1 uploaded, 0 already there$/m);
    assert.match(stdout, /^2 tars that were not in this run have failures: cut\.tar, worse\.tar\.$/m);
    assert.doesNotMatch(stdout, /same command/);

    const told = await tarshelf(['status', '--state-dir', state()]);
    assert.match(told.stdout, /^2 of 5 tars completed/m);
    assert.match(told.stdout, /^2 failed tars:\n {2}cut\.tar: .+ byte .+\n {2}worse\.tar: 1 book failed$/m);
    const { stdout: json } = await tarshelf(['status', '--state-dir', state(), '--json']);
    const status = JSON.parse(json) as Record<string, unknown>;
    assert.deepEqual(status['tars'], { total: 5, completed: 2, failed: 2, notInRun: 1 });
    assert.deepEqual(
      (status['failedTars'] as Record<string, unknown>[]).map(tar => [
        tar['name'],
        tar['result'],
        tar['failedBooks'],
      ]),
      [
        ['cut.tar', 'failed', 0],
        ['worse.tar', 'completedWithErrors', 1],
      ],
    );
    assert.deepEqual([status['doneBytes'], status['totalBytes']], [10_240, 10_240], 'of bad.tar alone');
    assert.equal((await keysInLibrary(library())).length, 4, 'new.tar is left alone');
  });
});
