// An engine that reads no tar: it holds the state folder, listens, and speaks the protocol to real clients, playing
// one part, named by FAKE_ENGINE. What depends on time (interruption, a live display, an engine that dies) is tested
// against it, exactly.
//
//   completes   two tars, one failed book, one notice, then the end
//   endless     works until it is asked to stop, then stops as the real one does
//   idle        endless, but its workers wait, so that it has nothing to say
//   storm       endless, with FAKE_TARS tars (5,000 when absent), and says 50 things a second
//   stubborn    works on whatever it is asked
//   gap         endless, but leaves out an event, told by the snapshot that is asked for then
//   drops       endless, but ends all connections when its workers are to be restarted, and goes on
//   leaving     takes no run any more, and is gone a moment later
//   dies        writes to standard error and is gone
//   refuses     will not begin
//   silent      takes connections and says nothing
//   hangsUp     takes connections and ends them at the first word
//   mute        dies before it can be found
//
// FAKE_ENGINE_VERSION is the version that it says it has; that of the package when absent.
import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import * as v from 'valibot';
import { FileLock } from '../../src/engine/system/fileLock.ts';
import { processStart } from '../../src/engine/system/processes.ts';
import {
  clientFrameSchema,
  type ClientFrame,
  type EngineAnswer,
  type EngineFrame,
  type EngineStart,
  type UnnumberedEvent,
  type WhenLeft,
} from '../../src/protocol/clientMessages.ts';
import {
  clientProtocolVersion,
  engineFileName,
  engineTokenFileName,
  type EngineFile,
} from '../../src/protocol/engineFile.ts';
import type { ErrorCode } from '../../src/protocol/errors.ts';
import type { HistoryEntry } from '../../src/protocol/history.ts';
import type { IngestOptions } from '../../src/protocol/ingestOptions.ts';
import {
  newWorker,
  noCounts,
  type RunPhase,
  type RunState,
  type Snapshot,
  type TarState,
  type WorkerState,
} from '../../src/protocol/snapshot.ts';
import { summaryOf, totalsOf } from '../../src/protocol/totals.ts';

const part = process.env['FAKE_ENGINE'] ?? 'completes';
const version = process.env['FAKE_ENGINE_VERSION'] ?? packageVersion();
const tarSize = 200_000_000;
const startedAt = performance.now();
const [, , , stateFolder = ''] = process.argv;
const token = randomBytes(32).toString('hex');
const clients = new Set<Socket>();
let lock: FileLock | null = null;
let sequence = 0;
let whenLeft: WhenLeft = 'keepRunning';
let leaving: NodeJS.Timeout | undefined;
let isEnding = false;
let hasLeftOut = false;
let options: IngestOptions | undefined;
let phase: RunPhase | null = null;
let refusal: RunState['failure'] = null;
let tars: TarState[] = [];
let workers: WorkerState[] = [];
let working: NodeJS.Timeout | undefined;
let stormed = 0;
const history: HistoryEntry[] = [];

// As the real one: a Ctrl-C is for its clients to understand. What a test forgets does not stay for long.
for (const signal of ['SIGINT', 'SIGHUP'] as const) process.on(signal, () => undefined);
process.stderr.on('error', () => undefined);
setTimeout(() => process.exit(3), 120_000).unref();

const address =
  process.platform === 'win32'
    ? `\\\\.\\pipe\\tarshelf-fake-${String(process.pid)}`
    : join(tmpdir(), `tarshelf-fake-${String(process.pid)}.sock`);
const server = createServer(socket => {
  socket.on('error', () => undefined);
  if (part === 'silent') return;
  serve(socket);
});
await open();

function packageVersion(): string {
  const path = join(import.meta.dirname, '../../package.json');
  return (JSON.parse(readFileSync(path, 'utf8')) as { version: string }).version;
}

async function open(): Promise<void> {
  if (part === 'mute') {
    process.stderr.write('Error: no words\n');
    process.exit(7);
  }
  mkdirSync(stateFolder, { recursive: true });
  lock = FileLock.tryTake(join(stateFolder, 'engine.lock'));
  if (!lock) {
    const message = `Another ingest is using the state folder ${stateFolder}. Stop it.`;
    say({ type: 'engine:refused', failure: { code: 'STATE_IN_USE', message } });
    return;
  }
  rmSync(address, { force: true });
  await new Promise<void>(resolve => server.listen(address, resolve));
  const note: EngineFile = {
    ...{ protocol: clientProtocolVersion, version, address, pid: process.pid, host: hostname() },
    ...{ processStart: await processStart(process.pid), startedAt: new Date().toISOString(), workers: [] },
  };
  const write = (name: string, text: string): void => {
    writeFileSync(join(stateFolder, `${name}.tmp`), text, { mode: 0o600 });
    renameSync(join(stateFolder, `${name}.tmp`), join(stateFolder, name));
  };
  write(engineTokenFileName, token);
  write(engineFileName, JSON.stringify(note));
  say({ type: 'engine:ready' });
  reconsider();
}

