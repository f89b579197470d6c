import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startTarshelf, type Finished } from '../support/commandLine.ts';
import { makeTar } from '../support/gnuTar.ts';
import { useIngest } from '../support/ingestFixture.ts';
import { filesInLibrary, keysInLibrary, recordsAreTrue } from '../support/libraryTruth.ts';

describe('a run that was stopped', () => {
  const { source, state, library, args, ingest } = useIngest();
  const tars = 2;
  const booksInTar = 400;
  const books = tars * booksInTar;

  beforeEach(async () => {
    for (let tar = 0; tar < tars; tar++) {
      const files: Record<string, Buffer> = {};
      for (let n = 0; n < booksInTar; n++) {
        files[`${String(n)}.txt`] = Buffer.from(`book ${String(n)} of ${String(tar)}`.padEnd(2000));
        files[`${String(n)}.jpg`] = Buffer.from(`picture ${String(n)}`);
      }
      await makeTar(join(source(), `${String(tar)}.tar`), 'gnu', files);
    }
  });

  /** Begins an ingest and stops it, as Ctrl-C does, once both tars are half-way on the shelf. */
  async function stopHalfWay(...more: string[]): Promise<Finished> {
    const command = startTarshelf(args(...more));
    let ended = false;
    void command.finished.then(() => (ended = true));
    while ((await filesInLibrary(library()).catch(() => 0)) < books / 3) {
      assert.ok(!ended, 'the run ended before it could be stopped');
      await sleep(2);
    }
    command.child.kill('SIGINT');
    return await command.finished;
  }

  async function linesOfLogs(pattern: RegExp): Promise<string[]> {
    const lines: string[] = [];
    for (const name of await readdir(state())) {
      if (!/^migration_worker\d+\.log$/.test(name)) continue;
      lines.push(...(await readFile(join(state(), name), 'utf8')).split('\n'));
    }
    return lines.filter(line => pattern.test(line));
  }

  /** The tars count what they would have after an unbroken run; each of the two runs counts what it has done itself. */
  async function isWhole(first: Finished, { code, summary, stdout }: Finished): Promise<void> {
    assert.equal(code, 0, stdout);
    assert.equal((await keysInLibrary(library())).length, books);
    await recordsAreTrue(state(), library());
    const ended = stdout.split('\n').filter(line => line.startsWith('{"type":"tar"'));
    assert.equal(ended.length, tars);
    for (const line of ended) {
      const tar = JSON.parse(line) as Record<string, unknown>;
      assert.deepEqual(tar['books'], { found: booksInTar, uploaded: booksInTar, duplicates: 0, failed: 0 });
      assert.deepEqual([tar['skipped'], tar['skippedBy']], [booksInTar, { unknown: booksInTar }]);
    }
    const before = first.summary?.books.uploaded ?? 0;
    assert.ok(before > 0);
    const uploaded = books - before;
    assert.deepEqual(summary?.books, { found: uploaded, uploaded, duplicates: 0, failed: 0 });
    assert.deepEqual(await linesOfLogs(/ already there /), [], 'no book is met again');
  }

  it('in the middle of a batch counts in the end what an unbroken one counts', async () => {
    const first = await stopHalfWay('--workers', '2', '--batch-size', '150');
    assert.equal(first.code, 130);
    assert.ok((await keysInLibrary(library())).length < books);
    await isWhole(first, await ingest('--workers', '2', '--batch-size', '150'));
  }).timeout(60_000);

  it('is gone on with by other workers where the ones before were', async () => {
    const first = await stopHalfWay('--workers', '2', '--batch-size', '20');
    assert.equal(first.code, 130);
    await isWhole(first, await ingest('--workers', '1', '--batch-size', '20'));
    // The tar of the second worker was the first one's now.
    const took = await linesOfLogs(/ tar 1\.tar started/);
    assert.equal(took.length, 2);
  }).timeout(60_000);

  it('lists every member that is no book, with its reason, once', async () => {
    await stopHalfWay('--workers', '2', '--batch-size', '20');
    await ingest('--workers', '3', '--batch-size', '50');
    const skipped = await linesOfLogs(/ skipped: /);
    const members = new Set(skipped.map(line => /skipped: (.+): unknown$/.exec(line)?.[1]));
    assert.equal(members.size, books);
  }).timeout(60_000);
});
