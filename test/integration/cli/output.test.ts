import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';
import { summarySchema } from '../../../src/protocol/snapshot.ts';
import { tarshelf } from '../../support/commandLine.ts';
import { makeTar } from '../../support/gnuTar.ts';
import { useIngest } from '../../support/ingestFixture.ts';
import { keysInLibrary } from '../../support/libraryTruth.ts';
import { useTempFolder } from '../../support/tempFolder.ts';
import { jsonLines } from './cliOutput.ts';
import { FakeInstallation } from './fakeInstallation.ts';

const projectFolder = join(import.meta.dirname, '../../..');
const verbNames = [
  ...['ingest', 'status', 'attach', 'stop', 'pause', 'resume', 'restart', 'reassign'],
  ...['failed', 'retry', 'logs', 'check'],
];

describe('help and version', () => {
  it('name every command, and every option of ingest, on standard output', async () => {
    const top = await tarshelf(['--help']);
    assert.deepEqual([top.code, top.stderr], [0, '']);
    for (const name of verbNames) assert.match(top.stdout, new RegExp(`^  ${name} {2,}\\S`, 'm'));
    const ingest = await tarshelf(['ingest', '--help']);
    assert.deepEqual([ingest.code, ingest.stderr], [0, '']);
    const names = [
      'state-dir',
      'workers',
      'batch-size',
      'parallel-uploads',
      'destination',
      'library',
      'min-workers',
      'max-restarts',
      'worker-memory',
      'stuck-upload',
      'stuck-read',
      'silent-after',
      'gentle-stop',
      'check-every',
      'detach',
      'json',
      'help',
    ];
    for (const name of names) assert.match(ingest.stdout, new RegExp(`^ .*--${name}\\b.* \\S+`, 'm'));
  });

  it('fit a terminal of 80 columns', async () => {
    for (const verb of ['', ...verbNames]) {
      const { stdout } = await tarshelf(verb === '' ? ['--help'] : [verb, '--help']);
      for (const line of stdout.split('\n')) assert.ok(line.length < 80, line);
    }
  });

  it("give the package's version", async () => {
    const manifest = JSON.parse(await readFile(join(projectFolder, 'package.json'), 'utf8')) as {
      version: string;
    };
    const { code, stdout } = await tarshelf(['--version']);
    assert.deepEqual([code, stdout], [0, `${manifest.version}\n`]);
  });
});