function say(word: EngineStart): void {
  if (!process.connected) return;
  process.send?.(word, () => undefined);
  process.disconnect();
}

function serve(socket: Socket): void {
  let rest = '';
  let isLetIn = false;
  socket.setEncoding('utf8').on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      const frame = v.parse(clientFrameSchema, JSON.parse(line));
      if (isLetIn) answer(socket, frame);
      else if (part !== 'hangsUp' && frame.request.type === 'client:hello' && frame.request.token === token) {
        isLetIn = true;
        clients.add(socket);
        whenLeft = frame.request.whenLeft ?? whenLeft;
        reply(socket, frame.id, {
          type: 'welcome',
          protocol: clientProtocolVersion,
          version,
          pid: process.pid,
        });
        sendTo(socket, { type: 'event', event: snapshotEvent() });
        reconsider();
      } else socket.destroy();
    }
  });
  socket.on('close', () => {
    clients.delete(socket);
    reconsider();
  });
}

function reconsider(): void {
  clearTimeout(leaving);
  if (clients.size > 0 || isEnding) return;
  const isRunning = isUnderWay();
  if (isRunning && whenLeft === 'keepRunning') return;
  // Sooner than the real one, which waits for windows that are reloaded.
  leaving = setTimeout(
    () => {
      if (isRunning) stop();
      else end();
    },
    whenLeft === 'stop' ? 300 : 5000,
  );
}

function isUnderWay(): boolean {
  return phase === 'starting' || phase === 'running' || phase === 'stopping';
}

function answer(socket: Socket, { id, request }: ClientFrame): void {
  const done = (message: string | null = null): void => {
    reply(socket, id, { type: 'done', message });
  };
  const fail = (code: ErrorCode, message: string): void => {
    reply(socket, id, { type: 'request:failed', failure: { code, message } });
  };
  switch (request.type) {
    case 'client:hello':
      socket.destroy();
      break;
    case 'client:when-left':
      whenLeft = request.whenLeft;
      done();
      break;
    case 'snapshot:get':
      sendTo(socket, { type: 'event', event: snapshotEvent() });
      done();
      break;
    case 'throughput:get':
      reply(socket, id, { type: 'throughput', history: null });
      break;
    case 'ingest:start':
      if (isUnderWay()) fail('STATE_IN_USE', 'Another ingest is using the state folder. Stop it.');
      else if (part === 'leaving') {
        fail('STATE_IN_USE', 'The engine is about to end. Launch again in a moment.');
        setTimeout(end, 300);
      } else if (part === 'refuses') {
        options = request.options;
        refusal = { code: 'SOURCE_MISSING', message: 'There is no such folder.' };
        phase = 'refused';
        send({ type: 'run:changed', run: run() });
        fail('SOURCE_MISSING', 'There is no such folder.');
      } else {
        begin(request.options);
        done();
      }
      break;
    case 'ingest:stop':
      if (!isUnderWay()) fail('NOTHING_RUNNING', 'Nothing is running.');
      else {
        if (part !== 'stubborn') stop();
        done();
      }
      break;
    case 'worker:pause':
    case 'worker:resume':
    case 'worker:restart': {
      if (!isUnderWay()) {
        fail('NOTHING_RUNNING', 'Nothing is running.');
        break;
      }
      if (request.worker !== null && !workers.some(({ number }) => number === request.worker)) {
        fail(
          'NO_SUCH_WORKER',
          `There is no worker ${String(request.worker)}. Name one of those in "tarshelf status".`,
        );
        break;
      }
      if (part === 'drops') {
        for (const client of clients) client.destroy();
        break;
      }
      const verb = {
        'worker:pause': 'paused',
        'worker:resume': 'resumed',
        'worker:restart': 'restarted',
      } as const;
      const which = request.worker === null ? 'All workers are' : `Worker ${String(request.worker)} is`;
      remember(verb[request.type], request.worker, `${which} ${verb[request.type]}.`);
      if (request.worker !== null && request.type !== 'worker:restart')
        changeWorker(request.worker, {
          phase: request.type === 'worker:pause' ? 'paused' : 'upload',
          note: request.type === 'worker:pause' ? 'paused by a person' : null,
        });
      done(`${which} ${verb[request.type]}.`);
      break;
    }
    case 'tars:reassign':
      done(`The tars of worker ${String(request.worker)} go to ${request.to?.join(', ') ?? 'the others'}.`);
      break;
    case 'engine:end':
      if (isEnding) done('The engine is ending already.');
      else if (!request.drain && isUnderWay())
        fail('ENGINE_BUSY', 'The engine stays: an ingest is under way.');
      else if (!request.drain && clients.size > 1)
        fail('ENGINE_BUSY', 'The engine stays: others are attached to it.');
      else {
        const isRunning = isUnderWay();
        done(isRunning ? 'The books in hand are finished, then the engine ends.' : null);
        isEnding = true;
        if (isRunning) stop();
        else end();
      }
      break;
    default:
      request satisfies never;
  }
}

