import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { EngineHost, type Run, type RunHold } from '../../../src/engine/supervisor/engineHost.ts';
import type { StateBoard } from '../../../src/engine/supervisor/stateBoard.ts';
import { StateFolder } from '../../../src/engine/supervisor/stateFolder.ts';
import type { EngineAnswer } from '../../../src/protocol/clientMessages.ts';
import type { Failure } from '../../../src/protocol/errors.ts';
import type { IngestOptions } from '../../../src/protocol/ingestOptions.ts';
import { noSecrets } from '../../../src/protocol/secrets.ts';
import { tarState, workerState } from '../cli/states.ts';
import { EngineSocket, readNote } from '../../support/engineSocket.ts';
import { HandClock } from '../../support/handClock.ts';
import { useTempFolder } from '../../support/tempFolder.ts';

/** A run that ends when the test says so. */
class FakeRun implements Run {
  readonly board: StateBoard;
  readonly hold: RunHold;
  readonly asked: string[] = [];
  readonly #end = Promise.withResolvers<null>();

  constructor(board: StateBoard, hold: RunHold) {
    this.board = board;
    this.hold = hold;
  }

  async run(): Promise<void> {
    this.asked.push('run');
    await this.#end.promise;
  }

  goOn(): void {
    this.board.setTar(tarState('a.tar'));
    this.board.changeRun({ phase: 'running' });
  }

  end(phase: 'finished' | 'stopped'): void {
    this.board.changeRun({ phase });
    this.#end.resolve(null);
  }

  refuse(failure: Failure): void {
    this.board.refuse(failure);
    this.#end.resolve(null);
  }

  stop(): void {
    this.asked.push('stop');
  }

  restartWorker(worker: number | null): string {
    return `restart ${String(worker)}`;
  }

  pauseWorker(worker: number | null): string {
    return `pause ${String(worker)}`;
  }

  resumeWorker(worker: number | null): string {
    return `resume ${String(worker)}`;
  }

  reassign(worker: number, to: readonly number[] | null): string {
    return `reassign ${String(worker)} ${JSON.stringify(to)}`;
  }
}

const done: EngineAnswer = { type: 'done', message: null };

