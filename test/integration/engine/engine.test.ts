import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { processStart } from '../../../src/engine/system/processes.ts';
import type { EngineAnswer, EngineEvent } from '../../../src/protocol/clientMessages.ts';
import type { EngineFile } from '../../../src/protocol/engineFile.ts';
import type { IngestOptions } from '../../../src/protocol/ingestOptions.ts';
import { noSecrets } from '../../../src/protocol/secrets.ts';
import type { StatusFile } from '../../../src/protocol/statusFile.ts';
import type { RunPhase } from '../../../src/protocol/snapshot.ts';
import { makeSampleTars } from '../../../src/samples/makeSample.ts';
import { launchEngine, startEngine, useEngines, type EngineProcess } from '../../support/engineProcess.ts';
import { EngineSocket, readNote } from '../../support/engineSocket.ts';
import { makeTar } from '../../support/gnuTar.ts';
import { keysInLibrary } from '../../support/libraryTruth.ts';
import { descendants, untilGone } from '../../support/processTree.ts';
import { useTempFolder } from '../../support/tempFolder.ts';

describe('an engine of its own', () => {
  useEngines();
  const folder = useTempFolder();
  const state = (): string => join(folder(), 'state');
  const source = (): string => join(folder(), 'tars');
  const library = (): string => join(folder(), 'library');

  const options = (): IngestOptions => ({
    ...{ sourceFolders: [source()], stateFolder: state(), workers: 2, batchSize: 5, parallelUploads: 1 },
    ...{ mode: 'auto', afterCompletion: 'keep', metadataReader: 'builtin' },
    destination: { kind: 'library', folder: library() },
  });
  const ingest = (client: EngineSocket): Promise<EngineAnswer> =>
    client.ask({ type: 'ingest:start', options: options(), secrets: noSecrets });
  const inPhase =
    (...phases: RunPhase[]) =>
    (event: EngineEvent): boolean =>
      event.type === 'run:changed' && phases.includes(event.run.phase);
  const codeOf = (answer: EngineAnswer): string =>
    answer.type === 'request:failed' ? answer.failure.code : answer.type;

  async function makeSample(): ReturnType<typeof makeSampleTars> {
    await mkdir(source());
    return await makeSampleTars(source());
  }

  /** Tars that take workers a while: book after book is put on the shelf. */
  async function makeLongTars(books: number): Promise<void> {
    await mkdir(source());
    for (const tar of ['a', 'b']) {
      const files: Record<string, Buffer> = {};
      for (let n = 0; n < books; n++) files[`${String(n)}.txt`] = Buffer.from(`book ${String(n)} of ${tar}`);
      await makeTar(join(source(), `${tar}.tar`), 'gnu', files);
    }
  }

  it('puts every book on the shelf for a client, is idle then, and does the same again', async () => {
    const sample = await makeSample();
    const engine = await startEngine(state());
    const client = await EngineSocket.attach(state());
    assert.equal(codeOf(await ingest(client)), 'done');
    assert.equal(codeOf(await ingest(client)), 'STATE_IN_USE');
    await client.event(inPhase('finished'));
    assert.equal((await keysInLibrary(library())).length, sample.books.length);
    const before = client.events.length;
    assert.equal(codeOf(await ingest(client)), 'done');
    await client.event(event => client.events.indexOf(event) >= before && inPhase('finished')(event));
    assert.equal((await keysInLibrary(library())).length, sample.books.length);
    assert.equal(codeOf(await client.ask({ type: 'engine:end', drain: false })), 'done');
    await client.closed;
    assert.equal(await engine.ended, 0);
    assert.deepEqual(
      (await readdir(state())).filter(name => name.startsWith('engine')),
      ['engine.lock'],
    );
    const numbers = client.events.filter(event => event.type !== 'snapshot').map(event => event.sequence);
    assert.deepEqual(
      numbers,
      numbers.map((_, index) => numbers[0]! + index),
    );
  });

  it('can be found and entered by its user alone', async () => {
    const engine = await startEngine(state());
    const note = await readNote(state());
    assert.equal(note.pid, engine.pid);
    assert.equal(note.processStart, await processStart(engine.pid));
    assert.equal((await stat(join(state(), 'engine.token'))).mode & 0o777, 0o600);
    assert.equal((await stat(join(state(), 'engine.json'))).mode & 0o777, 0o600);
    assert.equal((await stat(dirname(note.address))).mode & 0o777, 0o700);
    const client = await EngineSocket.attach(state());
    await client.ask({ type: 'engine:end', drain: true });
    assert.equal(await engine.ended, 0);
    await assert.rejects(stat(note.address), { code: 'ENOENT' });
  });

  it('refuses to be the second one, in one line, and the first goes on', async () => {
    const first = await startEngine(state());
    const second = await launchEngine(state());
    assert.ok(second.start.type === 'engine:refused');
    assert.equal(second.start.failure.code, 'STATE_IN_USE');
    assert.equal(await second.ended, 1);
    const client = await EngineSocket.attach(state());
    assert.equal((await readNote(state())).pid, first.pid);
    client.leave();
  });

  describe('whose first run is about to come', () => {
    const startWithTars = async (): Promise<EngineProcess> => {
      const { start, ...engine } = await launchEngine(state(), {}, [source()]);
      assert.deepEqual(start, { type: 'engine:ready' });
      return engine;
    };
    const workers = (engine: EngineProcess): Promise<number[]> => descendants(engine.pid, 'worker.js');

    it('has a worker begin beside its own start, and gives it to that run', async () => {
      await makeLongTars(20);
      const engine = await startWithTars();
      const [spare, ...others] = await workers(engine);
      assert.deepEqual(others, []);
      const client = await EngineSocket.attach(state());
      assert.equal(codeOf(await ingest(client)), 'done');
      const told = await client.event(
        event => event.type === 'worker:changed' && event.worker.number === 1 && event.worker.pid !== null,
      );
      assert.ok(told.type === 'worker:changed');
      assert.equal(told.worker.pid, spare);
      await client.event(inPhase('finished'));
      assert.equal((await keysInLibrary(library())).length, 40);
      assert.deepEqual(await workers(engine), []);
      client.leave();
    });

    it('ends that worker where the run does not come', async () => {
      await makeLongTars(1);
      const engine = await startWithTars();
      const spares = await workers(engine);
      assert.equal(spares.length, 1);
      const client = await EngineSocket.attach(state());
      assert.equal(codeOf(await client.ask({ type: 'engine:end', drain: false })), 'done');
      assert.equal(await engine.ended, 0);
      await untilGone(spares[0]!, 1000);
    });

    it('leaves none behind when it is killed', async () => {
      await makeLongTars(1);
      const engine = await startWithTars();
      const spares = await workers(engine);
      assert.equal(spares.length, 1);
      engine.child.kill('SIGKILL');
      await engine.ended;
      await untilGone(spares[0]!, 5000);
    });

    it('begins none where something is done already: there may be nothing to do', async () => {
      await makeLongTars(1);
      await mkdir(state());
      assert.deepEqual(await workers(await startWithTars()), []);
    });
  });

  it('refuses a state folder that cannot be one', async () => {
    await writeFile(join(folder(), 'file'), '');
    const { start, ended } = await launchEngine(join(folder(), 'file', 'state'));
    assert.equal(start.type === 'engine:refused' && start.failure.code, 'STATE_NOT_WRITABLE');
    assert.equal(await ended, 1);
  });

  it('answers a refused run with the code of the refusal, and lives on', async () => {
    await startEngine(state());
    const client = await EngineSocket.attach(state());
    assert.equal(codeOf(await ingest(client)), 'SOURCE_MISSING');
    await client.event(inPhase('refused'));
    await makeSample();
    assert.equal(codeOf(await ingest(client)), 'done');
    await client.event(inPhase('finished'));
  });

  it('takes over from one that was killed, whose note stands there for nobody', async () => {
    const sample = await makeSample();
    const first = await startEngine(state());
    const client = await EngineSocket.attach(state());
    void ingest(client).catch(() => undefined);
    await client.event(inPhase('running'));
    first.child.kill('SIGKILL');
    await first.ended;
    await client.closed;
    const stale = await readNote(state());
    assert.equal(stale.pid, first.pid);
    await assert.rejects(EngineSocket.attach(state()));
    const second = await startEngine(state());
    const note = await readNote(state());
    assert.equal(note.pid, second.pid);
    assert.notEqual(note.address, stale.address);
    const next = await EngineSocket.attach(state());
    assert.equal(codeOf(await ingest(next)), 'done');
    await next.event(inPhase('finished'));
    assert.equal((await keysInLibrary(library())).length, sample.books.length);
  });

  it('goes on with a run when all have left it, whoever started it is gone, and nobody reads its words', async () => {
    await makeLongTars(300);
    // With this it writes to standard error all the time.
    const engine = await startEngine(state(), { NODE_DEBUG: 'net' });
    // As by the end of the process that started it.
    engine.child.stderr?.destroy();
    const client = await EngineSocket.attach(state(), { whenLeft: 'keepRunning' });
    await ingest(client);
    client.leave();
    await sleep(3500);
    const back = await EngineSocket.attach(state());
    const [first] = back.events;
    assert.ok(first?.type === 'snapshot' && first.snapshot.run);
    assert.ok(['running', 'finished'].includes(first.snapshot.run.phase), first.snapshot.run.phase);
    if (first.snapshot.run.phase === 'running') await back.event(inPhase('finished'));
    assert.equal((await keysInLibrary(library())).length, 600);
    await back.ask({ type: 'engine:end', drain: false });
    assert.equal(await engine.ended, 0);
  }).timeout(60_000);

  it('stops a run that all have left, where that was their word, and ends', async () => {
    await makeLongTars(3000);
    const engine = await startEngine(state());
    const client = await EngineSocket.attach(state(), { whenLeft: 'stop' });
    await ingest(client);
    client.leave();
    const leftAt = performance.now();
    assert.equal(await engine.ended, 0);
    assert.ok(performance.now() - leftAt >= 2900);
    const status = JSON.parse(await readFile(join(state(), 'status.json'), 'utf8')) as StatusFile;
    assert.equal(status.snapshot.run.phase, 'stopped');
    assert.notEqual(status.endedAt, undefined);
    const books = (await keysInLibrary(library())).length;
    assert.ok(books > 0 && books < 6000, String(books));
  }).timeout(60_000);

  it('drains by a signal: the books in hand are finished, and nothing of it is left', async () => {
    await makeLongTars(3000);
    const engine = await startEngine(state());
    const client = await EngineSocket.attach(state());
    await ingest(client);
    await client.event(event => event.type === 'tar:changed' && event.tar.counts.uploaded > 0);
    const workers = await descendants(engine.pid, 'worker.js');
    assert.equal(workers.length, 2);
    for (const ignored of ['SIGINT', 'SIGHUP'] as const) engine.child.kill(ignored);
    engine.child.kill('SIGTERM');
    await client.event(inPhase('stopped'));
    await client.closed;
    assert.equal(await engine.ended, 0);
    for (const pid of workers) await untilGone(pid, 0);
    assert.deepEqual(
      (await readdir(state())).filter(name => name.startsWith('engine')),
      ['engine.lock'],
    );
  }).timeout(60_000);

  it('says in status.json that a run has ended while it lives on, and begins that anew with the next', async () => {
    await makeSample();
    await startEngine(state());
    const client = await EngineSocket.attach(state());
    const status = async (): Promise<StatusFile> =>
      JSON.parse(await readFile(join(state(), 'status.json'), 'utf8')) as StatusFile;
    await ingest(client);
    await client.event(inPhase('finished'));
    // The next one begins only when the last one's end is written.
    const before = client.events.length;
    await ingest(client);
    await client.event(event => client.events.indexOf(event) >= before && inPhase('finished')(event));
    assert.equal(codeOf(await client.ask({ type: 'ingest:stop' })), 'NOTHING_RUNNING');
    while ((await status()).endedAt === undefined) await sleep(10);
    assert.equal((await status()).snapshot.run.phase, 'finished');
  });

  it('idles at next to no cost', async () => {
    const engine = await startEngine(state());
    await EngineSocket.attach(state());
    const cpuTicks = async (): Promise<number> => {
      const text = await readFile(`/proc/${String(engine.pid)}/stat`, 'utf8');
      const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
      return Number(fields[11]) + Number(fields[12]);
    };
    await sleep(1000);
    const before = await cpuTicks();
    await sleep(3000);
    // A tick is 10 ms: 1 % of a core is 3 of them.
    assert.ok((await cpuTicks()) - before <= 3);
    const memory = /^VmRSS:\s+(\d+) kB$/m.exec(await readFile(`/proc/${String(engine.pid)}/status`, 'utf8'));
    assert.ok(Number(memory?.[1]) < 120 * 1024, memory?.[0]);
  });

  it('ends by itself when nobody comes for a minute, and nothing keeps its process', async () => {
    const host = new URL('../../../src/engine/supervisor/engineHost.ts', import.meta.url).href;
    const clock = new URL('../../../src/engine/system/clock.ts', import.meta.url).href;
    const child = spawn(
      process.execPath,
      [
        ...['--disable-warning=ExperimentalWarning', '--input-type=module', '-e'],
        `import { EngineHost } from ${JSON.stringify(host)};
         import { systemClock } from ${JSON.stringify(clock)};
         // A minute in half a second.
         const clock = { ...systemClock, after: (ms, callback) => systemClock.after(ms / 120, callback) };
         clock.now = () => systemClock.now() * 120;
         await EngineHost.start(process.argv[1], { clock, makeRun: () => { throw new Error('no run'); } });`,
        state(),
      ],
      { stdio: ['ignore', 'inherit', 'inherit'] },
    );
    const [code] = (await once(child, 'exit')) as unknown[];
    assert.equal(code, 0);
    assert.deepEqual(
      (await readdir(state())).filter(name => name.startsWith('engine')),
      ['engine.lock'],
    );
  });

  describe('after one that left workers', () => {
    const children = new Set<ChildProcess>();

    afterEach(() => {
      for (const child of children) child.kill('SIGKILL');
      children.clear();
    });

    /** A process that is no worker, but can be noted as one. */
    async function startOther(): Promise<{ child: ChildProcess; pid: number; gone: Promise<unknown> }> {
      const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000); console.log("there")'], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      children.add(child);
      const gone = once(child, 'exit');
      await once(child.stdout, 'data');
      return { child, pid: child.pid!, gone };
    }

    async function leaveNote(workers: EngineFile['workers']): Promise<void> {
      await mkdir(state(), { recursive: true });
      const note: EngineFile = {
        ...{
          protocol: 1,
          version: '0.0.1',
          pid: 1,
          processStart: null,
          host: hostname(),
          address: '/tmp/gone',
        },
        ...{ startedAt: '2026-01-01T00:00:00.000Z', workers },
      };
      await writeFile(join(state(), 'engine.json'), JSON.stringify(note));
    }

    it('ends one that is halted, tells it, and never one that began at another time', async () => {
      const sample = await makeSample();
      const halted = await startOther();
      const reborn = await startOther();
      const unknown = await startOther();
      halted.child.kill('SIGSTOP');
      await leaveNote([
        { number: 1, pid: halted.pid, processStart: await processStart(halted.pid) },
        { number: 2, pid: reborn.pid, processStart: `${String(await processStart(halted.pid))}0` },
        { number: 3, pid: unknown.pid, processStart: null },
      ]);
      const startedAt = performance.now();
      await startEngine(state());
      assert.ok(performance.now() - startedAt < 5000, 'nobody waits for the sweep to find the engine');
      const client = await EngineSocket.attach(state());
      const begun = ingest(client);
      await client.event(event => event.type === 'notice' && event.message.includes('earlier run'));
      await halted.gone;
      assert.equal(codeOf(await begun), 'done');
      const swept = await client.event(
        event => event.type === 'history:added' && event.entry.kind === 'swept',
      );
      assert.equal(swept.type === 'history:added' && swept.entry.worker, 1);
      await client.event(inPhase('finished'));
      assert.equal((await keysInLibrary(library())).length, sample.books.length);
      for (const { child } of [reborn, unknown])
        assert.deepEqual([child.exitCode, child.signalCode], [null, null]);
      assert.match(
        await readFile(join(state(), 'auto_monitor.log'), 'utf8'),
        /Worker 1 of an earlier engine/,
      );
    }).timeout(60_000);

    it('waits for a worker that is finishing the book in hand', async () => {
      await makeSample();
      const busy = await startOther();
      await leaveNote([{ number: 1, pid: busy.pid, processStart: await processStart(busy.pid) }]);
      await startEngine(state());
      const client = await EngineSocket.attach(state());
      const begun = ingest(client);
      await client.event(event => event.type === 'notice' && event.message.includes('earlier run'));
      assert.ok(!client.events.some(inPhase('running')));
      busy.child.kill('SIGTERM');
      assert.equal(codeOf(await begun), 'done');
      assert.ok(!client.events.some(event => event.type === 'history:added' && event.entry.kind === 'swept'));
      await client.event(inPhase('finished'));
    });
  });
});
