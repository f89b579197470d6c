import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { tarshelf } from '../../support/commandLine.ts';
import { keyOf } from '../../support/libraryTruth.ts';
import { makeTar } from '../../support/gnuTar.ts';
import { makeManyBooks, readByItself } from '../../support/manyBooks.ts';
import { hasty, useSupervised } from '../../support/supervised.ts';

describe('a book that ends its worker', () => {
  const { source, args, ingest, launch, recorded, monitorLog, shelfHas } = useSupervised();

  it('is put aside after two tries, and every other book of its tar is on the shelf', async () => {
    const keys = await makeManyBooks(source(), {
      ...{ tars: 2, booksInTar: 30 },
      text: (tar, book) => (tar === 0 && book === 15 ? '@crash@' : ''),
    });
    const { command, watch } = await launch({}, '--workers', '2', '--batch-size', '10', ...hasty);
    // Looked at no longer, its engine ends with the command, and the next one's workers have no faults.
    watch.client.dispose();
    const { code, summary, stdout, stderr } = await command.finished;
    assert.equal(code, 1, stdout + stderr);
    assert.deepEqual(summary?.tars, { total: 2, completed: 1, failed: 1 });
    assert.equal(summary.books.failed, 1);
    assert.match(stdout, /"code":"POISON"/);
    const kinds = (await recorded()).map(({ kind }) => kind);
    assert.equal(kinds.filter(kind => kind === 'died').length, 2);
    assert.equal(kinds.filter(kind => kind === 'poison').length, 1);
    assert.match(await monitorLog(), /0015\.txt/);
    // The one that crashes is the only one that is missing.
    const poison = Buffer.from('book 15 0 @crash@'.padEnd(readByItself + 15, '.'));
    await shelfHas(keys.filter(key => key !== keyOf(poison)));

    // The next run leaves it alone; asked for, it is tried again, and crashes nobody any more.
    const next = await ingest();
    assert.equal(next.summary?.books.failed, 1, next.stdout);
    const retried = await tarshelf(['retry', ...args().slice(1)]);
    assert.equal(retried.code, 0, retried.stdout + retried.stderr);
    await shelfHas(keys);
  }).timeout(90_000);

  it('by blocking its event loop is found by the missing heartbeat, and is put aside as well', async () => {
    const keys = await makeManyBooks(source(), {
      // Larger ones are digested beside the event loop.
      ...{ tars: 1, booksInTar: 20, bytes: 1500 },
      text: (_tar, book) => (book === 7 ? '@block@' : ''),
    });
    const { command } = await launch({}, '--workers', '1', '--batch-size', '5', ...hasty);
    const { code, summary, stdout, stderr } = await command.finished;
    assert.equal(code, 1, stdout + stderr);
    assert.equal(summary?.books.failed, 1);
    const kinds = (await recorded()).map(({ kind }) => kind);
    assert.equal(kinds.filter(kind => kind === 'silent').length, 2);
    assert.equal(kinds.filter(kind => kind === 'poison').length, 1);
    assert.equal(keys.length - 1, summary.books.uploaded + summary.books.duplicates);
  }).timeout(90_000);

  it('only once is on the shelf after all', async () => {
    const keys = await makeManyBooks(source(), {
      ...{ tars: 2, booksInTar: 30 },
      text: (tar, book) => (tar === 1 && book === 11 ? '@crash-once@' : ''),
    });
    const { command, watch } = await launch({}, '--workers', '2', '--batch-size', '10');
    const died = await watch.history(({ kind }) => kind === 'died', 'a death');
    const again = await watch.history(({ kind }) => kind === 'restarted', 'a restart');
    assert.equal(again.worker, died.worker);
    assert.ok(Date.parse(again.at) - Date.parse(died.at) < 5000, `${died.at} to ${again.at}`);
    const { code, stdout, stderr } = await command.finished;
    assert.equal(code, 0, stdout + stderr);
    await shelfHas(keys);
  }).timeout(60_000);
});