describe('output of a run that is no terminal', () => {
  const folder = useTempFolder();
  let fake: FakeInstallation;

  beforeEach(async () => {
    fake = await FakeInstallation.make(folder());
  });

  afterEach(async () => {
    await fake.end();
  });

  it('is one line for each thing that happens, then the summary', async () => {
    const cli = fake.start('completes', ['ingest', 'tars']);
    assert.equal(await cli.ended, 1);
    assert.equal(cli.stderr, '');
    assert.deepEqual(cli.stdout.replaceAll(folder(), '').split('\n'), [
      `2 tars, 400 MB, in ${join('/', 'tars')}`,
      'Note: migration_progress_worker2.json was damaged and is kept aside.',
      'Failed: books-01.tar › a/one.epub: It cannot be read. Look at the disk, and run again.',
      'Read with failed books: books-01.tar (17 books: 10 uploaded, 6 already there, 1 failed)',
      'Failed: books-02.tar: Damaged at byte 100000000: no header there. (5 books: 5 uploaded, 0 already there)',
      '',
      '0 of 2 tars completed, 1 with failed books, 1 failed.',
      '  Books     22 found: 15 uploaded, 6 already there, 1 failed',
      '            (known to the worker itself: 1, to another worker: 2, to the library: 3)',
      '  Skipped   4 files in the tars that are no books',
      '  Read      300 MB in less than a second',
      `  Shelf     ${join('/', '.tarshelf', 'library')}`,
      '',
      '2 failures:',
      '  books-02.tar: Damaged at byte 100000000: no header there.',
      '  books-01.tar › a/one.epub: It cannot be read. Look at the disk, and run again.',
      '',
      'When the cause is mended, run the same command again: it takes up the tars that are not',
      'completed, and uploads nothing twice.',
      '',
    ]);
  });

  it('is nothing but JSON with --json, the summary last', async () => {
    const cli = fake.start('completes', ['ingest', 'tars', '--json']);
    assert.equal(await cli.ended, 1);
    assert.equal(cli.stderr, '');
    const lines = jsonLines(cli.stdout);
    assert.deepEqual(
      lines.map(line => line['type']),
      ['started', 'notice', 'bookFailed', 'tar', 'tar', 'summary'],
    );
    const { seconds, ...rest } = lines.at(-1) ?? {};
    assert.equal(typeof seconds, 'number');
    assert.deepEqual(rest, {
      type: 'summary',
      tars: { total: 2, completed: 0, failed: 2 },
      books: { found: 22, uploaded: 15, duplicates: 6, failed: 1 },
      skipped: 4,
      bytes: 300_000_000,
    });
  });

  it('tells the progress about once a second with --json', async () => {
    const cli = fake.start('endless', ['ingest', 'tars', '--json']);
    await cli.said(/("type":"progress".*\n[^]*){2}/);
    cli.child.kill('SIGTERM');
    await cli.ended;
    const progress = jsonLines(cli.stdout).filter(line => line['type'] === 'progress');
    assert.ok(progress.length >= 2 && progress.length <= 4, `${String(progress.length)} lines`);
    assert.equal((progress[0]?.['workers'] as unknown[]).length, 4);
  });

  it('shows what a name holds without letting the terminal obey it', async () => {
    const cli = fake.start('endless', ['ingest', 'tars']);
    await cli.said(/Failed: .* › .*Идиот/);
    cli.child.kill('SIGTERM');
    await cli.ended;
    assert.ok(!cli.stdout.includes('\u001b'));
    assert.match(cli.stdout, /^Failed: .* › shelf\/Идиот 100\ufffd\[2J\ufffd\.fb2: /m);
  });

  it('is one line on standard error for an engine that refuses, and exit code 2', async () => {
    const cli = fake.start('refuses', ['ingest', 'tars']);
    assert.equal(await cli.ended, 2);
    assert.deepEqual([cli.stdout, cli.stderr], ['', 'tarshelf: There is no such folder.\n']);
  });

  it('has the last words of an engine that died, and exit code 1', async () => {
    const cli = fake.start('dies', ['ingest', 'tars', '--json']);
    assert.equal(await cli.ended, 1);
    assert.match(cli.stderr, /^out of luck\ntarshelf: The engine ended unexpectedly\b.*\n$/);
    assert.ok(!jsonLines(cli.stdout).some(line => line['type'] === 'summary'));
  });
});

describe('output of a real run', () => {
  const folder = useTempFolder();

  beforeEach(async () => {
    await mkdir(join(folder(), 'tars'));
    const same = Buffer.from('the same book in both');
    await makeTar(join(folder(), 'tars', 'a.tar'), 'ustar', {
      '1.txt': same,
      '2.txt': Buffer.from('another'),
    });
    await makeTar(join(folder(), 'tars', 'b.tar'), 'gnu', {
      '3.txt': same,
      'none.dat': Buffer.from('\0\u0001'),
    });
  });

  it('ends with a summary of exactly the documented shape', async () => {
    const { code, stdout, stderr } = await tarshelf(['ingest', 'tars', '--json'], { cwd: folder() });
    assert.deepEqual([code, stderr], [0, '']);
    const last = jsonLines(stdout).at(-1) ?? {};
    const { type, ...summary } = last;
    assert.equal(type, 'summary');
    assert.deepEqual(Object.keys(last), [
      'type',
      'tars',
      'books',
      'skipped',
      'skippedBy',
      'bytes',
      'seconds',
    ]);
    assert.deepEqual(v.parse(v.strictObject(summarySchema.entries), summary), summary);
    assert.deepEqual(summary['tars'], { total: 2, completed: 2, failed: 0 });
    assert.deepEqual(summary['books'], { found: 3, uploaded: 2, duplicates: 1, failed: 0 });
    assert.equal(summary['skipped'], 1);
  });

  it('says on the second run that everything was done by the first', async () => {
    const first = await tarshelf(['ingest', 'tars'], { cwd: folder() });
    assert.equal(first.code, 0);
    assert.match(first.stdout, /^All 2 tars were completed\.$/m);
    assert.match(first.stdout, /^ {2}Books {5}3 found: 2 uploaded, 1 already there$/m);
    const second = await tarshelf(['ingest', 'tars'], { cwd: folder() });
    assert.deepEqual([second.code, second.stderr], [0, '']);
    assert.match(
      second.stdout,
      /^All 2 tars were completed by an earlier run \(.*\)\. Nothing was left to upload\.$/m,
    );
  });
});

describe('a reader that goes away', () => {
  const folder = useTempFolder();

  it('ends the run quietly, engine included', async function () {
    if (process.platform === 'win32') return;
    const fake = await FakeInstallation.make(folder());
    const cli = fake.start('endless', ['ingest', 'tars', '--json']);
    await cli.said(/"type":"started"/);
    cli.child.stdout?.destroy();
    assert.equal(await cli.ended, 130);
    assert.equal(cli.stderr, '');
  });

  it('is no error of --help', () => {
    const cli = join(projectFolder, 'dist', 'cli.js');
    const { stderr } = spawnSync('sh', ['-c', '"$0" "$1" ingest --help | true', process.execPath, cli], {
      encoding: 'utf8',
    });
    assert.equal(stderr, '');
  });
});

describe('an output that cannot be written', () => {
  const { source, state, args, ingest, library } = useIngest();
  /** Runs the built command line as a shell does. */
  const inShell = (script: string, ...given: string[]) => {
    const cli = join(projectFolder, 'dist', 'cli.js');
    const { status, stderr } = spawnSync('sh', ['-c', script, process.execPath, cli, ...given], {
      encoding: 'utf8',
      timeout: 20_000,
    });
    return { code: status, stderr };
  };
  const intoFullDisk = (...given: string[]) => inShell('exec "$0" "$@" >/dev/full', ...given);

  before(function () {
    if (process.platform !== 'linux') this.skip();
  });

  beforeEach(async () => {
    await makeTar(join(source(), 'a.tar'), 'gnu', {
      '1.txt': Buffer.from('one'),
      '2.txt': Buffer.from('two'),
    });
  });

  it('is told of, and an ingest goes on without it, and ends with 1', async () => {
    const { code, stderr } = intoFullDisk(...args());
    assert.match(
      stderr,
      /^tarshelf: The output cannot be written \(ENOSPC: .*\)\. The run goes on without it: .*tarshelf status.*\n$/,
    );
    assert.equal(code, 1);
    assert.equal((await keysInLibrary(library())).length, 2);
  });

  it('is told of by every other command, with exit code 1', async () => {
    assert.equal((await ingest()).code, 0);
    for (const given of [
      ['status', '--json', '--state-dir', state()],
      ['status', '--state-dir', state()],
      ['failed', '--state-dir', state()],
      ['logs', '--follow', '--state-dir', state()],
      ['stop', '--state-dir', state()],
      ['--help'],
    ]) {
      const { code, stderr } = intoFullDisk(...given);
      assert.match(
        stderr,
        /^tarshelf: The output cannot be written \(ENOSPC: .*\)\. Make room .*, then give the command again\.\n$/,
        given.join(' '),
      );
      assert.equal(code, 1, given.join(' '));
    }
  });

  it('is told of where a file takes a part of it', async () => {
    const file = join(source(), 'help.txt');
    // Of a write that passes the limit the system takes the beginning, and reports no error.
    const { code, stderr } = inShell(`ulimit -f 1; exec "$0" "$@" >'${file}'`, 'ingest', '--help');
    assert.ok((await readFile(file)).length > 0);
    assert.match(stderr, /^tarshelf: The output cannot be written \(EFBIG: /);
    assert.equal(code, 1);
  });

  it('is all in the file where there is room', async () => {
    const file = join(source(), 'help.txt');
    assert.deepEqual(inShell(`exec "$0" "$@" >'${file}'`, 'ingest', '--help'), { code: 0, stderr: '' });
    assert.equal(await readFile(file, 'utf8'), (await tarshelf(['ingest', '--help'])).stdout);
  });
});
