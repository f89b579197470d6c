import { join } from 'node:path';
import {
  workerRequestSchema,
  type Lease,
  type WorkerEvent,
  type WorkerMessage,
  type WorkerRequest,
} from '../../protocol/workerMessages.ts';
import * as v from 'valibot';
import { oneLine, toFailure } from '../../protocol/errors.ts';
import { workerLogName } from '../../protocol/logFiles.ts';
import type { ResumePoint } from '../../protocol/resumePoint.ts';
import { noCounts } from '../../protocol/snapshot.ts';
import type { FileLock } from '../fileLock.ts';
import { openDestination } from '../destinations/openDestination.ts';
import { EventLog } from '../logs/eventLog.ts';
import { lockProgress } from '../progress/workerLock.ts';
import { WorkerProgress } from '../progress/workerProgress.ts';
import { EngineLink } from './engineLink.ts';
import { MetadataThread } from './metadataThread.ts';
import { MetadataSource } from './metadataSource.ts';
import { Patience } from './patience.ts';
import { PatientDestination } from './patientDestination.ts';
import { processTar, type WorkerContext } from './processTar.ts';
import { logWorkerEvent } from './workerLog.ts';

/** The entry of a worker process: hears the engine, and takes the tars that it names one after another. */

const stop = new AbortController();
const link = new EngineLink(post);
let context: WorkerContext | undefined;
/** Identity of the destination, as it was said at the start. */
let destinationId = '';
/** Tars are taken in order, each after the one before has ended. */
let work: Promise<void> = Promise.resolve();
/** The tar in hand. All that is said meanwhile is said under its lease. */
let held: { lease: Lease; revoked: AbortController } | undefined;
let leaving = false;
let reader: MetadataThread | null = null;
let progressLock: FileLock | null = null;
/** Null until the lock is held: the log, too, is one process's at a time. */
let log: EventLog | null = null;
/** The engine waits for workers of earlier runs itself; what is left is the end of a process it has seen end. */
const patienceForPredecessorMs = 10_000;

// Ctrl-C reaches the whole process group; it is the client that decides what it means.
process.on('SIGINT', () => undefined);
process.on('SIGHUP', () => undefined);
process.on('SIGTERM', () => {
  log?.info('asked to stop, by a signal');
  stop.abort();
  void leave();
});
// A lost channel is a dead engine: finish the book in hand, save, leave.
process.on('disconnect', () => {
  if (!leaving) log?.warn('the engine has gone; the book in hand is finished');
  stop.abort();
  void leave();
});
process.on('message', (message: unknown) => {
  receive(v.parse(workerRequestSchema, message));
});

// A monitor changes nothing of how the process dies.
process.on('uncaughtExceptionMonitor', thrown => log?.error(`died: ${oneLine(thrown)}`));

function post(event: WorkerEvent): void {
  if (log) logWorkerEvent(event, log);
  const message: WorkerMessage = { lease: held?.lease ?? null, event };
  if (process.connected) process.send?.(message, () => undefined);
}

function receive(request: WorkerRequest): void {
  switch (request.type) {
    case 'worker:init':
      work = work.then(() => initialise(request));
      break;
    case 'tars:assigned':
      assign(request.assignedTars);
      break;
    case 'tar:process':
      work = work.then(() => takeTar(request.lease, request.resume));
      break;
    case 'tar:revoked':
      if (held?.lease.tar === request.lease.tar && held.lease.epoch === request.lease.epoch)
        held.revoked.abort();
      break;
    case 'claim:answer':
      link.onAnswer(request.id, request.verdicts);
      break;
    case 'claim:settled':
      link.onSettled(request.key, request.verdict);
      break;
    case 'worker:stop':
      log?.info('asked to stop, by the engine');
      stop.abort();
      void leave();
      break;
    default:
      request satisfies never;
  }
}

async function initialise(init: Extract<WorkerRequest, { type: 'worker:init' }>): Promise<void> {
  progressLock = await lockProgress(init.options.stateFolder, init.number, patienceForPredecessorMs);
  if (!progressLock) throw new Error('another process holds the progress of this worker');
  log = new EventLog(join(init.options.stateFolder, workerLogName(init.number)));
  log.info(`worker ${String(init.number)} started, pid ${String(process.pid)}`);
  const progress = await WorkerProgress.load(init.options.stateFolder, init.number, message => {
    post({ type: 'notice', message });
  });
  destinationId = init.destinationId;
  progress.assign(init.assignedTars, destinationId);
  await progress.commit();
  const patience = new Patience(stop.signal, {
    onWaiting: failure => {
      post({ type: 'worker:waiting', failure });
    },
    onResumed: () => {
      post({ type: 'worker:resumed' });
    },
  });
  const destination = await PatientDestination.open(
    () => openDestination(init.options.destination, init.secrets, init.destinationId, stop.signal),
    patience,
  );
  reader = new MetadataThread(join(import.meta.dirname, 'metadataReader.js'));
  const metadata = new MetadataSource(
    init.options.metadataReader,
    message => {
      post({ type: 'notice', message });
    },
    undefined,
    reader.read.bind(reader),
  );
  context = {
    options: init.options,
    destination,
    progress,
    link,
    patience,
    metadata,
    stop: stop.signal,
    log,
  };
  post({ type: 'worker:ready' });
}

/** Goes to the disk with whatever is recorded next: before anything of a tar that has come to this worker. */
function assign(tars: readonly string[]): void {
  if (context) context.progress.assign(tars, destinationId);
  else work = work.then(() => context?.progress.assign(tars, destinationId));
}

async function takeTar(lease: Lease, resume: ResumePoint | null): Promise<void> {
  if (!context || stop.signal.aborted) return;
  const revoked = new AbortController();
  held = { lease, revoked };
  const name = lease.tar;
  log?.info(`tar ${name} started`);
  try {
    const signal = AbortSignal.any([stop.signal, revoked.signal]);
    post({ type: 'tar:ended', name, ...(await processTar(name, { ...context, stop: signal }, resume)) });
  } catch (thrown) {
    // Only the progress file itself can fail here: without it no outcome would be kept.
    const failure = toFailure(thrown, 'STATE_NOT_WRITABLE');
    post({ type: 'tar:ended', name, result: 'failed', doneBytes: 0, counts: noCounts(), failure });
  } finally {
    held = undefined;
  }
}

/** Ends the process once the work in hand has ended. */
async function leave(): Promise<void> {
  if (leaving) return;
  leaving = true;
  await work;
  await reader?.close();
  context?.destination.close();
  try {
    await context?.progress.close();
  } catch (thrown) {
    // The journal has all of it, so nothing is lost: the next start folds it in.
    post({ type: 'notice', message: toFailure(thrown).message });
  }
  log?.info('ended');
  log?.close();
  log = null;
  progressLock?.release();
  // Closing the channel sends what is still under way in it, and leaves nothing that keeps the process alive.
  if (process.connected) process.disconnect();
}