describe('engine', () => {
  const folder = useTempFolder();
  const state = (): string => join(folder(), 'state');
  let clock: HandClock;
  let runs: FakeRun[];
  let hosts: { host: EngineHost; hasEnded: boolean }[];
  let alive: Set<number>;
  let killed: number[];

  beforeEach(() => {
    clock = new HandClock();
    runs = [];
    hosts = [];
    alive = new Set();
    killed = [];
  });

  afterEach(async () => {
    for (const { host } of hosts) host.drain('the test is over');
    for (const run of runs) run.end('stopped');
    await clock.pass(20_000);
    await Promise.all(hosts.map(({ host }) => host.ended));
  });

  async function start(): Promise<{ host: EngineHost; hasEnded: boolean }> {
    const host = await EngineHost.start(state(), {
      clock,
      temporaryFolder: folder(),
      processes: {
        isSame: ({ pid }) => Promise.resolve(alive.has(pid)),
        killTree: ({ pid }) => {
          killed.push(pid);
          alive.delete(pid);
          return Promise.resolve(1);
        },
      },
      makeRun: (_options, _secrets, board, hold) => {
        const run = new FakeRun(board, hold);
        runs.push(run);
        return run;
      },
    });
    const started = { host, hasEnded: false };
    hosts.push(started);
    void host.ended.then(() => {
      started.hasEnded = true;
    });
    return started;
  }

  function options(stateFolder = state()): IngestOptions {
    return {
      ...{ sourceFolders: ['/tars'], stateFolder, workers: 1, batchSize: 1, parallelUploads: 1 },
      ...{ mode: 'auto', afterCompletion: 'keep', metadataReader: 'auto' },
      destination: { kind: 'library', folder: '/library' },
    };
  }

  const startRun = (client: EngineSocket, stateFolder?: string): Promise<EngineAnswer> =>
    client.ask({ type: 'ingest:start', options: options(stateFolder), secrets: noSecrets });

  /** Begins a run, and waits until it is under way. */
  async function running(client: EngineSocket): Promise<FakeRun> {
    const before = runs.length;
    const answer = startRun(client);
    await until(() => runs.length > before);
    runs.at(-1)!.goOn();
    assert.deepEqual(await answer, done);
    return runs.at(-1)!;
  }

  async function until(condition: () => boolean): Promise<void> {
    while (!condition()) await setImmediate();
  }

  /** Leaves, and waits until the engine has seen that. */
  async function leave(client: EngineSocket): Promise<void> {
    const { host } = hosts.at(-1)!;
    const before = host.clients;
    client.leave();
    await until(() => host.clients < before);
  }

  /** Waits for the engine to end without any time going by. */
  async function ended(engine: { hasEnded: boolean }): Promise<void> {
    while (!engine.hasEnded) await clock.pass(0);
  }

  const codeOf = (answer: EngineAnswer): string =>
    answer.type === 'request:failed' ? answer.failure.code : '';
  const messageOf = (answer: EngineAnswer): string => (answer.type === 'done' ? (answer.message ?? '') : '');

  it('has the state folder for its whole life, and leaves no trace of itself at its end', async () => {
    const engine = await start();
    await assert.rejects(start(), {
      ...{
        code: 'STATE_IN_USE',
        message: /^Another ingest is using [^\n]*"tarshelf attach"[^\n]*"tarshelf stop"/,
      },
    });
    assert.equal((await readNote(state())).pid, process.pid);
    const client = await EngineSocket.attach(state());
    assert.deepEqual(await client.ask({ type: 'engine:end', drain: false }), done);
    await client.closed;
    // Who sees the connection end finds the folder free.
    (await StateFolder.take(state())).release();
    await until(() => engine.hasEnded);
    assert.equal(clock.waiting, 0);
    const left = await readdir(state());
    assert.deepEqual(
      left.filter(name => name.startsWith('engine.')),
      ['engine.lock'],
    );
  });

  it('has no run at first, then the present one, then the last one', async () => {
    await start();
    const client = await EngineSocket.attach(state());
    const [first] = client.events;
    assert.ok(first?.type === 'snapshot');
    assert.deepEqual([first.snapshot.run, first.snapshot.options, first.snapshot.tars], [null, null, []]);
    assert.equal(first.snapshot.history.at(-1)?.kind, 'engine');
    const run = await running(client);
    const during = await EngineSocket.attach(state());
    const [second] = during.events;
    assert.ok(second?.type === 'snapshot');
    assert.equal(second.snapshot.run?.phase, 'running');
    assert.deepEqual(second.snapshot.options, options());
    assert.equal(second.snapshot.tars.length, 1);
    run.end('finished');
    await client.event(event => event.type === 'run:changed' && event.run.phase === 'finished');
    const [third] = (await EngineSocket.attach(state())).events;
    assert.equal(third?.type === 'snapshot' && third.snapshot.run?.phase, 'finished');
  });

  it('tells a client that comes late how fast the run was from its begin, and then each second', async () => {
    await start();
    const first = await EngineSocket.attach(state());
    assert.deepEqual(await first.ask({ type: 'throughput:get' }), { type: 'throughput', history: null });
    const run = await running(first);
    run.board.setWorker(workerState(3));
    run.board.advanceTar('a.tar', 3, 500, {});
    await clock.pass(2000);
    const late = await EngineSocket.attach(state());
    const answer = await late.ask({ type: 'throughput:get' });
    assert.ok(answer.type === 'throughput' && answer.history);
    const { since, series } = answer.history;
    assert.deepEqual(
      series.run.map(({ at, total, workers }) => [at, total[0], workers[2]?.[0]]),
      [
        [1, 500, 500],
        [2, 0, 0],
      ],
    );
    await clock.pass(1000);
    const added = await late.event(event => event.type === 'throughput:added');
    assert.ok(added.type === 'throughput:added');
    assert.deepEqual([added.since, added.point.at], [since, 3]);
    run.end('finished');
    await clock.pass(5000);
    const after = await late.ask({ type: 'throughput:get' });
    assert.ok(after.type === 'throughput');
    assert.equal(after.history?.series.run.length, 3);
  });

  it('takes one run after another, and a second one meanwhile not', async () => {
    await start();
    const client = await EngineSocket.attach(state());
    const first = await running(client);
    const other = await EngineSocket.attach(state());
    assert.equal(codeOf(await startRun(other)), 'STATE_IN_USE');
    assert.equal(runs.length, 1);
    first.end('finished');
    await client.event(event => event.type === 'run:changed' && event.run.phase === 'finished');
    // At once: nothing of the first one is in the way of the second, and of two only one is begun.
    const answers = Promise.all([startRun(client), startRun(other)]);
    await until(() => runs.length === 2);
    // What changed last in the first one is no news of the second.
    first.board.changeRun({ phase: 'finished', sourceFolders: ['/late'] });
    runs[1]!.goOn();
    assert.deepEqual((await answers).map(codeOf).sort(), ['', 'STATE_IN_USE']);
    assert.equal(runs.length, 2);
    const told = client.events.filter(
      event => event.type === 'run:changed' && event.run.sourceFolders[0] === '/late',
    );
    assert.deepEqual(told, []);
    // The second one's state replaced the first one's in whole.
    assert.equal(client.events.filter(event => event.type === 'snapshot').length, 3);
  });

  it('answers a refusal with its code, tells it to all, and can begin another run', async () => {
    await start();
    const client = await EngineSocket.attach(state());
    const answer = startRun(client);
    await until(() => runs.length === 1);
    runs[0]!.refuse({ code: 'SOURCE_MISSING', message: 'There is no folder /tars.' });
    assert.deepEqual(await answer, {
      ...{
        type: 'request:failed',
        failure: { code: 'SOURCE_MISSING', message: 'There is no folder /tars.' },
      },
    });
    await client.event(event => event.type === 'run:changed' && event.run.phase === 'refused');
    await running(client);
  });

  it('refuses a run in another state folder, and knows its own by any name', async () => {
    await start();
    const client = await EngineSocket.attach(state());
    assert.equal(codeOf(await startRun(client, join(folder(), 'other'))), 'USAGE');
    await symlink(state(), join(folder(), 'link'));
    const answer = startRun(client, join(folder(), 'link'));
    await until(() => runs.length === 1);
    runs[0]!.goOn();
    assert.deepEqual(await answer, done);
  });

  it('says that nothing is running, before a run and after', async () => {
    await start();
    const client = await EngineSocket.attach(state());
    const ask = async (): Promise<string[]> => [
      codeOf(await client.ask({ type: 'ingest:stop' })),
      codeOf(await client.ask({ type: 'worker:restart', worker: 1 })),
      codeOf(await client.ask({ type: 'worker:pause', worker: null })),
      codeOf(await client.ask({ type: 'worker:resume', worker: null })),
      codeOf(await client.ask({ type: 'tars:reassign', worker: 1, to: null })),
    ];
    const nothing = Array.from({ length: 5 }, () => 'NOTHING_RUNNING');
    assert.deepEqual(await ask(), nothing);
    const run = await running(client);
    const answers = [
      messageOf(await client.ask({ type: 'worker:restart', worker: 1 })),
      messageOf(await client.ask({ type: 'worker:pause', worker: null })),
      messageOf(await client.ask({ type: 'worker:resume', worker: 2 })),
      messageOf(await client.ask({ type: 'tars:reassign', worker: 1, to: [2] })),
    ];
    assert.deepEqual(answers, ['restart 1', 'pause null', 'resume 2', 'reassign 1 [2]']);
    run.end('finished');
    await client.event(event => event.type === 'run:changed' && event.run.phase === 'finished');
    assert.deepEqual(await ask(), nothing);
  });

  it('stops a run and lives on, attached', async () => {
    const engine = await start();
    const client = await EngineSocket.attach(state());
    const run = await running(client);
    assert.deepEqual(await client.ask({ type: 'ingest:stop' }), done);
    assert.deepEqual(run.asked, ['run', 'stop']);
    run.end('stopped');
    await client.event(event => event.type === 'run:changed' && event.run.phase === 'stopped');
    await clock.pass(600_000);
    assert.equal(engine.hasEnded, false);
  });

  it('ends by itself when nobody has attached for a minute', async () => {
    const engine = await start();
    await clock.pass(59_999);
    assert.equal(engine.hasEnded, false);
    await clock.pass(1);
    await engine.host.ended;
  });

  it('ends a minute after the last client has left it idle, and not while one is there', async () => {
    const engine = await start();
    const clients = [await EngineSocket.attach(state()), await EngineSocket.attach(state())];
    await clock.pass(100_000);
    await leave(clients[0]!);
    await clock.pass(100_000);
    assert.equal(engine.hasEnded, false);
    await leave(clients[1]!);
    await clock.pass(30_000);
    const again = await EngineSocket.attach(state());
    await clock.pass(100_000);
    await leave(again);
    await clock.pass(59_999);
    assert.equal(engine.hasEnded, false);
    await clock.pass(1);
    await engine.host.ended;
  });

  it('ends soon after the last client has left it idle, where the last word was so', async () => {
    const engine = await start();
    const client = await EngineSocket.attach(state(), { whenLeft: 'stop' });
    const run = await running(client);
    run.end('finished');
    await client.event(event => event.type === 'run:changed' && event.run.phase === 'finished');
    await leave(client);
    await clock.pass(2999);
    assert.equal(engine.hasEnded, false);
    await clock.pass(1);
    await engine.host.ended;
  });

  it('keeps a run that all have left, and ends with it', async () => {
    const engine = await start();
    const client = await EngineSocket.attach(state(), { whenLeft: 'keepRunning' });
    const run = await running(client);
    await leave(client);
    await clock.pass(86_400_000);
    assert.deepEqual(run.asked, ['run']);
    run.end('finished');
    await ended(engine);
  });

  it('stops a run that all have left for 3 s, where the last word was so, and ends', async () => {
    const engine = await start();
    const client = await EngineSocket.attach(state(), { whenLeft: 'stop' });
    const watching = await EngineSocket.attach(state());
    const run = await running(client);
    await leave(client);
    await clock.pass(100_000);
    await leave(watching);
    await clock.pass(2999);
    // A window that is being reloaded is back in time.
    const back = await EngineSocket.attach(state());
    await clock.pass(100_000);
    assert.deepEqual(run.asked, ['run']);
    await leave(back);
    await clock.pass(3000);
    assert.deepEqual(run.asked, ['run', 'stop']);
    run.end('stopped');
    await ended(engine);
  });

  it('goes on for a client that comes while a run ends that all had left', async () => {
    const engine = await start();
    const client = await EngineSocket.attach(state(), { whenLeft: 'stop' });
    const run = await running(client);
    await leave(client);
    await clock.pass(3000);
    const late = await EngineSocket.attach(state());
    run.end('stopped');
    await late.event(event => event.type === 'run:changed' && event.run.phase === 'stopped');
    await running(late);
    await clock.pass(100_000);
    assert.equal(engine.hasEnded, false);
  });

  it('hears another word on what becomes of the run', async () => {
    await start();
    const client = await EngineSocket.attach(state(), { whenLeft: 'stop' });
    const run = await running(client);
    assert.deepEqual(await client.ask({ type: 'client:when-left', whenLeft: 'keepRunning' }), done);
    await leave(client);
    await clock.pass(1_000_000);
    assert.deepEqual(run.asked, ['run']);
  });

  it('is not ended by one client under the hands of another, nor under a run', async () => {
    const engine = await start();
    const client = await EngineSocket.attach(state());
    const other = await EngineSocket.attach(state());
    assert.equal(codeOf(await client.ask({ type: 'engine:end', drain: false })), 'ENGINE_BUSY');
    await leave(other);
    const run = await running(client);
    assert.equal(codeOf(await client.ask({ type: 'engine:end', drain: false })), 'ENGINE_BUSY');
    run.end('finished');
    await client.event(event => event.type === 'run:changed' && event.run.phase === 'finished');
    assert.deepEqual(await client.ask({ type: 'engine:end', drain: false }), done);
    await client.closed;
    await engine.host.ended;
  });

  it('drains when it is asked to, whoever is attached, and begins nothing meanwhile', async () => {
    const engine = await start();
    const client = await EngineSocket.attach(state());
    const other = await EngineSocket.attach(state());
    const run = await running(client);
    assert.match(messageOf(await other.ask({ type: 'engine:end', drain: true })), /books in hand/);
    assert.deepEqual(run.asked, ['run', 'stop']);
    assert.equal(codeOf(await startRun(client)), 'STATE_IN_USE');
    assert.match(messageOf(await client.ask({ type: 'engine:end', drain: false })), /already/);
    run.end('stopped');
    await Promise.all([client.closed, other.closed, engine.host.ended]);
    assert.ok(client.events.some(event => event.type === 'run:changed' && event.run.phase === 'stopped'));
    const status = JSON.parse(await readFile(join(state(), 'status.json'), 'utf8')) as { endedAt?: string };
    assert.notEqual(status.endedAt, undefined);
    const log = await readFile(join(state(), 'auto_monitor.log'), 'utf8');
    assert.match(log, /The engine ended: a client asked for it\./);
  });

  it('answers one that waits for its run to begin when it drains', async () => {
    const engine = await start();
    const client = await EngineSocket.attach(state());
    const answer = startRun(client);
    await until(() => runs.length === 1);
    engine.host.drain('by a signal');
    runs[0]!.end('stopped');
    assert.deepEqual(await answer, done);
    await engine.host.ended;
  });

  it('is found again within a minute when its note and its socket were cleaned away', async () => {
    await start();
    const client = await EngineSocket.attach(state());
    const { address } = await readNote(state());
    await Promise.all(
      [address, join(state(), 'engine.token'), join(state(), 'engine.json')].map(path => rm(path)),
    );
    await clock.pass(60_000);
    let found: EngineSocket | undefined;
    while (!found) found = await EngineSocket.attach(state()).catch(() => undefined);
    assert.notEqual((await readNote(state())).address, address);
    assert.equal((await client.ask({ type: 'snapshot:get' })).type, 'done');
  });

  it('leaves its last words in the log when it dies', async () => {
    const { host } = await start();
    host.noteDeath(new Error('out of luck'));
    assert.match(
      await readFile(join(state(), 'parallel_tar_upload.log'), 'utf8'),
      /ERROR .*died: out of luck/,
    );
  });

  it('notes its workers while it has them', async () => {
    await start();
    const client = await EngineSocket.attach(state());
    const run = await running(client);
    run.hold.onWorkersChanged([{ number: 1, pid: 4711, processStart: 'now' }]);
    while ((await readNote(state())).workers.length === 0) await setImmediate();
    assert.deepEqual((await readNote(state())).workers, [{ number: 1, pid: 4711, processStart: 'now' }]);
    run.hold.onWorkersChanged([]);
    while ((await readNote(state())).workers.length > 0) await setImmediate();
  });

  describe('after one that was killed', () => {
    const left = { number: 3, pid: 4711, processStart: 'then' };

    async function leaveNote(host: string): Promise<void> {
      await mkdir(state());
      await writeFile(
        join(state(), 'engine.json'),
        JSON.stringify({
          ...{ protocol: 1, version: '0.0.1', pid: 99, processStart: null, host, address: '/tmp/gone' },
          ...{ startedAt: '2026-01-01T00:00:00.000Z', workers: [left] },
        }),
      );
      alive.add(left.pid);
    }

    it('is there at once, and begins no run before the workers left are gone or ended', async () => {
      await leaveNote(hostname());
      await start();
      // Were this engine killed now, the next one would find them, too.
      assert.deepEqual((await readNote(state())).workers, [left]);
      const client = await EngineSocket.attach(state());
      const answer = startRun(client);
      await client.event(event => event.type === 'notice' && event.message.includes('earlier run'));
      await clock.pass(14_000);
      assert.deepEqual([killed, runs[0]!.asked], [[], []]);
      await clock.pass(2000);
      assert.deepEqual([killed, runs[0]!.asked], [[left.pid], ['run']]);
      runs[0]!.goOn();
      assert.deepEqual(await answer, done);
      await client.event(event => event.type === 'history:added' && event.entry.kind === 'swept');
      await client.event(
        event => event.type === 'notice' && event.message.startsWith('Worker 3 of an earlier'),
      );
      while ((await readNote(state())).workers.length > 0) await setImmediate();
    });

    it('stops a run that waits for them, and leaves them to the next engine when it ends', async () => {
      await leaveNote(hostname());
      const engine = await start();
      const client = await EngineSocket.attach(state());
      const answer = startRun(client);
      await client.event(event => event.type === 'notice');
      await client.ask({ type: 'ingest:stop' });
      await until(() => runs[0]!.asked.includes('run'));
      runs[0]!.end('stopped');
      assert.deepEqual(await answer, done);
      await client.ask({ type: 'engine:end', drain: false });
      await engine.host.ended;
      assert.deepEqual(killed, []);
      assert.deepEqual((await readNote(state())).workers, [left]);
    });

    it('signals nobody by the note of another machine', async () => {
      await leaveNote('another machine');
      await start();
      assert.deepEqual((await readNote(state())).workers, []);
      await clock.pass(30_000);
      assert.deepEqual(killed, []);
    });
  });
});
