import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Library } from '../../../src/engine/destinations/library/library.ts';
import { peekProgress } from '../../../src/engine/progress/workerProgress.ts';
import { handFilePath, readHand } from '../../../src/engine/progress/handFile.ts';
import { lockProgress } from '../../../src/engine/progress/workerLock.ts';
import type { DestinationOptions } from '../../../src/protocol/ingestOptions.ts';
import { makeTar, run } from '../../support/gnuTar.ts';
import { useIngest } from '../../support/ingestFixture.ts';
import { MyBookshelf2Server } from '../../support/mybookshelf2/mybookshelf2Server.ts';
import { StandInProgram } from '../../support/mybookshelf2Cli/standInProgram.ts';
import { firstMessage, OwnedWorker, shelfOptions } from '../../support/ownedWorker.ts';
import { commandsWith } from '../../support/processTree.ts';

/** What is promised to the next engine. */
const longestMs = 10_000;

describe('a worker that loses its engine', function () {
  this.timeout(60_000);
  const { source, state, folder } = useIngest();
  let worker: OwnedWorker | undefined;

  beforeEach(async () => {
    await mkdir(state());
  });
  afterEach(async () => {
    await worker?.end();
    worker = undefined;
  });

  async function start(
    destination: DestinationOptions,
    destinationId: string,
    password: string | null = null,
  ): Promise<OwnedWorker> {
    const folders = { sourceFolders: [source()], stateFolder: state() };
    worker = await OwnedWorker.start(firstMessage(folders, destination, destinationId, password));
    return worker;
  }

  async function makeBooks(count: number): Promise<void> {
    const files: Record<string, Buffer> = {};
    for (let n = 0; n < count; n++)
      files[`b${String(n)}.txt`] = Buffer.from(`book ${String(n)}\n`.padEnd(300, 'a text. '));
    await makeTar(join(source(), 'a.tar'), 'gnu', files);
  }

  const log = (): Promise<string> => readFile(join(state(), 'migration_worker1.log'), 'utf8');

  /** That the next worker may begin, and what it finds recorded as on the shelf. */
  async function settled(): Promise<number> {
    const lock = await lockProgress(state(), 1, 0);
    assert.ok(lock, 'the lock is free');
    lock.release();
    const record = await peekProgress(state(), 1);
    const tar = join(source(), 'a.tar');
    const { size, mtimeMs } = await stat(tar);
    const point = record?.resumePoint('a.tar', { sizeBytes: size, mtimeMs: Math.trunc(mtimeMs) });
    return (point?.settled.length ?? 0) + (point?.counts.uploaded ?? 0);
  }

  it('finishes the book in hand and saves, where that is quick', async () => {
    await makeBooks(400);
    const library = await Library.make(join(state(), 'library'));
    library.close();
    const owned = await start({ kind: 'library', folder: join(state(), 'library') }, library.id);
    await owned.until(event => event.type === 'claim:outcomes');
    await owned.killEngine();
    const tookMs = await owned.untilGone(longestMs);
    assert.ok(tookMs < 5000, `it took ${tookMs.toFixed(0)} ms`);
    const stored = (await readdir(join(state(), 'library', 'books'), { recursive: true })).filter(name =>
      name.endsWith('.txt'),
    );
    assert.ok(stored.length > 0 && stored.length < 400);
    assert.equal(await settled(), stored.length);
    assert.ok(!(await readdir(state())).includes('migration_journal_worker1.jsonl'), 'it is folded in');
  });

  it('leaves in time where its destination hangs, with all that is stored recorded and nothing else', async () => {
    await makeBooks(100);
    const server = await MyBookshelf2Server.start({ latencyMs: 5 });
    try {
      const owned = await start(shelfOptions(server), `mybookshelf2:${server.apiUrl}`, 'admin');
      while (server.sources.length < 2) await sleep(5);
      server.setFaults({ rate: 1, kinds: ['slow'], slowMs: 60_000, places: ['POST /api/upload'] });
      const before = server.requests.of('POST /api/upload');
      while (server.requests.of('POST /api/upload') === before) await sleep(5);
      await sleep(300);
      await owned.killEngine();
      const tookMs = await owned.untilGone(longestMs);
      assert.ok(tookMs > 7500, 'the book in hand had its time');
      assert.match(await log(), /the book in hand takes too long; it is left to the next run/);
      assert.equal(await settled(), server.sources.length);
      assert.equal(await readHand(handFilePath(state(), 1)), null, 'no book is suspected for it');
    } finally {
      await server.close();
    }
  });

  it('takes its program along that does not end when asked', async () => {
    await makeBooks(2);
    const program = await StandInProgram.make(folder());
    await program.addFault({ hang: true, stubborn: true });
    const options: DestinationOptions = {
      ...{ kind: 'mybookshelf2-cli', apiUrl: 'http://localhost:1', webSocketUrl: 'ws://localhost:1/ws' },
      ...{ userName: 'admin', fallbackLanguage: 'en', database: null, container: null },
      program: program.program,
    };
    const owned = await start(options, 'mybookshelf2:http://localhost:1', 'a secret');
    while (!(await program.hasTakenFaults())) await sleep(20);
    assert.equal((await commandsWith(program.program)).length > 0, true);
    await owned.killEngine();
    await owned.untilGone(longestMs);
    assert.deepEqual(await commandsWith(program.program), []);
    assert.equal(await settled(), 0);
  });

  it('leaves in time where a read of its disk never ends', async () => {
    run('mkfifo', [join(source(), 'a.tar')]);
    const library = await Library.make(join(state(), 'library'));
    library.close();
    const owned = await start({ kind: 'library', folder: join(state(), 'library') }, library.id);
    await owned.until(event => event.type === 'worker:health' && event.phase === 'index');
    await owned.killEngine();
    await owned.untilGone(longestMs);
    const record = await peekProgress(state(), 1);
    assert.deepEqual(record?.assignedTars, ['a.tar']);
  });

  it('has no such deadline where its engine asks it to stop', async () => {
    await makeBooks(3);
    const server = await MyBookshelf2Server.start();
    try {
      const owned = await start(shelfOptions(server), `mybookshelf2:${server.apiUrl}`, 'admin');
      server.setFaults({ rate: 1, kinds: ['slow'], slowMs: 11_000, places: ['POST /api/upload'] });
      while (server.requests.of('POST /api/upload') === 0) await sleep(5);
      owned.send({ type: 'worker:stop' });
      await sleep(10_200);
      assert.equal(owned.beats.at(-1)?.event.phase, 'stopping');
      await owned.untilGone(5000);
      assert.equal(server.sources.length, 1);
      assert.equal(await settled(), 1);
    } finally {
      await server.close();
    }
  });
});
