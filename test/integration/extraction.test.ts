import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { startTarshelf, type Finished } from '../support/commandLine.ts';
import { makeTar, run } from '../support/gnuTar.ts';
import { useIngest } from '../support/ingestFixture.ts';
import { filesInLibrary, keyOf, keysInLibrary } from '../support/libraryTruth.ts';
import { descendants, untilGone } from '../support/processTree.ts';

type Files = Record<string, Buffer>;

function books(count: number, word: string, folder = ''): Files {
  return Object.fromEntries(
    Array.from({ length: count }, (_, n) => [
      `${folder}${String(n + 1)}.epub`,
      Buffer.from(`book ${String(n + 1)} of ${word}`.padEnd(2000, '.')),
    ]),
  );
}

describe('ingest with extraction folders', () => {
  const { folder, source, state, library, args, ingest } = useIngest();
  const root = (): string => join(state(), 'tar_extraction_temp');

  async function tar(name: string, files: Files): Promise<void> {
    await makeTar(join(source(), name), 'gnu', files);
  }

  /** Lays down an extraction folder as the Python scripts do. */
  async function lay(name: string, files: Files): Promise<string> {
    const path = join(root(), name);
    await mkdir(path, { recursive: true });
    for (const [file, body] of Object.entries(files)) {
      await mkdir(dirname(join(path, file)), { recursive: true });
      await writeFile(join(path, file), body);
    }
    return path;
  }

  async function shelfHolds(...all: Files[]): Promise<void> {
    const keys = new Set(all.flatMap(files => Object.values(files)).map(keyOf));
    assert.deepEqual(await keysInLibrary(library()), [...keys].sort());
    assert.equal(await filesInLibrary(library()), keys.size);
  }

  function noticesOf({ stdout }: Finished): string[] {
    return stdout.split('\n').filter(line => line.startsWith('{"type":"notice"'));
  }

  it('puts all 5 books on the shelf from a folder that holds 2, one of them cut short', async () => {
    const files = books(5, 'set', 'set/');
    await tar('set.tar', files);
    const path = await lay('set_1766592979', {
      'set/1.epub': files['set/1.epub']!,
      'set/2.epub': files['set/2.epub']!.subarray(0, 700),
    });
    const finished = await ingest();
    assert.equal(finished.code, 0, finished.stdout);
    assert.equal(finished.summary?.books.uploaded, 5);
    await shelfHolds(files);
    assert.match(finished.stdout, /set_1766592979 is used, with 2 files/);
    assert.ok(existsSync(join(path, 'set/1.epub')), 'a folder that was there before is kept');
  });

  it('really reads from the folder what is there, and tells of files that are no members', async () => {
    const files = books(3, 'set', 'set/');
    await tar('set.tar', files);
    // Of the same size and with other bytes, which only a test would do: it shows where they were read.
    const other = Buffer.from('another book'.padEnd(2000, '!'));
    await lay('set_1', { ...files, 'set/2.epub': other, 'set/more.epub': other, 'second root/x': other });
    const finished = await ingest();
    assert.equal(finished.code, 0);
    await shelfHolds({ ...files, 'set/2.epub': other });
    assert.match(noticesOf(finished).join('\n'), /2 of the files in .*set_1 are none of its members/);
  });

  it('tells of files in the folder that a damage of the tar may hide', async () => {
    const files = books(5, 'set');
    await tar('set.tar', files);
    await truncate(join(source(), 'set.tar'), 2 * 2560 + 600);
    await lay('set_1', files);
    const finished = await ingest();
    assert.equal(finished.code, 1);
    await shelfHolds({ a: files['1.epub']!, b: files['2.epub']! });
    assert.match(noticesOf(finished).join('\n'), /3 of the files in .*set_1 are none of its members/);
  });

  it('looks for no folder in mode in-place', async () => {
    const files = books(2, 'set');
    await tar('set.tar', files);
    await lay('set_1', { '1.epub': Buffer.from('another book'.padEnd(2000, '!')) });
    const finished = await ingest('--mode', 'in-place');
    assert.equal(finished.code, 0);
    await shelfHolds(files);
    assert.deepEqual(noticesOf(finished), []);
  });

  it('loses neither of two members that have one name, one size and one file between them', async () => {
    const first = { 'book.epub': randomBytes(3000) };
    const second = { 'book.epub': randomBytes(3000) };
    await tar('set.tar', first);
    await mkdir(join(folder(), 'more'));
    await writeFile(join(folder(), 'more/book.epub'), second['book.epub']);
    run('tar', ['-rf', join(source(), 'set.tar'), '-C', join(folder(), 'more'), 'book.epub']);
    await lay('set_1', second);
    assert.equal((await ingest()).code, 0);
    await shelfHolds(first, second);
  });

  it('never takes the folder of a tar whose name merely begins the same', async () => {
    const set = books(3, 'set');
    const setB = books(5, 'set_b');
    await tar('set.tar', set);
    await tar('set_b.tar', setB);
    await lay('set_b_123', setB);
    const finished = await ingest('--workers', '1');
    assert.equal(finished.code, 0);
    await shelfHolds(set, setB);
    assert.equal(noticesOf(finished).length, 1);
    assert.match(noticesOf(finished)[0]!, /set_b\.tar: the extraction folder .*set_b_123 is used/);
  });

  it('reads every root of a folder, and the folder with most files', async () => {
    const files = { ...books(2, 'one', 'one/'), ...books(2, 'two', 'two/deep/') };
    await tar('set.tar', files);
    await lay('set_1', {});
    await lay('set_2', files);
    await lay('set_3', { 'one/1.epub': files['one/1.epub']! });
    const finished = await ingest();
    assert.equal(finished.code, 0);
    await shelfHolds(files);
    assert.match(finished.stdout, /set_2 is used, with 4 files/);
    assert.doesNotMatch(finished.stdout, /none of its members/);
  });

  describe('in mode extract', () => {
    it('extracts, reads from there, and removes what it extracted', async () => {
      const files = {
        ...books(200, 'set', 'set/'),
        'large.pdf': Buffer.concat([Buffer.from('%PDF-1.4'), randomBytes(40_000_000)]),
      };
      await tar('set.tar', files);
      await writeFile(join(source(), 'packed.tar.gz'), gzipSync(await readFile(join(source(), 'set.tar'))));
      const { code, stdout, summary } = await ingest('--mode', 'extract', '--workers', '1');
      assert.equal(code, 0, stdout);
      assert.deepEqual(summary?.tars, { total: 2, completed: 2, failed: 0 });
      await shelfHolds(files);
      assert.deepEqual(await readdir(root()), []);
    }).timeout(60_000);

    it('takes a folder that is there, and keeps it', async () => {
      const files = books(4, 'set');
      await tar('set.tar', files);
      await lay('set_5', { '1.epub': files['1.epub']! });
      assert.equal((await ingest('--mode', 'extract')).code, 0);
      await shelfHolds(files);
      assert.deepEqual(await readdir(root()), ['set_5']);
    });

    it('uploads what stands before a cut and keeps the folder of a tar that failed', async () => {
      const files = books(3, 'set');
      await tar('set.tar', files);
      await truncate(join(source(), 'set.tar'), 2 * 2560 + 600);
      const finished = await ingest('--mode', 'extract');
      assert.equal(finished.code, 1);
      assert.match(finished.stdout, /TAR_DAMAGED/);
      await shelfHolds({ a: files['1.epub']!, b: files['2.epub']! });
      const [name] = await readdir(root());
      assert.deepEqual(await readdir(join(root(), name!)), ['.tarshelf-extracted', '1.epub', '2.epub']);
    });

    it('removes in the next run what a kill kept it from removing', async () => {
      const files = books(3, 'set');
      await tar('set.tar', files);
      assert.equal((await ingest()).code, 0);
      const mark = { tar: 'set.tar', sizeBytes: 1, mtimeMs: 1, syncedOffset: Number.MAX_SAFE_INTEGER };
      await lay('set_1', {
        '.tarshelf-extracted': Buffer.from(JSON.stringify(mark)),
        '2.epub': files['2.epub']!,
      });
      await lay('set_2', files);
      assert.equal((await ingest()).code, 0);
      assert.deepEqual(await readdir(root()), ['set_2']);
      await shelfHolds(files);
    });

    it('keeps members inside the folder whose names lead outside', async () => {
      const files = { 'x/evil.epub': randomBytes(100), 'x/good.epub': randomBytes(100) };
      await makeTar(join(source(), 'a.tar'), 'gnu', files, ['--transform=s,x/evil,../../../../evil,', '-P']);
      assert.equal((await ingest('--mode', 'extract')).code, 0);
      await shelfHolds(files);
      const everything = await readdir(folder(), { recursive: true });
      assert.ok(!everything.some(name => name.includes('evil') && !name.includes('library')));
      await assert.rejects(stat(join(folder(), '../evil.epub')));
    });

    it('completes after kills in the middle of extracting, with every book once and nothing left', async () => {
      const files = await largeTar();
      let killed = 0;
      for (let round = 0; round < 3; round++) {
        const command = startTarshelf(args('--mode', 'extract'));
        const before = await filesLaid();
        while ((await filesLaid()) < before + 100 && command.child.exitCode === null) await sleep(5);
        const pids = [
          ...(await descendants(command.child.pid!, 'worker.js')),
          ...(await descendants(command.child.pid!, 'engine.js')),
          command.child.pid!,
        ];
        for (const pid of pids) {
          try {
            process.kill(pid, 'SIGKILL');
          } catch {
            // It had ended by itself.
          }
        }
        await command.finished;
        for (const pid of pids) await untilGone(pid, 10_000);
        const [name] = await readdir(root());
        if (name !== undefined && existsSync(join(root(), name, '.tarshelf-extracting'))) killed++;
      }
      assert.ok(killed > 0, 'no kill came while it extracted');
      assert.equal((await readdir(root())).length, 1, 'a later run goes on in the same folder');
      const finished = await ingest('--mode', 'extract');
      assert.equal(finished.code, 0, finished.stdout);
      await shelfHolds(files);
      assert.deepEqual(await readdir(root()), []);
    }).timeout(90_000);

    it('keeps what is extracted when it is stopped, and mode auto reads it with the rest from the tar', async () => {
      const files = await largeTar();
      const command = startTarshelf(args('--mode', 'extract'));
      while ((await filesLaid()) < 100 && command.child.exitCode === null) await sleep(5);
      command.child.kill('SIGINT');
      assert.equal((await command.finished).code, 130);
      const [name] = await readdir(root());
      assert.ok(existsSync(join(root(), name!, '.tarshelf-extracting')), 'it was stopped while it extracted');
      const finished = await ingest();
      assert.equal(finished.code, 0, finished.stdout);
      assert.match(finished.stdout, /is used, with \d+ files/);
      await shelfHolds(files);
      assert.deepEqual(await readdir(root()), []);
    }).timeout(60_000);

    /** Books among many files that are none: those take time to extract, but not to upload. */
    async function largeTar(): Promise<Files> {
      const files = books(100, 'set', 'set/');
      const all = { ...files };
      for (let n = 0; n < 3000; n++) all[`set/${String(n)}.jpg`] = Buffer.alloc(20_000, n);
      await tar('set.tar', all);
      return files;
    }

    async function filesLaid(): Promise<number> {
      const entries = await readdir(root(), { recursive: true }).catch((): string[] => []);
      return entries.length;
    }
  });

  describe('whose tar is gone', () => {
    it('reads their files as books, once in all runs, and keeps folders of other programs', async () => {
      const files = books(3, 'set');
      const gone = {
        ...books(4, 'gone', 'one/'),
        ...books(2, 'also gone', 'two/'),
        'picture.jpg': randomBytes(50),
      };
      await tar('set.tar', files);
      await lay('gone_123', gone);
      await lay('empty_5', {});
      await lay('set_1', { 'extra.epub': Buffer.from('a file that no member names') });
      const { 'picture.jpg': picture, ...goneBooks } = gone;
      assert.ok(picture);
      const finished = await ingest('--workers', '1');
      assert.equal(finished.code, 0, finished.stdout);
      assert.deepEqual(finished.summary?.tars, { total: 2, completed: 2, failed: 0 });
      assert.match(noticesOf(finished).join('\n'), /gone_123: its tar is gone/);
      await shelfHolds(files, goneBooks);
      const again = await ingest();
      assert.equal(again.summary?.bytes, 0);
      await lay('gone_123', { 'one/new.epub': Buffer.from('one more') });
      assert.equal((await ingest()).summary?.books.uploaded, 1);
      assert.deepEqual((await readdir(root())).sort(), ['empty_5', 'gone_123', 'set_1']);
    });

    it('leaves alone those whose extraction is under way, and in mode in-place all of them', async () => {
      await tar('set.tar', books(1, 'set'));
      await lay('gone_123', books(4, 'gone'));
      const mark = { tar: 'other.tar', sizeBytes: 1, mtimeMs: 1, syncedOffset: 0 };
      await lay('other_9', {
        '.tarshelf-extracting': Buffer.from(JSON.stringify(mark)),
        ...books(2, 'other'),
      });
      assert.equal((await ingest('--mode', 'in-place')).summary?.tars.total, 1);
      await shelfHolds(books(1, 'set'));
      assert.equal((await ingest()).summary?.tars.total, 2);
      await shelfHolds(books(1, 'set'), books(4, 'gone'));
    });

    it('reads and then removes one that Tarshelf extracted, also when no tar is left', async () => {
      const files = books(3, 'set');
      await tar('set.tar', files);
      // A tar that fails at its end keeps its folder.
      await truncate(join(source(), 'set.tar'), 3 * 2560);
      assert.equal((await ingest('--mode', 'extract')).code, 1);
      await rm(join(source(), 'set.tar'));
      await rm(library(), { recursive: true });
      for (const name of await readdir(state()))
        if (name.startsWith('migration_progress')) await rm(join(state(), name));
      const finished = await ingest();
      assert.equal(finished.code, 0, finished.stdout + finished.stderr);
      await shelfHolds(files);
      assert.deepEqual(await readdir(root()), []);
    });
  });
});
