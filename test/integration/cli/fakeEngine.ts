// An engine that reads no tar: it speaks the protocol to a real client and plays one part, named by FAKE_ENGINE.
// What depends on time (interruption, a live display, an engine that dies) is tested against it, exactly.
//
//   completes   two tars, one failed book, one notice, then the end
//   endless     works until it is asked to stop, then stops as the real one does
//   stubborn    works on whatever it is asked
//   dies        writes to standard error and is gone
//   refuses     will not begin
import * as v from 'valibot';
import { clientRequestSchema, type EngineEvent } from '../../../src/protocol/clientMessages.ts';
import type { IngestOptions } from '../../../src/protocol/ingestOptions.ts';
import {
  noCounts,
  sumCounts,
  totalDuplicates,
  type RunPhase,
  type RunState,
  type TarState,
  type WorkerState,
} from '../../../src/protocol/snapshot.ts';

type WithoutSequence<E> = E extends unknown ? Omit<E, 'sequence'> : never;

const part = process.env['FAKE_ENGINE'] ?? 'completes';
const tarSize = 200_000_000;
const startedAt = performance.now();
let sequence = 0;
let options: IngestOptions | undefined;
let phase: RunPhase = 'starting';
let tars: TarState[] = [];
let workers: WorkerState[] = [];

// As the real one: a Ctrl-C reaches the whole group, and it is the client that says what it means.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);

process.on('disconnect', () => process.exit(0));
process.on('message', message => {
  const request = v.parse(clientRequestSchema, message);
  if (request.type === 'ingest:start') begin(request.options);
  else if (request.type === 'snapshot:get') sendSnapshot();
  else if (part !== 'stubborn') stop();
});

function begin(given: IngestOptions): void {
  options = given;
  if (part === 'refuses') {
    phase = 'refused';
    send({
      type: 'run:changed',
      run: { ...run(), failure: { code: 'SOURCE_MISSING', message: 'There is no such folder.' } },
    });
    end();
    return;
  }
  const names = [
    'books-01.tar',
    'books-02.tar',
    'Книги — избранное 2024.tar',
    '電子書籍コレクション第三巻.tar',
    'earlier.tar',
  ];
  tars = (part === 'completes' ? names.slice(0, 2) : names).map(name => ({
    name,
    phase: name === 'earlier.tar' ? 'completed' : 'waiting',
    earlier: name === 'earlier.tar',
    sizeBytes: tarSize,
    doneBytes: name === 'earlier.tar' ? tarSize : 0,
    worker: null,
    counts: noCounts(),
    failure: null,
  }));
  sendSnapshot();
  const waiting = tars.filter(tar => tar.phase === 'waiting');
  workers = waiting.slice(0, given.workers).map((tar, index) => ({
    number: index + 1,
    phase: 'upload',
    pid: process.pid,
    currentTar: tar.name,
    assignedTars: [tar.name],
    extraction: null,
    bytesPerSecond: 12_500_000 * (index + 1),
    restarts: 0,
  }));
  for (const worker of workers)
    changeTar(worker.currentTar ?? '', { phase: 'running', worker: worker.number });
  phase = 'running';
  sendSnapshot();
  if (part === 'dies') {
    process.stderr.write('out of luck\n');
    setTimeout(() => process.exit(7), 50);
  } else if (part === 'completes') {
    complete();
  } else {
    setInterval(work, 50);
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
  end();
}

function stop(): void {
  if (phase === 'stopping') return;
  phase = 'stopping';
  send({ type: 'run:changed', run: run() });
  setTimeout(() => {
    for (const tar of tars) if (tar.phase === 'running') changeTar(tar.name, { phase: 'waiting' });
    phase = 'stopped';
    send({ type: 'run:changed', run: run() });
    end();
  }, 600);
}

function end(): void {
  // By `disconnect` and not by `exit`, so that what was sent arrives.
  process.disconnect();
}

function run(): RunState {
  const counts = sumCounts(tars.map(tar => tar.counts));
  const bytesPerSecond = workers.reduce((sum, worker) => sum + worker.bytesPerSecond, 0);
  const totalBytes = tars.reduce((sum, tar) => sum + tar.sizeBytes, 0);
  const doneBytes = Math.round(tars.reduce((sum, tar) => sum + tar.doneBytes, 0));
  const hasEnded = phase === 'finished' || phase === 'stopped';
  return {
    phase,
    sourceFolder: options?.sourceFolder ?? '',
    stateFolder: options?.stateFolder ?? '',
    totalBytes,
    doneBytes,
    bytesPerSecond,
    secondsLeft: bytesPerSecond > 0 ? (totalBytes - doneBytes) / bytesPerSecond : null,
    counts,
    summary: hasEnded
      ? {
          tars: {
            total: tars.length,
            completed: tars.filter(tar => tar.phase === 'completed').length,
            failed: tars.filter(tar => tar.phase === 'failed' || tar.phase === 'completedWithErrors').length,
          },
          books: {
            found: counts.found,
            uploaded: counts.uploaded,
            duplicates: totalDuplicates(counts),
            failed: counts.failed,
          },
          skipped: counts.skipped,
          bytes: doneBytes,
          seconds: (performance.now() - startedAt) / 1000,
        }
      : null,
    failure: null,
  };
}

function changeTar(name: string, change: Partial<TarState>): void {
  tars = tars.map(tar =>
    tar.name === name ? { ...tar, ...change, doneBytes: Math.round(change.doneBytes ?? tar.doneBytes) } : tar,
  );
  const tar = tars.find(each => each.name === name);
  if (tar) send({ type: 'tar:changed', tar });
}

function sendSnapshot(): void {
  send({ type: 'snapshot', snapshot: { sequence: sequence + 1, run: run(), tars, workers } });
}

function send(event: WithoutSequence<EngineEvent>): void {
  sequence++;
  process.send?.({ ...event, sequence });
}