describe('a worker', () => {
  const { source, launch, recorded, shelfHas } = useSupervised();

  it('that is halted is found, killed and started again', async () => {
    const keys = await makeManyBooks(source(), { tars: 3, booksInTar: 80 });
    const { command, watch } = await launch(
      { slowReadMs: 25 },
      '--workers',
      '3',
      '--batch-size',
      '10',
      ...hasty,
    );
    const { pid, number } = await watch.worker(
      ({ phase, pid }) => pid !== null && phase !== 'starting',
      'a worker at work',
    );
    process.kill(pid!, 'SIGSTOP');
    const { code, stdout, stderr } = await command.finished;
    assert.equal(code, 0, stdout + stderr);
    const history = await recorded();
    assert.deepEqual(
      // It may have been slow before it was silent.
      history.filter(({ worker, kind }) => worker === number && kind !== 'slow').map(({ kind }) => kind),
      ['silent', 'restarted'],
    );
    await shelfHas(keys);
  }).timeout(90_000);

  // What is read along with its header is digested in the event loop, what is larger beside it.
  for (const [what, bytes, found] of [
    ['whose event loop', 1500, 'silent'],
    ['whose thread that digests', 20_000, 'stuck'],
  ] as const)
    it(`${what} is blocked once is killed, and every book of its tar is on the shelf`, async () => {
      const keys = await makeManyBooks(source(), {
        ...{ tars: 2, booksInTar: 30, bytes },
        text: (tar, book) => (tar === 0 && book === 3 ? '@block-once@' : ''),
      });
      const { command } = await launch({}, '--workers', '2', '--batch-size', '10', ...hasty);
      const { code, stdout, stderr } = await command.finished;
      assert.equal(code, 0, stdout + stderr);
      const kinds = (await recorded()).map(({ kind }) => kind);
      assert.ok(kinds.includes(found), kinds.join(', '));
      await shelfHas(keys);
    }).timeout(90_000);

  it('that takes more and more memory is stopped at its limit, and goes on with an empty one', async () => {
    const keys = await makeManyBooks(source(), {
      ...{ tars: 1, booksInTar: 400 },
      text: (_tar, book) => (book === 5 ? '@leak-once@' : ''),
    });
    const { command } = await launch(
      { slowReadMs: 25 },
      ...['--workers', '1', '--batch-size', '10', '--worker-memory', '400'],
      ...hasty,
    );
    const { code, stdout, stderr } = await command.finished;
    assert.equal(code, 0, stdout + stderr);
    const history = await recorded();
    assert.deepEqual(
      // A busy machine may make it slow besides.
      history.filter(({ worker, kind }) => worker === 1 && kind !== 'slow').map(({ kind }) => kind),
      ['memory', 'restarted'],
    );
    await shelfHas(keys);
  }).timeout(120_000);

  it('that extracts for longer than the threshold is left alone while bytes come', async () => {
    const files: Record<string, Buffer> = {};
    for (let n = 0; n < 120; n++)
      files[`${String(n)}.txt`] = Buffer.from(`slow ${String(n)}`.padEnd(2000, '.'));
    await makeTar(`${source()}/slow.tar`, 'gnu', files);
    const begun = performance.now();
    const { command, watch } = await launch(
      { slowWriteMs: 60 },
      ...['--workers', '1', '--mode', 'extract'],
      ...hasty,
    );
    await watch.worker(({ phase }) => phase === 'extract', 'a worker that extracts');
    const { code, stdout, stderr } = await command.finished;
    assert.equal(code, 0, stdout + stderr);
    assert.ok(performance.now() - begun > 6000, 'it took longer than the threshold, twice');
    const own = (await recorded()).filter(({ worker }) => worker === 1);
    assert.deepEqual(own, []);
    await shelfHas(Object.values(files).map(keyOf).sort());
  }).timeout(120_000);

  it('that ends for good leaves its tars to the others: 200 tars, 2 of 4 workers', async () => {
    const keys = await makeManyBooks(source(), { tars: 200, booksInTar: 6, bytes: 400 });
    const { command, watch } = await launch({ slowReadMs: 25 }, '--workers', '4', '--batch-size', '10');
    const ended = new AbortController();
    void command.finished.then(() => {
      ended.abort();
    });
    while (!ended.signal.aborted) {
      for (const number of [1, 2]) {
        const worker = watch.client.store.worker(number);
        if (typeof worker?.pid !== 'number' || worker.phase === 'starting') continue;
        try {
          process.kill(worker.pid, 'SIGKILL');
        } catch {
          // It has ended, and the engine has not said so yet.
        }
      }
      await sleep(20);
    }
    const { code, summary, stdout, stderr } = await command.finished;
    assert.equal(code, 0, stdout.slice(-3000) + stderr);
    assert.deepEqual(summary?.tars, { total: 200, completed: 200, failed: 0 });
    await shelfHas(keys);
    const history = await recorded();
    for (const number of [1, 2]) {
      const own = history.filter(({ worker }) => worker === number).map(({ kind }) => kind);
      assert.equal(own.filter(kind => kind === 'restarted').length, 3, own.join(' '));
      assert.equal(own.filter(kind => kind === 'paused').length, 1, own.join(' '));
    }
    for (const number of [3, 4]) assert.ok(!history.some(({ worker }) => worker === number));
  }).timeout(180_000);
});
