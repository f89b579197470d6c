import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { startTarshelf, tarshelf } from '../support/commandLine.ts';
import { makeTar } from '../support/gnuTar.ts';
import { filesInLibrary, keyOf, keysInLibrary } from '../support/libraryTruth.ts';
import { useTempFolder } from '../support/tempFolder.ts';

const tars = 3;
const booksInTar = 400;

/** How often a run has told of something; beside that, what a worker waits for stands with it in each line of progress. */
function timesTold(output: string, text: string): number {
  return output.split('\n').filter(line => line.includes('"notice"') && line.includes(text)).length;
}

describe('a cause that a person has to mend', () => {
  const folder = useTempFolder();
  const source = (): string => join(folder(), 'tars');
  const state = (): string => join(folder(), 'state');
  const shelf = (): string => join(folder(), 'disk', 'shelf');
  const args = (): string[] => [
    ...['ingest', source(), '--state-dir', state(), '--library', shelf()],
    ...['--json', '--workers', '2', '--batch-size', '10'],
  ];

  beforeEach(async () => {
    await mkdir(source());
    await mkdir(join(folder(), 'disk'));
    for (let tar = 0; tar < tars; tar++) {
      const files: Record<string, Buffer> = {};
      for (let n = 0; n < booksInTar; n++) {
        files[`${String(n)}.txt`] = Buffer.from(`${String(n)} of ${String(tar)} `.repeat(200));
      }
      await makeTar(join(source(), `${String(tar)}.tar`), 'gnu', files);
    }
  });

  async function everyBookIsThereOnce(): Promise<void> {
    assert.equal((await keysInLibrary(shelf())).length, tars * booksInTar);
    assert.equal(await filesInLibrary(shelf()), tars * booksInTar);
  }

  async function untilBooks(count: number): Promise<void> {
    for (;;) {
      const files = await readdir(join(shelf(), 'books'), { recursive: true }).catch((): string[] => []);
      if (files.length > count) return;
      await sleep(5);
    }
  }

  it('makes the workers wait, once told, and go on by themselves: the library is unplugged', async () => {
    const command = startTarshelf(args());
    await untilBooks(20);
    await rename(join(folder(), 'disk'), join(folder(), 'unplugged'));
    await command.line(line => line.includes('"notice"') && line.includes('its folder is gone'));
    await sleep(1500);
    await rename(join(folder(), 'unplugged'), join(folder(), 'disk'));
    const { code, summary, stdout, stderr } = await command.finished;
    assert.equal(code, 0, stdout + stderr);
    assert.equal(timesTold(stdout, 'its folder is gone'), 1);
    assert.match(stdout, /The workers go on\./);
    assert.deepEqual(summary?.books, {
      found: tars * booksInTar,
      uploaded: tars * booksInTar,
      duplicates: 0,
      failed: 0,
    });
    await everyBookIsThereOnce();
  }).timeout(60_000);

  it('lets itself be stopped while it waits, and the next run loses nothing', async () => {
    const command = startTarshelf(args());
    await untilBooks(20);
    await rename(join(folder(), 'disk'), join(folder(), 'unplugged'));
    await command.line(line => line.includes('its folder is gone'));
    command.child.kill('SIGINT');
    assert.equal((await command.finished).code, 130);
    await rename(join(folder(), 'unplugged'), join(folder(), 'disk'));
    assert.equal((await tarshelf(args())).code, 0);
    await everyBookIsThereOnce();
  }).timeout(60_000);

  it('is a program that writes to the database of the library, and is not one: no worker hangs by it', async () => {
    const command = startTarshelf([...args(), '--silent-after', '5s']);
    await untilBooks(20);
    const other = new DatabaseSync(join(shelf(), 'library.db'), { timeout: 10_000 });
    other.exec('begin immediate');
    const says = 'another program is writing to its database';
    await command.line(line => line.includes('"notice"') && line.includes(says));
    await sleep(8000);
    other.exec('rollback');
    other.close();
    const { code, summary, stdout, stderr } = await command.finished;
    assert.equal(code, 0, stdout + stderr);
    assert.equal(timesTold(stdout, says), 1);
    assert.match(stdout, /The workers go on\./);
    assert.deepEqual(summary?.books, {
      found: tars * booksInTar,
      uploaded: tars * booksInTar,
      duplicates: 0,
      failed: 0,
    });
    assert.doesNotMatch(
      await readFile(join(state(), 'auto_monitor.log'), 'utf8'),
      /silent|said nothing|restart/,
    );
    await everyBookIsThereOnce();
  }).timeout(90_000);

  for (const [how, packing, mode] of [
    ['tars are read in place', 'plain', 'in-place'],
    ['compressed tars are read', 'gzip', 'in-place'],
    ['tars are extracted', 'plain', 'extract'],
    ['compressed tars are extracted', 'gzip', 'extract'],
  ] as const)
    it(`is waited for before the next tar is opened: the source is unplugged while ${how}`, async () => {
      for (const name of packing === 'gzip' ? await readdir(source()) : []) {
        const path = join(source(), name);
        await writeFile(`${path}.gz`, gzipSync(await readFile(path)));
        await rm(path);
      }
      const command = startTarshelf([...args(), '--mode', mode]);
      await (mode === 'extract' ? untilExtracted(5) : untilBooks(5));
      await rename(source(), join(folder(), 'unplugged'));
      // What is open can still be read; the next tar cannot be opened.
      await command.line(line => line.includes('"notice"') && line.includes('cannot be read for now'));
      await rename(join(folder(), 'unplugged'), source());
      const { code, stdout, stderr } = await command.finished;
      assert.equal(code, 0, stdout + stderr);
      assert.equal(timesTold(stdout, 'cannot be read for now'), 1);
      await everyBookIsThereOnce();
      if (mode === 'extract') assert.deepEqual(await readdir(join(state(), 'tar_extraction_temp')), []);
    }).timeout(60_000);

  async function untilExtracted(count: number): Promise<void> {
    const root = join(state(), 'tar_extraction_temp');
    for (;;) {
      const names = await readdir(root, { recursive: true }).catch((): string[] => []);
      if (names.filter(name => name.endsWith('.txt')).length > count) return;
      await sleep(1);
    }
  }

  /**
   * Runs the command with a disk of its own, in a mount namespace that ends with it. The disk is full when the
   * command says so, and has room from then on.
   *
   * @param disk the shell commands `before` and `meanwhile` make it full
   * @returns what the command has said
   */
  async function onSmallDisk(
    disk: { readonly size: string; readonly before?: string; readonly meanwhile?: string; says: string },
    command: readonly string[],
  ): Promise<{ code: number | null; said: string; books: number }> {
    const script = join(folder(), 'fullDisk.sh');
    await writeFile(
      script,
      `set -e
      disk=$1; out=$2; shift 2
      mount -t tmpfs -o size=${disk.size} tmpfs "$disk"
      ${disk.before ?? ''}
      "$@" > "$out" 2>&1 & run=$!
      ${disk.meanwhile ?? ''}
      for i in $(seq 300); do grep -q '${disk.says}' "$out" && break; sleep 0.1; done
      grep -q '${disk.says}' "$out" || { cat "$out"; echo 'it never said that the disk is full'; exit 9; }
      sleep 1.5
      rm -f "$disk/filler"
      mount -o remount,size=600m "$disk"
      wait $run
      find "$disk" -path '*/books/*' -type f | wc -l > "$out.files"
      `,
    );
    const out = join(folder(), 'out.txt');
    const cli = join(import.meta.dirname, '../../dist/cli.js');
    const asRoot = process.getuid?.() === 0 ? [] : ['--user', '--map-root-user'];
    const child = spawn(
      'unshare',
      [...asRoot, '--mount', 'sh', script, join(folder(), 'disk'), out, process.execPath, cli, ...command],
      { stdio: ['ignore', 'pipe', 'pipe'] },
    );
    let said = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => (said += text));
    }
    const [code] = (await once(child, 'close')) as [number | null];
    said += await readFile(out, 'utf8').catch(() => '');
    return { code, said, books: Number(await readFile(`${out}.files`, 'utf8').catch(() => 'NaN')) };
  }

  it('is a full disk: the books go on when there is room again', async () => {
    const filled = { size: '3m', before: 'head -c 2200000 /dev/zero > "$disk/filler"', says: 'disk is full' };
    const { code, said, books } = await onSmallDisk(filled, args());
    assert.equal(code, 0, said);
    assert.equal(books, tars * booksInTar);
    assert.match(said, /"uploaded":1200,"duplicates":0,"failed":0\}.*\n$/);
  }).timeout(60_000);

  describe('in the state folder', () => {
    const large = (): string => join(folder(), 'large');
    const library = (): string => join(folder(), 'library');
    const onDisk = (...more: string[]): string[] => [
      ...['ingest', large(), '--state-dir', join(folder(), 'disk', 'state'), '--library', library()],
      ...['--json', '--workers', '1', ...more],
    ];

    it('is a full disk while a tar is extracted: that goes on when there is room again', async () => {
      await mkdir(large());
      const files: Record<string, Buffer> = {};
      for (let n = 0; n < 50; n++) files[`${String(n)}.txt`] = Buffer.from(`book ${String(n)}`);
      for (let n = 0; n < 3000; n++) files[`${String(n)}.jpg`] = Buffer.alloc(20_000, n);
      for (let n = 50; n < 100; n++) files[`${String(n)}.txt`] = Buffer.alloc(50_000, `book ${String(n)}`);
      await makeTar(join(large(), 'a.tar'), 'gnu', files);
      const meanwhile = `
        until [ "$(find "$disk" -name '*.jpg' | wc -l)" -gt 100 ]; do sleep 0.01; done
        until mount -o remount,size=$(($(df -k --output=used "$disk" | tail -1) + 500))k "$disk"; do :; done`;
      const says = 'a.tar cannot be read further';
      const { code, said } = await onSmallDisk(
        { size: '400m', meanwhile, says },
        onDisk('--mode', 'extract'),
      );
      assert.equal(code, 0, said);
      assert.equal(timesTold(said, says), 1, said);
      assert.match(said, /The workers go on\./);
      const keys = await keysInLibrary(library());
      const expected = Object.entries(files).filter(([name]) => name.endsWith('.txt'));
      assert.deepEqual(keys, expected.map(([, body]) => keyOf(body)).sort());
    }).timeout(60_000);

    it('is a full disk while a large book of a compressed tar is kept there', async () => {
      await mkdir(large());
      const books = [1, 2].map(n => Buffer.alloc(40_000_000, `large book ${String(n)} `));
      const tar = join(folder(), 'a.tar');
      await makeTar(tar, 'gnu', {
        '1.txt': books[0]!,
        'small.txt': Buffer.from('small'),
        '2.txt': books[1]!,
      });
      await writeFile(join(large(), 'a.tar.gz'), gzipSync(await readFile(tar)));
      const says = 'a.tar.gz cannot be read further';
      const { code, said } = await onSmallDisk({ size: '10m', says }, onDisk());
      assert.equal(code, 0, said);
      assert.equal(timesTold(said, says), 1, said);
      assert.match(said, /"uploaded":3,"duplicates":0,"failed":0\}.*\n$/);
      assert.deepEqual(await keysInLibrary(library()), [...books, Buffer.from('small')].map(keyOf).sort());
    }).timeout(60_000);

    it('is a full disk when a worker begins anew: that waits, too', async () => {
      await mkdir(large());
      const book = Buffer.alloc(40_000_000, 'large book ');
      await makeTar(join(folder(), 'a.tar'), 'gnu', { '1.txt': book });
      await writeFile(join(large(), 'a.tar.gz'), gzipSync(await readFile(join(folder(), 'a.tar'))));
      const meanwhile = `
        until grep -q 'a.tar.gz cannot be read further' "$out"; do sleep 0.05; done
        kill -KILL "$(grep -o '"workers":.*' "$disk/state/engine.json" | grep -o '"pid":[0-9]*' | head -1 | cut -d: -f2)"
        until grep -q 'ended unexpectedly' "$out"; do sleep 0.05; done
        cat /dev/zero > "$disk/filler" 2>/dev/null || true`;
      const says = 'Cannot save';
      const { code, said } = await onSmallDisk({ size: '10m', meanwhile, says }, onDisk());
      assert.equal(code, 0, said);
      assert.equal(timesTold(said, says), 1, said);
      assert.deepEqual(await keysInLibrary(library()), [keyOf(book)]);
    }).timeout(60_000);
  });
});
