import assert from 'node:assert/strict';
import { readdir, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { ClientServer, type EngineRequest } from '../../../src/engine/supervisor/clients/clientServer.ts';
import { EventStream, type StreamedState } from '../../../src/engine/supervisor/clients/eventStream.ts';
import type { EngineEvent, WhenLeft } from '../../../src/protocol/clientMessages.ts';
import { clientProtocolVersion } from '../../../src/protocol/engineFile.ts';
import { TarshelfError } from '../../../src/protocol/errors.ts';
import { EngineSocket } from '../../support/engineSocket.ts';
import { HandClock } from '../../support/handClock.ts';
import { useTempFolder } from '../../support/tempFolder.ts';
import { runState, tarState } from '../cli/states.ts';

const token = 'a'.repeat(64);

describe('client server', () => {
  const folder = useTempFolder();
  let clock: HandClock;
  let stream: EventStream;
  let server: ClientServer;
  let address: string;
  let answer: (request: EngineRequest, others: number) => Promise<string | null>;
  let attached: (WhenLeft | null)[];
  let left: number;

  beforeEach(async () => {
    clock = new HandClock();
    const state: StreamedState = { run: runState(), options: null, tars: [], workers: [], history: [] };
    stream = new EventStream(() => state);
    answer = () => Promise.resolve(null);
    attached = [];
    left = 0;
    server = new ClientServer({
      ...{ token, version: '1.2.3', stream, clock, temporaryFolder: folder() },
      throughput: () => null,
      answer: (request, others) => answer(request, others),
      onAttached: whenLeft => attached.push(whenLeft),
      onLeft: () => left++,
      onProblem: message => {
        assert.fail(message);
      },
    });
    address = await server.listen();
  });

  afterEach(async () => {
    const ended = server.hangUp();
    await clock.pass(10_000);
    await ended;
  });

  async function attach(whenLeft: WhenLeft | null = null): Promise<EngineSocket> {
    const client = await EngineSocket.connect(address);
    assert.equal((await client.hello(token, { whenLeft })).type, 'welcome');
    await client.event(event => event.type === 'snapshot');
    return client;
  }

  const tell = (message: string): void => {
    stream.post({ type: 'notice', message });
  };
  const numbers = (events: readonly EngineEvent[]): [string, number][] =>
    events.map(event => [event.type, event.sequence]);

  it('welcomes who knows the token, with the whole state and all events from there', async () => {
    tell('before');
    const client = await EngineSocket.connect(address);
    assert.deepEqual(await client.hello(token, { whenLeft: 'stop' }), {
      ...{ type: 'welcome', protocol: clientProtocolVersion, version: '1.2.3', pid: process.pid },
    });
    tell('after');
    await client.event(event => event.sequence === 2);
    assert.deepEqual(numbers(client.events), [
      ['snapshot', 1],
      ['notice', 2],
    ]);
    assert.deepEqual(attached, ['stop']);
    assert.equal(server.clients, 1);
    client.leave();
    while (left === 0) await setImmediate();
    assert.equal(server.clients, 0);
  });

  it('hangs up without a word on a wrong token, and on any other first word', async () => {
    for (const say of [
      (client: EngineSocket) => void client.hello('b'.repeat(64)).catch(() => undefined),
      (client: EngineSocket) => void client.hello('').catch(() => undefined),
      (client: EngineSocket) => client.say({ type: 'snapshot:get' }),
      (client: EngineSocket) => client.socket.write('GET / HTTP/1.1\r\n\r\n'),
      (client: EngineSocket) => client.socket.write('{"id":1,"request":{"type":"unheard of"}}\n'),
      (client: EngineSocket) => client.socket.write('x'.repeat(70_000)),
    ]) {
      const client = await EngineSocket.connect(address);
      say(client);
      await client.closed;
      assert.equal(client.socket.bytesRead, 0);
    }
    assert.deepEqual(attached, []);
    assert.equal(left, 0);
  });

  it('hangs up on who says nothing for 5 s, and on nobody else', async () => {
    const quiet = await EngineSocket.connect(address);
    const known = await attach();
    await clock.pass(4999);
    tell('still there');
    await known.event(event => event.type === 'notice');
    assert.equal(quiet.socket.closed, false);
    await clock.pass(1);
    await quiet.closed;
    await clock.pass(60_000);
    assert.equal((await known.ask({ type: 'snapshot:get' })).type, 'done');
  });

  it('hangs up on a client that says what is no frame, or one that is too long', async () => {
    for (const text of ['nonsense\n', '{"id":-1,"request":{"type":"ingest:stop"}}\n', '[]\n']) {
      const client = await attach();
      client.socket.write(text);
      await client.closed;
    }
    const client = await attach();
    const chunk = Buffer.alloc(1024 * 1024, 'x');
    for (let n = 0; n < 17; n++) client.socket.write(chunk);
    await client.closed;
    const twice = await attach();
    await assert.rejects(twice.hello(token));
  });

  it('answers each request once, with what came of it or what went wrong', async () => {
    const asked: string[] = [];
    answer = async (request, others) => {
      asked.push(`${request.type} ${String(others)}`);
      await setImmediate();
      if (request.type === 'worker:restart')
        throw new TarshelfError('NO_SUCH_WORKER', 'There is no worker 9.');
      if (request.type === 'worker:pause') throw new Error('a bug\nwith more');
      return request.type === 'engine:end' ? 'it stays' : null;
    };
    const client = await attach();
    await attach();
    const ids = [
      client.say({ type: 'ingest:stop' }),
      client.say({ type: 'worker:restart', worker: 9 }),
      client.say({ type: 'worker:pause', worker: null }),
      client.say({ type: 'engine:end', drain: false }),
    ];
    assert.deepEqual(await Promise.all(ids.map(id => client.answerTo(id))), [
      { type: 'done', message: null },
      { type: 'request:failed', failure: { code: 'NO_SUCH_WORKER', message: 'There is no worker 9.' } },
      { type: 'request:failed', failure: { code: 'INTERNAL', message: 'a bug' } },
      { type: 'done', message: 'it stays' },
    ]);
    assert.deepEqual(asked, ['ingest:stop 1', 'worker:restart 1', 'worker:pause 1', 'engine:end 1']);
  });

  it('tells two clients the same events under the same numbers', async () => {
    const first = await attach();
    tell('one');
    const second = await attach();
    for (let n = 0; n < 100; n++) stream.post({ type: 'tar:changed', tar: tarState(`${String(n)}.tar`) });
    tell('last');
    const isLast = (event: EngineEvent): boolean => event.type === 'notice' && event.message === 'last';
    await Promise.all([first.event(isLast), second.event(isLast)]);
    assert.deepEqual(
      first.events.map(event => event.sequence),
      [0, ...Array.from({ length: 102 }, (_, n) => n + 1)],
    );
    assert.deepEqual(second.events.slice(1), first.events.slice(2));
  });

  it('gives a client that does not read a snapshot in place of what it missed, and every answer', async () => {
    const slow = await attach();
    const quick = await attach();
    slow.socket.pause();
    const asked = slow.say({ type: 'ingest:stop' });
    const large = 'x'.repeat(100_000);
    const count = 200;
    for (let n = 1; n <= count; n++) {
      tell(large);
      if (n % 10 === 0) await quick.event(event => event.sequence === n);
    }
    const later = slow.say({ type: 'worker:pause', worker: 1 });
    await quick.ask({ type: 'snapshot:get' });
    slow.socket.resume();
    assert.equal((await slow.answerTo(asked)).type, 'done');
    assert.equal((await slow.answerTo(later)).type, 'done');
    const isLast = (event: EngineEvent): boolean => event.type === 'snapshot' && event.sequence === count;
    await slow.event(isLast);
    tell('after');
    for (const client of [slow, quick]) await client.event(event => event.sequence === count + 1);
    const told = slow.events.map(event => event.sequence);
    assert.ok(told.length < 100, `${String(told.length)} events`);
    // From the first snapshot on without a gap, then the snapshot, then on without a gap.
    const gaps = told.slice(1).filter((sequence, index) => sequence !== told[index]! + 1);
    assert.deepEqual(gaps, [count]);
    assert.equal(quick.events.filter(event => event.type === 'notice').length, count + 1);
  });

  it('tells a client of another protocol so, and lets it ask for the end and nothing else', async () => {
    const asked: string[] = [];
    answer = request => {
      asked.push(request.type);
      return Promise.resolve('under way');
    };
    const newer = await EngineSocket.connect(address);
    const refusal = await newer.hello(token, { protocol: clientProtocolVersion + 1 });
    assert.equal(refusal.type === 'request:failed' && refusal.failure.code, 'ENGINE_OTHER_VERSION');
    assert.deepEqual(await newer.ask({ type: 'engine:end', drain: true }), {
      type: 'done',
      message: 'under way',
    });
    const other = await EngineSocket.connect(address);
    await other.hello(token, { protocol: clientProtocolVersion + 1 });
    const answered = await other.ask({ type: 'ingest:stop' });
    assert.equal(answered.type === 'request:failed' && answered.failure.code, 'ENGINE_OTHER_VERSION');
    await other.closed;
    const quiet = await EngineSocket.connect(address);
    await quiet.hello(token, { protocol: clientProtocolVersion + 1 });
    tell('not for strangers');
    await clock.pass(5000);
    await quiet.closed;
    assert.deepEqual(asked, ['engine:end']);
    assert.deepEqual([newer.events, quiet.events, attached, left], [[], [], [], 0]);
    assert.equal(newer.socket.closed, false);
    newer.leave();
  });

  it('listens at another address when its socket was cleaned away, and keeps who is attached', async () => {
    const client = await attach();
    assert.equal(await server.listenAnewIfGone(), null);
    await rm(dirname(address), { recursive: true });
    const anew = await server.listenAnewIfGone();
    assert.ok(anew !== null && anew !== address);
    address = anew;
    const second = await attach();
    tell('to both');
    for (const one of [client, second]) await one.event(event => event.type === 'notice');
    assert.equal((await stat(dirname(anew))).mode & 0o777, 0o700);
  });

  it('answers what was asked and sends what is under way before it hangs up, and leaves no file', async () => {
    const given = Promise.withResolvers<string>();
    answer = () => given.promise;
    const client = await attach();
    const unknown = await EngineSocket.connect(address);
    const asked = client.ask({ type: 'ingest:stop' });
    // Heard: a request that comes after the end is nobody's.
    await client.ask({ type: 'snapshot:get' });
    tell('x'.repeat(1_000_000));
    const ended = server.hangUp();
    given.resolve('at last');
    assert.deepEqual(await asked, { type: 'done', message: 'at last' });
    await Promise.all([ended, client.closed, unknown.closed]);
    assert.equal(client.events.at(-1)?.type, 'notice');
    assert.deepEqual(await readdir(dirname(address)), []);
    await assert.rejects(EngineSocket.connect(address));
    assert.equal(clock.waiting, 0);
  });

  it('does not wait for a client that takes nothing when it hangs up', async () => {
    const client = await attach();
    client.socket.pause();
    for (let n = 0; n < 20; n++) tell('x'.repeat(100_000));
    const ended = server.hangUp();
    await clock.pass(2000);
    await ended;
    assert.equal(left, 1);
  });
});
