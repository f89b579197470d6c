import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startTarshelf, tarshelf } from '../support/commandLine.ts';
import { makeTar } from '../support/gnuTar.ts';
import { filesInLibrary, keysInLibrary } from '../support/libraryTruth.ts';
import { useTempFolder } from '../support/tempFolder.ts';

const tars = 3;
const booksInTar = 400;

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
    assert.equal(stdout.split('\n').filter(line => line.includes('its folder is gone')).length, 1);
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

  it('is waited for before the next tar is opened: the source is unplugged', async () => {
    const command = startTarshelf(args());
    await untilBooks(5);
    await rename(source(), join(folder(), 'unplugged'));
    // What is open can still be read; the next tar cannot be opened.
    await command.line(line => line.includes('"notice"') && line.includes('cannot be read for now'));
    await rename(join(folder(), 'unplugged'), source());
    const { code, stdout, stderr } = await command.finished;
    assert.equal(code, 0, stdout + stderr);
    await everyBookIsThereOnce();
  }).timeout(60_000);

  it('is a full disk: the books go on when there is room again', async () => {
    // A disk of three megabytes of its own, in a mount namespace that ends with the script.
    const script = join(folder(), 'fullDisk.sh');
    await writeFile(
      script,
      `set -e
      disk=$1; out=$2; shift 2
      mount -t tmpfs -o size=3m tmpfs "$disk"
      head -c 2200000 /dev/zero > "$disk/filler"
      "$@" > "$out" 2>&1 & run=$!
      for i in $(seq 300); do grep -q 'disk is full' "$out" && break; sleep 0.1; done
      grep -q 'disk is full' "$out" || { cat "$out"; echo 'it never said that the disk is full'; exit 9; }
      rm "$disk/filler"
      mount -o remount,size=40m "$disk"
      wait $run
      find "$disk/shelf/books" -type f | wc -l > "$out.files"
      `,
    );
    const out = join(folder(), 'out.txt');
    const cli = join(import.meta.dirname, '../../dist/cli.js');
    const asRoot = process.getuid?.() === 0 ? [] : ['--user', '--map-root-user'];
    const child = spawn(
      'unshare',
      [...asRoot, '--mount', 'sh', script, join(folder(), 'disk'), out, process.execPath, cli, ...args()],
      { stdio: ['ignore', 'pipe', 'pipe'] },
    );
    let said = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => (said += text));
    }
    const [code] = (await once(child, 'close')) as [number | null];
    assert.equal(code, 0, said + (await readFile(out, 'utf8').catch(() => '')));
    assert.equal(Number(await readFile(`${out}.files`, 'utf8')), tars * booksInTar);
    assert.match(await readFile(out, 'utf8'), /"uploaded":1200,"duplicates":0,"failed":0\}.*\n$/);
  }).timeout(60_000);
});
