import assert from 'node:assert/strict';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { tarshelf } from '../../support/commandLine.ts';
import { makeTar } from '../../support/gnuTar.ts';
import { useTempFolder } from '../../support/tempFolder.ts';
import { assertOneClearLine, jsonLines } from './cliOutput.ts';

describe('wrong input gets one clear line, no stack trace and exit code 2', () => {
  const folder = useTempFolder();

  beforeEach(async () => {
    await mkdir(join(folder(), 'tars'));
    await makeTar(join(folder(), 'tars', 'a.tar'), 'ustar', { 'one.txt': Buffer.from('one') });
    await mkdir(join(folder(), 'copy'));
    await makeTar(join(folder(), 'copy', 'a.tar'), 'ustar', { 'other.txt': Buffer.from('other') });
    await mkdir(join(folder(), 'empty'));
    await writeFile(join(folder(), 'file'), 'no folder');
  });

  const cases: [string, string[], RegExp][] = [
    ['no command', [], /Name a command/],
    ['an unknown command', ['digest'], /Unknown command "digest"/],
    ['an unknown option without a command', ['--frobnicate'], /Unknown option --frobnicate/],
    ['no source folder', ['ingest'], /Name the folders that hold the tars/],
    ['a source folder that does not exist', ['ingest', 'nowhere'], /nowhere/],
    ['a file in place of the source folder', ['ingest', 'file'], /file is a file/],
    ['a source folder without tars', ['ingest', 'empty'], /no \.tar files/],
    ['one of two source folders that does not exist', ['ingest', 'tars', 'nowhere'], /no folder .*nowhere/],
    ['tars of one name', ['ingest', 'tars', 'copy'], /tars.a\.tar and .*copy.a\.tar have one name/],
    ['an unknown option', ['ingest', 'tars', '--frobnicate'], /Unknown option --frobnicate/],
    [
      'no workers',
      ['ingest', 'tars', '--workers', '0'],
      /--workers takes a whole number from 1 to 64, not "0"/,
    ],
    ['workers that are no number', ['ingest', 'tars', '--workers', 'x'], /--workers .* not "x"/],
    ['an option without its value', ['ingest', 'tars', '--workers'], /--workers needs a value/],
    [
      'an unknown destination',
      ['ingest', 'tars', '--destination', 'attic'],
      /--destination takes: .* not "attic"/,
    ],
    ['a state folder below a file', ['ingest', 'tars', '--state-dir', 'file/state'], /state folder .*file/],
    ['a library below a file', ['ingest', 'tars', '--library', 'file/library'], /library .*file/],
  ];
  for (const [name, args, message] of cases) {
    it(`for ${name}`, async () => {
      const { code, stdout, stderr } = await tarshelf(args, { cwd: folder() });
      assertOneClearLine(stderr);
      assert.match(stderr, message);
      assert.equal(stdout, '');
      assert.equal(code, 2);
    });
  }

  for (const args of [
    ['nowhere'],
    ['empty'],
    ['tars', '--workers', 'x'],
    ['tars', '--state-dir', 'file/state'],
  ]) {
    it(`with --json on standard error only, and no summary: ${args.join(' ')}`, async () => {
      const { code, stdout, stderr } = await tarshelf(['ingest', ...args, '--json'], { cwd: folder() });
      assertOneClearLine(stderr);
      assert.equal(stdout, '');
      assert.equal(code, 2);
    });
  }

  it('leaves no state folder behind for a source folder that is wrong', async () => {
    await tarshelf(['ingest', 'empty'], { cwd: folder() });
    await tarshelf(['ingest', 'nowhere'], { cwd: folder() });
    await tarshelf(['ingest', 'tars', 'copy'], { cwd: folder() });
    assert.ok(!(await readdir(folder())).includes('.tarshelf'));
  });
});

describe('a file that is no tar', () => {
  const folder = useTempFolder();

  beforeEach(async () => {
    await mkdir(join(folder(), 'tars'));
    await makeTar(join(folder(), 'tars', 'a.tar'), 'ustar', { 'one.txt': Buffer.from('one') });
    await writeFile(join(folder(), 'tars', 'b.tar'), 'This is no tar. '.repeat(100));
  });

  it('is named as failed while the others are read, and the exit code is 1', async () => {
    const { code, stdout, stderr } = await tarshelf(['ingest', 'tars'], { cwd: folder() });
    assert.equal(code, 1);
    assert.equal(stderr, '');
    assert.match(stdout, /^Completed: a\.tar \(1 book: 1 uploaded, 0 already there\)$/m);
    assert.match(stdout, /^Failed: b\.tar: .+$/m);
    assert.match(stdout, /^1 of 2 tars completed, 1 failed\.$/m);
    assert.match(stdout, /^1 failure:\n {2}b\.tar: .+$/m);
    assert.match(stdout, /run the same command again/);
  });

  it('is a line of its own with --json, and in the summary', async () => {
    const { code, stdout } = await tarshelf(['ingest', 'tars', '--json'], { cwd: folder() });
    assert.equal(code, 1);
    const lines = jsonLines(stdout);
    const failed = lines.find(line => line['type'] === 'tar' && line['name'] === 'b.tar');
    assert.ok(failed);
    assert.equal(failed['result'], 'failed');
    assert.equal((failed['failure'] as { code: string }).code, 'TAR_DAMAGED');
    assert.deepEqual(lines.at(-1)?.['tars'], { total: 2, completed: 1, failed: 1 });
  });
});
