import assert from 'node:assert/strict';
import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { IngestOptions } from '../../src/protocol/ingestOptions.ts';
import type { Summary } from '../../src/protocol/snapshot.ts';
import type { Supervision } from '../../src/protocol/supervision.ts';
import { EventLog } from '../../src/engine/system/eventLog.ts';
import { History } from '../../src/engine/supervisor/crew/history.ts';
import type { RunningWorker } from '../../src/engine/supervisor/crew/workerProcesses.ts';
import { WorkerProcess, type StartWorker } from '../../src/engine/supervisor/crew/workerProcess.ts';
import { Ingest } from '../../src/engine/supervisor/ingest.ts';
import { StateBoard } from '../../src/engine/supervisor/stateBoard.ts';
import { StateFolder } from '../../src/engine/supervisor/stateFolder.ts';
import { makeTar } from '../support/gnuTar.ts';
import { keyOf, keysInLibrary } from '../support/libraryTruth.ts';
import { useTempFolder } from '../support/tempFolder.ts';

const workerPath = join(import.meta.dirname, '../../dist/worker.js');

describe('supervision of real workers', () => {
  const folder = useTempFolder();
  const source = (): string => join(folder(), 'tars');
  const state = (): string => join(folder(), 'state');
  let workers: RunningWorker[];
  let ingest: Ingest;
  let board: StateBoard;
  let history: History;
  /** Keys of the books that can be stored. */
  let good: string[];

  beforeEach(async () => {
    await mkdir(source());
    good = [];
    workers = [];
  });

  afterEach(() => {
    delete process.env['NODE_OPTIONS'];
  });

  async function tar(name: string, books: number, bad: Readonly<Record<number, string>> = {}): Promise<void> {
    const files: Record<string, Buffer> = {};
    for (let n = 0; n < books; n++) {
      const body = Buffer.from(`book ${String(n)} of ${name} ${bad[n] ?? ''}`.padEnd(500, '.'));
      files[`${String(n).padStart(4, '0')}.txt`] = body;
      if (bad[n] === undefined) good.push(keyOf(body));
    }
    await makeTar(join(source(), name), 'gnu', files);
  }

  /** Runs an ingest to its end, with what may happen to it meanwhile. */
  async function run(
    workerCount: number,
    supervision: Partial<Supervision>,
    meanwhile: () => Promise<void> = () => Promise.resolve(),
  ): Promise<Summary> {
    const options: IngestOptions = {
      sourceFolders: [source()],
      stateFolder: state(),
      workers: workerCount,
      batchSize: 5,
      parallelUploads: 1,
      mode: 'in-place',
      afterCompletion: 'keep',
      metadataReader: 'builtin',
      destination: { kind: 'library', folder: join(state(), 'library') },
      supervision: { checkSeconds: 1, ...supervision },
    };
    const held = await StateFolder.take(state());
    const monitor = new EventLog(join(state(), 'auto_monitor.log'));
    history = await History.load(state(), monitor);
    board = new StateBoard(options, () => undefined);
    const onWorkersChanged = (now: RunningWorker[]): void => {
      workers = now;
    };
    const startWorker: StartWorker = listener => new WorkerProcess(workerPath, listener);
    ingest = new Ingest(options, { password: null, databasePassword: null }, startWorker, board, {
      state: held,
      history,
      onWorkersChanged,
    });
    try {
      await Promise.all([ingest.run(), meanwhile()]);
    } finally {
      held.release();
      monitor.close();
    }
    assert.equal(board.run.phase, 'finished', JSON.stringify(board.run.failure));
    assert.deepEqual(workers, []);
    assert.ok(board.run.summary);
    return board.run.summary;
  }

  /** The process of a worker that is at work in a tar. */
  async function atWork(number: number): Promise<RunningWorker> {
    for (;;) {
      const found = workers.find(worker => worker.number === number);
      if (found && board.worker(number).currentTar !== null && (await books()) > 5) return found;
      await sleep(5);
    }
  }

  async function books(): Promise<number> {
    return (await readdir(join(state(), 'library', 'books'), { recursive: true }).catch(() => [])).length;
  }

  const kinds = (): string[] => history.entries.map(entry => entry.kind);

  async function everyGoodBookIsThereOnce(): Promise<void> {
    assert.deepEqual(await keysInLibrary(join(state(), 'library')), good.toSorted());
  }

  it('goes on within 5 s after a kill', async () => {
    await tar('a.tar', 400);
    let tookMs = Infinity;
    const summary = await run(1, {}, async () => {
      const { pid, processStart } = await atWork(1);
      assert.ok(processStart !== null);
      const killedAt = performance.now();
      process.kill(pid, 'SIGKILL');
      while (board.worker(1).pid === pid || board.worker(1).currentTar === null) await sleep(5);
      tookMs = performance.now() - killedAt;
    });
    assert.ok(tookMs < 5000, `${String(tookMs)} ms`);
    assert.deepEqual(summary.tars, { total: 1, completed: 1, failed: 0 });
    assert.deepEqual(kinds(), ['died', 'restarted']);
    await everyGoodBookIsThereOnce();
  }).timeout(60_000);

  it('pauses, reassigns and resumes as a person asks', async () => {
    for (const name of ['a.tar', 'b.tar', 'c.tar', 'd.tar']) await tar(name, 150);
    const summary = await run(2, {}, async () => {
      await atWork(1);
      ingest.pauseWorker(1);
      while (board.worker(1).phase !== 'paused') await sleep(5);
      ingest.reassign(1, [2]);
      ingest.resumeWorker(1);
    });
    assert.deepEqual(summary.tars, { total: 4, completed: 4, failed: 0 });
    await everyGoodBookIsThereOnce();
    const recorded = JSON.parse(await readFile(join(state(), 'migration_progress_worker2.json'), 'utf8')) as {
      assigned_tars: string[];
      completed_tars: string[];
    };
    for (const name of recorded.completed_tars) assert.ok(recorded.assigned_tars.includes(name), name);
  }).timeout(60_000);
});
