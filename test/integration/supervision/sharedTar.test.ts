import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Summary } from '../../../src/protocol/snapshot.ts';
import type { RunningCommand } from '../../support/commandLine.ts';
import type { EngineWatch } from '../../support/engineWatch.ts';
import { makeManyBooks } from '../../support/manyBooks.ts';
import { killAll, untilGone } from '../../support/processTree.ts';
import { useSupervised } from '../../support/supervised.ts';

const tar = '000.tar';
const booksInTar = 200;
/** Together more than what is worth sharing, for a while. */
const bookBytes = 512 * 1024;

describe('one tar and several workers', () => {
  const { source, state, ingest, launch, recorded, shelfHas } = useSupervised();
  let keys: readonly string[];

  beforeEach(async () => {
    keys = await makeManyBooks(source(), { tars: 1, booksInTar, bytes: bookBytes });
  });

  /** A disk on which each book takes a while. */
  const start = (): Promise<{ command: RunningCommand; watch: EngineWatch }> =>
    launch({ slowWriteMs: 25 }, '--workers', '3', '--batch-size', '5');

  /** Pids of the holder and of a helper that has brought books to the shelf. */
  async function untilShared(watch: EngineWatch): Promise<{ holder: number; helper: number }> {
    const { store } = watch.client;
    const isHolder = (number: number): boolean =>
      store.tars.find(({ name }) => name === tar)?.worker === number;
    const helper = await watch.worker(
      ({ number, currentTar, phase }) => currentTar === tar && phase === 'upload' && !isHolder(number),
      'a helper that uploads',
    );
    const holder = await watch.worker(({ number }) => isHolder(number), 'the holder');
    assert.ok(helper.pid !== null && holder.pid !== null);
    return { holder: holder.pid, helper: helper.pid };
  }

  const booksHelpedWith = async (worker: number): Promise<number> => {
    const log = await readFile(join(state(), `migration_worker${String(worker)}.log`), 'utf8').catch(
      () => '',
    );
    return [...log.matchAll(/helped with 000\.tar: (\d+) book/g)].reduce((sum, [, n]) => sum + Number(n), 0);
  };

  /** @returns how many of the tar's books were duplicates, whichever run met them, and how many this run has brought */
  async function endsWell(command: RunningCommand): Promise<{ duplicates: number; newBooks: number }> {
    const { code, summary, stdout, stderr } = await command.finished;
    assert.equal(code, 0, stdout + stderr);
    assert.ok(summary);
    assert.deepEqual(summary.tars, { total: 1, completed: 1, failed: 0 });
    const ended = stdout.split('\n').filter(line => line.startsWith('{"type":"tar"'));
    assert.equal(ended.length, 1);
    const { books } = JSON.parse(ended[0]!) as Pick<Summary, 'books'>;
    const { found, uploaded, duplicates, failed } = books;
    assert.deepEqual([found, uploaded + duplicates, failed], [booksInTar, booksInTar, 0], stdout);
    const ofRun = summary.books;
    assert.deepEqual([ofRun.uploaded + ofRun.duplicates, ofRun.failed], [ofRun.found, 0], stdout);
    await shelfHas(keys);
    return { duplicates, newBooks: ofRun.uploaded };
  }

  it('is brought to the shelf by all of them', async () => {
    const { command } = await start();
    const { duplicates, newBooks } = await endsWell(command);
    assert.deepEqual([duplicates, newBooks], [0, booksInTar]);
    const [, second, third] = await Promise.all([1, 2, 3].map(booksHelpedWith));
    assert.ok(second! >= 20 && third! >= 20, `helped with ${String(second)} and ${String(third)} books`);
    assert.deepEqual(
      (await recorded()).filter(({ kind }) => kind !== 'engine'),
      [],
    );
    // All of it is recorded, so the next run has nothing to do, and its workers no reason to begin.
    const next = await ingest('--workers', '3');
    assert.equal(next.code, 0, next.stdout);
    assert.deepEqual(next.summary?.tars, { total: 1, completed: 1, failed: 0 });
    assert.doesNotMatch(next.stdout, /"phase":"upload"/);
  }).timeout(60_000);

  it('is on the shelf once, whoever of them is killed', async () => {
    const { command, watch } = await start();
    const first = await untilShared(watch);
    process.kill(first.helper, 'SIGKILL');
    await watch.history(({ kind }) => kind === 'died', 'the death of the helper');
    const second = await untilShared(watch);
    assert.equal(second.holder, first.holder, 'the holder goes on');
    process.kill(second.holder, 'SIGKILL');
    await endsWell(command);
    const died = (await recorded()).filter(({ kind }) => kind === 'died');
    assert.equal(died.length, 2);
  }).timeout(60_000);

  it('is gone on with where it was when all of them are killed', async () => {
    const { command, watch } = await start();
    await untilShared(watch);
    watch.client.dispose();
    const pids = await killAll(command.child.pid!, state());
    await command.finished;
    for (const pid of pids) await untilGone(pid, 10_000);
    const next = await start();
    await endsWell(next.command);
  }).timeout(60_000);

  it('is left whole by a stop, and counts what all of them have done', async () => {
    const { command, watch } = await start();
    await untilShared(watch);
    command.child.kill('SIGINT');
    const stopped = await command.finished;
    assert.ok(stopped.summary);
    const { uploaded } = stopped.summary.books;
    assert.ok(uploaded > 0 && uploaded < booksInTar, String(uploaded));
    const next = await start();
    const { duplicates, newBooks } = await endsWell(next.command);
    assert.deepEqual(
      [duplicates, uploaded + newBooks],
      [0, booksInTar],
      'each book was counted by the run that brought it',
    );
  }).timeout(60_000);
});