function begin(given: IngestOptions): void {
  options = given;
  const names = [
    'books-01.tar',
    'books-02.tar',
    'Книги — избранное 2024.tar',
    '電子書籍コレクション第三巻.tar',
    'earlier.tar',
  ];
  if (part === 'storm') {
    const tarCount = Number(process.env['FAKE_TARS'] ?? 5000);
    for (let n = 1; n <= tarCount - 5; n++) names.push(`storm-${String(n).padStart(5, '0')}.tar`);
  }
  phase = 'starting';
  workers = [];
  tars = (part === 'completes' ? names.slice(0, 2) : names).map(name => ({
    name,
    folder: options?.sourceFolders[0] ?? null,
    phase: name === 'earlier.tar' ? 'completed' : 'waiting',
    earlier: name === 'earlier.tar',
    inRun: true,
    sizeBytes: tarSize,
    doneBytes: name === 'earlier.tar' ? tarSize : 0,
    worker: null,
    counts: noCounts(),
    failure: null,
  }));
  send({ type: 'run:changed', run: run() });
  const waiting = tars.filter(tar => tar.phase === 'waiting');
  workers = waiting.slice(0, given.workers).map((tar, index) => ({
    ...newWorker(index + 1),
    phase: 'upload',
    pid: process.pid,
    currentTar: tar.name,
    assignedTars: [tar.name],
    bytesPerSecond: 12_500_000 * (index + 1),
    secondsLeft: tarSize / (12_500_000 * (index + 1)),
  }));
  for (const worker of workers)
    changeTar(worker.currentTar ?? '', { phase: 'running', worker: worker.number });
  phase = 'running';
  send({ type: 'run:changed', run: run() });
  for (const client of clients) sendTo(client, { type: 'event', event: snapshotEvent() });
  if (part === 'dies') {
    process.stderr.write('out of luck\n');
    setTimeout(() => process.exit(7), 50);
  } else if (part === 'completes') {
    complete();
  } else if (part === 'idle') {
    for (const { number } of workers) changeWorker(number, { phase: 'wait', note: 'The disk is full.' });
  } else if (part === 'storm') {
    working = setInterval(storm, 20);
  } else {
    working = setInterval(work, 50);
  }
}

function work(): void {
  for (const worker of workers) {
    const tar = tars.find(each => each.name === worker.currentTar);
    if (!tar) continue;
    const counts = { ...tar.counts, found: tar.counts.found + 2, uploaded: tar.counts.uploaded + 2 };
    changeTar(tar.name, {
      // Never to the end.
      doneBytes: Math.min(tarSize - 1, tar.doneBytes + worker.bytesPerSecond / 20),
      counts,
    });
    if (counts.found % 100 === 0) failBook(tar.name, `shelf/Идиот ${String(counts.found)}\u001b[2J\n.fb2`);
  }
  send({ type: 'run:changed', run: run() });
}

/** How tars end in a storm, one after another. */
const ends: readonly Partial<TarState>[] = [
  { phase: 'completed', counts: { ...noCounts(), found: 120, uploaded: 120 } },
  { phase: 'completedWithErrors', counts: { ...noCounts(), found: 100, uploaded: 98, failed: 2 } },
  { phase: 'completed', counts: { ...noCounts(), found: 90, uploaded: 90 } },
  {
    phase: 'failed',
    failure: { code: 'TAR_DAMAGED', message: 'Damaged at byte 100000000: no header there.' },
  },
];

/** One event at a time: mostly figures of tars at work and of their workers, now and then a tar that is done. */
function storm(): void {
  const [worker] = workers.splice(0, 1);
  if (!worker) return;
  workers.push(worker);
  const tar = tars.find(each => each.name === worker.currentTar);
  if (!tar) return;
  stormed++;
  if (stormed % 51 === 0) {
    const next = tars.find(each => each.phase === 'waiting');
    changeTar(tar.name, { ...ends[(stormed / 51) % ends.length], doneBytes: tarSize, worker: null });
    if (!next) return;
    changeTar(next.name, { phase: 'running', worker: worker.number });
    changeWorker(worker.number, { currentTar: next.name, assignedTars: [next.name] });
  } else if (Math.floor(stormed / workers.length) % 2 === 0) {
    changeWorker(worker.number, { bytesPerSecond: 10_000_000 + (stormed % 97) * 100_000 });
  } else {
    const doneBytes = Math.min(tarSize - 1, tar.doneBytes + 400_000);
    changeTar(tar.name, { doneBytes });
  }
}

