import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { EngineClient, type EngineLaunch } from '../../../src/client/engineClient.ts';
import { findEngine } from '../../../src/client/engineFinder.ts';
import type { EngineEvent } from '../../../src/protocol/clientMessages.ts';
import {
  clientProtocolVersion,
  engineFileName,
  engineTokenFileName,
} from '../../../src/protocol/engineFile.ts';
import { TarshelfError, type ErrorCode } from '../../../src/protocol/errors.ts';
import type { IngestOptions } from '../../../src/protocol/ingestOptions.ts';
import { noSecrets } from '../../../src/protocol/secrets.ts';
import { isAlive } from '../../../src/engine/system/processes.ts';
import { endFakeEngines, fakeEnginePath, readNote, startFakeEngine } from '../../support/fakeEngines.ts';
import { untilGone } from '../../support/processTree.ts';
import { useTempFolder } from '../../support/tempFolder.ts';

/** Above what any system gives out. */
const deadPid = 2 ** 30;

const fails =
  (code: ErrorCode, message = /./) =>
  (thrown: unknown) => {
    assert.ok(thrown instanceof TarshelfError, String(thrown));
    assert.equal(thrown.code, code, thrown.message);
    assert.match(thrown.message, message);
    return true;
  };

describe('engine client', () => {
  const folder = useTempFolder();
  const state = (): string => join(folder(), 'state');
  const clients: EngineClient[] = [];
  const children: ChildProcess[] = [];

  const options = (change: Partial<IngestOptions> = {}): IngestOptions => ({
    sourceFolders: [join(folder(), 'tars')],
    stateFolder: state(),
    workers: 2,
    batchSize: 10,
    parallelUploads: 1,
    mode: 'auto',
    afterCompletion: 'keep',
    metadataReader: 'auto',
    destination: { kind: 'none' },
    ...change,
  });

  function makeClient(part: string, launch: Partial<EngineLaunch> = {}): EngineClient {
    const client = new EngineClient({
      enginePath: fakeEnginePath,
      env: { ...process.env, FAKE_ENGINE: part },
      whenLeft: 'stop',
      ...launch,
    });
    clients.push(client);
    return client;
  }

  async function startEngine(part: string, version?: string): Promise<ChildProcess> {
    const child = await startFakeEngine(state(), { part, ...(version === undefined ? {} : { version }) });
    children.push(child);
    return child;
  }

  /** Begins a run with one worker, and leaves it. */
  async function beginAsOldClient(): Promise<void> {
    const connection = await findEngine(state(), { whenLeft: 'keepRunning' });
    assert.ok(connection);
    await connection.request({ type: 'ingest:start', options: options({ workers: 1 }), secrets: noSecrets });
    connection.close();
  }

  afterEach(async () => {
    for (const client of clients.splice(0)) client.dispose();
    for (const child of children.splice(0)) child.kill('SIGKILL');
    await endFakeEngines(folder());
  });

  describe('looks for an engine', () => {
    const note = (change: object): string =>
      JSON.stringify({
        ...{ protocol: 1, version: '0.0.1', pid: process.pid, processStart: null, workers: [] },
        ...{ host: 'elsewhere', address: join(folder(), 'none.sock'), startedAt: new Date().toISOString() },
        ...change,
      });

    async function leave(change: object): Promise<void> {
      await mkdir(state());
      await writeFile(join(state(), engineTokenFileName), 'token');
      await writeFile(join(state(), engineFileName), note(change));
    }

    it('and finds none where none has been', async () => {
      const client = makeClient('endless');
      assert.equal(await client.attach(state()), false);
      assert.equal(client.isAttached, false);
      assert.equal(client.stateFolder, null);
      await assert.rejects(client.runEnd(), fails('NOTHING_RUNNING'));
      await assert.rejects(client.pauseWorker(1), fails('NOTHING_RUNNING'));
      await client.stop();
      await client.end({ drain: true });
    });

    for (const [what, change] of [
      ['whose process is gone', { host: undefined, pid: deadPid }],
      ['of another machine', {}],
      ['whose address nobody listens at', { host: undefined }],
    ] as const) {
      it(`and takes a note ${what} for that of nobody`, async () => {
        await leave({ ...change, host: 'host' in change ? hostname() : 'elsewhere' });
        assert.equal(await makeClient('endless').attach(state()), false);
      });

      it(`and starts one beside a note ${what}`, async () => {
        await leave({ ...change, host: 'host' in change ? hostname() : 'elsewhere' });
        const run = await makeClient('completes').ingest(options(), noSecrets);
        assert.equal(run.phase, 'finished');
      });
    }

    it('and takes half a note for none', async () => {
      await mkdir(state());
      await writeFile(join(state(), engineFileName), note({}).slice(0, 40));
      assert.equal(await makeClient('endless').attach(state()), false);
    });

    it('and says that one of a newer protocol is not for it', async () => {
      await leave({
        host: hostname(),
        protocol: clientProtocolVersion + 1,
        address: { kind: 'of the future' },
      });
      await assert.rejects(makeClient('endless').attach(state()), fails('ENGINE_OTHER_VERSION', /newer/));
      await assert.rejects(
        makeClient('endless').start(options(), noSecrets),
        fails('ENGINE_OTHER_VERSION', /newer/),
      );
    });

    it('and says within 5 s that it takes connections and does not answer', async () => {
      const child = await startEngine('silent');
      const before = performance.now();
      await assert.rejects(
        makeClient('endless').attach(state()),
        fails(
          'ENGINE_SILENT',
          new RegExp(`^The engine of .* \\(pid ${String(child.pid)}\\) does not answer`),
        ),
      );
      assert.ok(performance.now() - before < 6000);
    });

    it('and gives up at once when it is told to', async () => {
      await startEngine('silent');
      const abort = new AbortController();
      const attaching = makeClient('endless').attach(state(), abort.signal);
      await sleep(200);
      const before = performance.now();
      abort.abort();
      await assert.rejects(attaching, { name: 'AbortError' });
      assert.ok(performance.now() - before < 500);
    });

    it('and says that it hangs up, also with another token', async () => {
      await startEngine('hangsUp');
      await assert.rejects(makeClient('endless').attach(state()), fails('ENGINE_SILENT', /hangs up/));
    });

    it('and takes the token that is there a moment later', async () => {
      await startEngine('endless');
      const path = join(state(), engineTokenFileName);
      const token = await readFile(path, 'utf8');
      await writeFile(path, 'that of the engine before');
      const attaching = makeClient('endless').attach(state());
      await sleep(300);
      await writeFile(path, token);
      assert.equal(await attaching, true);
    });
  });

  describe('with a run', () => {
    it('starts an engine, sees its end, and ends the engine', async () => {
      const client = makeClient('completes');
      const run = await client.ingest(options(), noSecrets);
      assert.equal(run.phase, 'finished');
      assert.deepEqual(client.store.options?.sourceFolders, options().sourceFolders);
      assert.equal(client.stateFolder, state());
      const pid = client.enginePid!;
      const whys: (TarshelfError | null)[] = [];
      client.onDetached(why => whys.push(why));
      await client.end({ drain: false });
      assert.deepEqual(whys, [null]);
      assert.equal(isAlive(pid), false);
    });

    it('takes the engine that is there, and does not take its last run for the next one', async () => {
      await startEngine('completes');
      const first = makeClient('completes');
      await first.ingest(options(), noSecrets);
      const { pid } = await readNote(state());
      const second = makeClient('completes');
      const phases: (string | undefined)[] = [];
      second.onEvent(() => phases.push(second.store.run?.phase));
      const run = await second.ingest(options({ workers: 1 }), noSecrets);
      assert.equal(second.enginePid, pid);
      assert.equal(second.store.options?.workers, 1);
      assert.deepEqual([run.phase, phases.at(-1)], ['finished', 'finished']);
      assert.notEqual(phases[0], 'finished');
    });

    it('has the code of the refusal', async () => {
      const client = makeClient('refuses');
      await assert.rejects(client.ingest(options(), noSecrets), fails('SOURCE_MISSING'));
      assert.equal(client.isAttached, true);
      await client.end({ drain: false });
      assert.equal(client.isAttached, false);
    });

    it('says with its last words that the engine died', async () => {
      const client = makeClient('mute');
      await assert.rejects(client.ingest(options(), noSecrets), fails('ENGINE_DIED', /\(Error: no words\)/));
      const other = makeClient('dies');
      const whys: (TarshelfError | null)[] = [];
      other.onDetached(why => whys.push(why));
      await assert.rejects(other.ingest(options(), noSecrets), fails('ENGINE_DIED'));
      assert.deepEqual(
        whys.map(why => why?.code),
        ['ENGINE_DIED'],
      );
    });

    it('refuses a second one of its own, and that of another client', async () => {
      const client = makeClient('endless');
      await client.start(options(), noSecrets);
      await assert.rejects(client.start(options(), noSecrets), fails('ENGINE_BUSY'));
      const other = makeClient('endless');
      const seen: EngineEvent[] = [];
      other.onEvent(event => seen.push(event));
      await assert.rejects(
        other.start(options(), noSecrets),
        fails('STATE_IN_USE', /^Another ingest is using the state folder .*tarshelf attach.*tarshelf stop/),
      );
      assert.deepEqual([seen.length, other.isAttached], [0, false]);
      await client.stop();
      assert.equal(client.store.run?.phase, 'stopped');
    });

    it('stops it, also while it begins', async () => {
      const client = makeClient('endless');
      const running = client.ingest(options(), noSecrets);
      await client.stop();
      assert.equal((await running).phase, 'stopped');
    });

    it('of two that begin at once one has it, and the other is told so', async () => {
      for (let round = 0; round < 3; round++) {
        const both = [makeClient('endless'), makeClient('endless')];
        const begun = await Promise.allSettled(both.map(client => client.start(options(), noSecrets)));
        const won = begun.findIndex(({ status }) => status === 'fulfilled');
        assert.ok(won >= 0, 'one of them begins');
        const lost = begun[1 - won]!;
        assert.ok(lost.status === 'rejected', 'and one does not');
        fails('STATE_IN_USE')(lost.reason);
        assert.equal(both[won]!.store.run?.phase, 'running');
        await both[won]!.end({ drain: true });
        assert.equal(both[won]!.store.run.phase, 'stopped');
      }
    });

    it('waits for the end of an engine that takes no run any more, and begins it in the next one', async () => {
      const old = await startEngine('leaving');
      const client = makeClient('completes');
      assert.equal((await client.ingest(options(), noSecrets)).phase, 'finished');
      assert.notEqual(client.enginePid, old.pid);
      await client.end({ drain: false });
      const attached = makeClient('completes');
      await startEngine('leaving');
      await attached.attach(state());
      assert.equal((await attached.ingest(options(), noSecrets)).phase, 'finished');
      await attached.end({ drain: false });
    });

    it('asks for a snapshot when an event is missing', async () => {
      const client = makeClient('gap');
      await client.start(options(), noSecrets);
      const snapshots: number[] = [];
      client.onEvent(event => {
        if (event.type === 'snapshot') snapshots.push(event.sequence);
      });
      assert.equal(await client.pauseWorker(1), 'Worker 1 is paused.');
      const until = performance.now() + 5000;
      while (client.store.worker(1)?.phase !== 'paused') {
        assert.ok(performance.now() < until, 'nobody said that it is paused');
        await sleep(10);
      }
      assert.equal(snapshots.length, 1);
      assert.match(client.store.history.at(-1)?.message ?? '', /is paused/);
    });

    it('passes on what is asked of workers, and what the engine says to it', async () => {
      const client = makeClient('endless');
      await client.start(options(), noSecrets);
      assert.equal(await client.restartWorker(null), 'All workers are restarted.');
      assert.equal(await client.resumeWorker(2), 'Worker 2 is resumed.');
      assert.equal(await client.reassign(1, [2]), 'The tars of worker 1 go to 2.');
      assert.equal(await client.reassign(1, null), 'The tars of worker 1 go to the others.');
      await assert.rejects(client.pauseWorker(9), fails('NO_SUCH_WORKER'));
    });
  });

  describe('that leaves', () => {
    it('leaves a run to go on, where it is to, and is attached to it again', async () => {
      const client = makeClient('endless', { whenLeft: 'keepRunning' });
      await client.start(options(), noSecrets);
      const pid = client.enginePid!;
      client.dispose();
      await sleep(800);
      assert.ok(isAlive(pid));
      const later = makeClient('endless', { whenLeft: null });
      const begun = performance.now();
      assert.equal(await later.attach(state()), true);
      assert.deepEqual([later.enginePid, later.store.run?.phase], [pid, 'running']);
      const tookMs = performance.now() - begun;
      assert.ok(tookMs < 3000, String(tookMs));
      later.setWhenLeft('stop');
      await later.restartWorker(1);
      later.dispose();
      await untilGone(pid, 5000);
    });

    it('hears the end of a run that somebody else stops, and that the engine ended in order', async () => {
      const client = makeClient('endless');
      await client.start(options(), noSecrets);
      const whys: (TarshelfError | null)[] = [];
      client.onDetached(why => whys.push(why));
      const other = makeClient('endless', { whenLeft: null });
      await other.attach(state());
      await other.end({ drain: true });
      assert.equal((await client.runEnd()).phase, 'stopped');
      assert.equal((await other.runEnd()).phase, 'stopped');
      await client.end({ drain: true });
      assert.deepEqual(whys, [null]);
    });

    it('does not end an engine that others are attached to', async () => {
      const client = makeClient('completes');
      await client.ingest(options(), noSecrets);
      const other = makeClient('completes', { whenLeft: null });
      await other.attach(state());
      const before = performance.now();
      await client.end({ drain: false });
      assert.ok(performance.now() - before < 2000);
      assert.ok(isAlive(other.enginePid!));
      await other.end({ drain: false });
    });
  });

  it('says that the engine died when it was killed, and goes on with the next one', async () => {
    const client = makeClient('endless');
    await client.start(options(), noSecrets);
    const ended = client.runEnd();
    process.kill(client.enginePid!, 'SIGKILL');
    const before = performance.now();
    await assert.rejects(ended, fails('ENGINE_DIED'));
    assert.ok(performance.now() - before < 2000, 'without looking for what cannot be there');
    assert.equal(client.isAttached, false);
    const again = client.ingest(options(), noSecrets);
    await client.stop();
    assert.equal((await again).phase, 'stopped');
  });

  it('finds an engine again whose connection broke in the middle of a run', async () => {
    const client = makeClient('drops', { whenLeft: 'keepRunning' });
    await client.start(options(), noSecrets);
    const pid = client.enginePid;
    const whys: unknown[] = [];
    client.onDetached(why => whys.push(why));
    await assert.rejects(client.restartWorker(null), fails('ENGINE_DIED'));
    assert.equal(client.isAttached, true);
    const told = new Promise<void>(resolve => {
      client.onEvent(() => {
        resolve();
      });
    });
    await told;
    assert.deepEqual([client.enginePid, client.store.run?.phase], [pid, 'running']);
    await client.stop();
    assert.equal((await client.runEnd()).phase, 'stopped');
    assert.deepEqual(whys, []);
    await client.end({ drain: true });
  });

  it('kills an engine that it started, and no other', async () => {
    const engine = await startEngine('endless');
    const guest = makeClient('endless');
    await guest.start(options(), noSecrets);
    guest.kill();
    await sleep(200);
    assert.ok(isAlive(engine.pid!));
    await guest.end({ drain: true });
    const owner = makeClient('stubborn');
    await owner.start(options(), noSecrets);
    const pid = owner.enginePid!;
    owner.kill();
    await untilGone(pid, 2000);
  });

  describe('newer than the engine', () => {
    it('drains it, and goes on in a new one with the same options', async () => {
      const old = await startEngine('endless', '0.0.0-old');
      await beginAsOldClient();
      const client = makeClient('endless', { whenLeft: 'keepRunning' });
      await client.attach(state());
      assert.equal(client.isEngineOlder, true);
      const whys: unknown[] = [];
      client.onDetached(why => whys.push(why));
      const gone = once(old, 'exit');
      await client.renew({ password: 'of the client', databasePassword: null });
      await gone;
      assert.deepEqual(whys, [], 'for who watches it goes on');
      assert.equal(client.isEngineOlder, false);
      assert.notEqual(client.enginePid, old.pid);
      assert.equal(client.store.run?.phase, 'running');
      assert.deepEqual(client.store.options, options({ workers: 1 }));
      const { pid } = await readNote(state());
      assert.equal(client.enginePid, pid);
      await client.end({ drain: true });
    });

    it('only ends it where it has nothing to do', async () => {
      const old = await startEngine('endless', '0.0.0-old');
      const client = makeClient('endless');
      await client.attach(state());
      const gone = once(old, 'exit');
      await client.renew(noSecrets);
      await gone;
      assert.equal(client.isAttached, false);
    });

    it('puts a new one in its place to begin a run', async () => {
      const old = await startEngine('endless', '0.0.0-old');
      await beginAsOldClient();
      const client = makeClient('endless');
      await client.start(options({ workers: 2 }), noSecrets);
      assert.equal(isAlive(old.pid!), false);
      assert.equal(client.store.options?.workers, 2);
      await client.end({ drain: true });
    });

    it('gives up the wait for its end when it is told to', async () => {
      await startEngine('stubborn', '0.0.0-old');
      await beginAsOldClient();
      const client = makeClient('endless');
      const starting = client.start(options(), noSecrets);
      await sleep(300);
      await client.stop();
      await assert.rejects(starting, { name: 'AbortError' });
    });
  });
});
