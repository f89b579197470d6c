import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startTarshelf, tarshelf } from '../../support/commandLine.ts';
import { makeTar } from '../../support/gnuTar.ts';
import { filesInLibrary, keysInLibrary } from '../../support/libraryTruth.ts';
import { descendants, untilGone } from '../../support/processTree.ts';
import { useTempFolder } from '../../support/tempFolder.ts';
import { jsonLines } from './cliOutput.ts';
import { FakeInstallation } from './fakeInstallation.ts';

const finishing = /Finishing the book in hand … press Ctrl-C again to leave at once/;

describe('a signal', () => {
  const folder = useTempFolder();
  let fake: FakeInstallation;

  beforeEach(async () => {
    fake = await FakeInstallation.make(folder());
  });

  afterEach(async () => {
    await fake.end();
  });

  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    it(`${signal} lets the engine finish and save, and ends with 130`, async () => {
      const cli = fake.start('endless', ['ingest', 'tars']);
      await cli.said(/^5 tars/m);
      cli.child.kill(signal);
      await cli.said(finishing);
      assert.equal(await cli.ended, 130);
      assert.match(cli.stdout, /^Stopped: 1 of 5 tars completed \(by an earlier run\), 4 not finished\.$/m);
      assert.match(cli.stdout, /^Run the same command again to go on/m);
    });
  }

  it('leaves standard output to the JSON lines with --json', async () => {
    const cli = fake.start('endless', ['ingest', 'tars', '--json']);
    await cli.said(/"type":"started"/);
    cli.child.kill('SIGINT');
    assert.equal(await cli.ended, 130);
    assert.match(cli.stderr, finishing);
    assert.equal(jsonLines(cli.stdout).at(-1)?.['type'], 'summary');
  });

  it('leaves at once when it comes a second time, and no engine stays behind', async () => {
    const cli = fake.start('stubborn', ['ingest', 'tars']);
    await cli.said(/^5 tars/m);
    const engines = await descendants(cli.child.pid ?? 0, 'engine.js');
    assert.equal(engines.length, 1);
    cli.child.kill('SIGINT');
    await cli.said(finishing);
    await sleep(400);
    const before = performance.now();
    cli.child.kill('SIGINT');
    assert.equal(await cli.ended, 130);
    assert.ok(performance.now() - before < 2000);
    assert.match(cli.stderr, /^tarshelf: Left at once\..*\n$/);
    for (const pid of engines) await untilGone(pid, 2000);
  });

  it('that comes twice at once, as npm sends it, counts as one', async () => {
    const cli = fake.start('endless', ['ingest', 'tars']);
    await cli.said(/^5 tars/m);
    cli.child.kill('SIGINT');
    await sleep(50);
    cli.child.kill('SIGINT');
    assert.equal(await cli.ended, 130);
    assert.match(cli.stdout, /^Stopped: /m);
    assert.equal(cli.stderr, '');
  });
});

describe('an interrupted ingest', () => {
  const folder = useTempFolder();
  const args = (...more: string[]): string[] => [
    'ingest',
    'tars',
    '--state-dir',
    'state',
    '--batch-size',
    '10',
    ...more,
  ];

  it('is completed by the next run, with every book on the shelf once', async () => {
    await mkdir(join(folder(), 'tars'));
    const expected = new Set<string>();
    for (let tar = 0; tar < 3; tar++) {
      const files: Record<string, Buffer> = {};
      for (let number = 0; number < 120; number++) {
        const body = Buffer.from(
          `book ${String(number)} ${number % 3 === 0 ? '' : String(tar)}`.padEnd(1000 + number, '.'),
        );
        files[`${String(number)}.txt`] = body;
        expected.add(`${createHash('sha1').update(body).digest('hex')}-${String(body.length)}`);
      }
      await makeTar(join(folder(), 'tars', `${String(tar)}.tar`), 'gnu', files);
    }
    const library = join(folder(), 'state', 'library');
    const first = startTarshelf(args('--json'), { cwd: folder() });
    await untilBooksIn(join(library, 'books'), 10);
    first.child.kill('SIGINT');
    const interrupted = await first.finished;
    assert.equal(interrupted.code, 130);
    assert.ok(interrupted.summary, 'an interrupted run has its summary too');
    const early = await keysInLibrary(library);
    assert.ok(early.length < expected.size, 'it was interrupted before its end');
    assert.equal(interrupted.summary.books.uploaded, early.length);

    const second = await tarshelf(args('--json'), { cwd: folder() });
    assert.equal(second.code, 0, second.stderr);
    assert.deepEqual(second.summary?.tars, { total: 3, completed: 3, failed: 0 });
    assert.deepEqual(await keysInLibrary(library), [...expected].sort());
    assert.equal(await filesInLibrary(library), expected.size);
  });
});

/** Waits until so many files are in a folder. */
async function untilBooksIn(folder: string, count: number): Promise<void> {
  const until = performance.now() + 10_000;
  for (;;) {
    try {
      if ((await readdir(folder, { recursive: true })).length >= count) return;
    } catch {
      // No library yet.
    }
    assert.ok(performance.now() < until, 'no books came');
    await sleep(5);
  }
}