function failBook(tar: string, member: string): void {
  const failure = {
    code: 'BOOK_NOT_READABLE',
    message: 'It cannot be read. Look at the disk, and run again.',
  } as const;
  send({ type: 'book:failed', tar, member, failure });
}

function complete(): void {
  send({ type: 'notice', message: 'migration_progress_worker2.json was damaged and is kept aside.' });
  failBook('books-01.tar', 'a/one.epub');
  const duplicates = { own: 1, others: 2, destination: 3 };
  changeTar('books-01.tar', {
    phase: 'completedWithErrors',
    doneBytes: tarSize,
    counts: { found: 17, uploaded: 10, duplicates, failed: 1, skipped: 4 },
  });
  changeTar('books-02.tar', {
    phase: 'failed',
    doneBytes: tarSize / 2,
    counts: { ...noCounts(), found: 5, uploaded: 5 },
    failure: { code: 'TAR_DAMAGED', message: 'Damaged at byte 100000000: no header there.' },
  });
  phase = 'finished';
  send({ type: 'run:changed', run: run() });
  reconsider();
}

function stop(): void {
  if (phase === 'stopping') return;
  phase = 'stopping';
  send({ type: 'run:changed', run: run() });
  setTimeout(() => {
    clearInterval(working);
    for (const tar of tars) if (tar.phase === 'running') changeTar(tar.name, { phase: 'waiting' });
    phase = 'stopped';
    send({ type: 'run:changed', run: run() });
    if (isEnding) end();
    else reconsider();
  }, 600);
}

function end(): void {
  isEnding = true;
  server.close();
  for (const name of [engineFileName, engineTokenFileName]) rmSync(join(stateFolder, name), { force: true });
  lock?.release();
  // Not by `exit`, so that what was sent arrives.
  for (const client of clients) client.end();
}

function run(): RunState {
  const totals = totalsOf(tars);
  const bytesPerSecond = workers.reduce((sum, worker) => sum + worker.bytesPerSecond, 0);
  const hasEnded = phase === 'finished' || phase === 'stopped';
  return {
    phase: phase ?? 'starting',
    sourceFolders: options?.sourceFolders ?? [''],
    stateFolder: options?.stateFolder ?? '',
    ...totals,
    bytesPerSecond,
    secondsLeft: bytesPerSecond > 0 ? (totals.totalBytes - totals.doneBytes) / bytesPerSecond : null,
    summary: hasEnded ? summaryOf(tars, performance.now() - startedAt) : null,
    failure: refusal,
  };
}

function changeTar(name: string, change: Partial<TarState>): void {
  tars = tars.map(tar =>
    tar.name === name ? { ...tar, ...change, doneBytes: Math.round(change.doneBytes ?? tar.doneBytes) } : tar,
  );
  const tar = tars.find(each => each.name === name);
  if (tar) send({ type: 'tar:changed', tar });
}

function changeWorker(number: number, change: Partial<WorkerState>): void {
  workers = workers.map(worker => (worker.number === number ? { ...worker, ...change } : worker));
  const worker = workers.find(each => each.number === number);
  if (worker) send({ type: 'worker:changed', worker });
}

function remember(kind: HistoryEntry['kind'], worker: number | null, message: string): void {
  const entry = { at: new Date().toISOString(), kind, worker, tar: null, message };
  history.push(entry);
  send({ type: 'history:added', entry });
}

function snapshotEvent(): Extract<EngineEventFrame['event'], { type: 'snapshot' }> {
  const snapshot: Snapshot = {
    ...{ sequence, tars, workers, history },
    run: phase === null ? null : run(),
    options: options ?? null,
  };
  return { type: 'snapshot', sequence, snapshot };
}

type EngineEventFrame = Extract<EngineFrame, { type: 'event' }>;

function send(event: Exclude<UnnumberedEvent, { type: 'snapshot' }>): void {
  sequence++;
  // What a snapshot alone can tell then.
  if (part === 'gap' && event.type === 'worker:changed' && !hasLeftOut) {
    hasLeftOut = true;
    return;
  }
  for (const client of clients) sendTo(client, { type: 'event', event: { ...event, sequence } });
}

function reply(socket: Socket, id: number, answer: EngineAnswer): void {
  sendTo(socket, { type: 'answer', id, answer });
}

function sendTo(socket: Socket, frame: EngineFrame): void {
  if (socket.writable) socket.write(`${JSON.stringify(frame)}\n`);
}
