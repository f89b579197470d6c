import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import pLimit from 'p-limit';
import {
  encodeMessage,
  workerRequestSchema,
  type Lease,
  type WorkerEvent,
  type WorkerRequest,
} from '../../protocol/workerMessages.ts';
import * as v from 'valibot';
import { oneLine, TarshelfError, toFailure, type Failure } from '../../protocol/errors.ts';
import { workerLogName } from '../../protocol/logFiles.ts';
import { noCounts } from '../../protocol/snapshot.ts';
import { closeChannel, sayToParent } from '../system/channel.ts';
import { killChildren } from '../system/childPrograms.ts';
import { systemClock } from '../system/clock.ts';
import { isDiskFull } from '../system/diskRoom.ts';
import type { FileLock } from '../system/fileLock.ts';
import { DestinationUnusable, type DestinationListener } from '../destinations/destination.ts';
import { openDestination } from '../destinations/openDestination.ts';
import { EventLog } from '../system/eventLog.ts';
import { HandFile, handFilePath } from '../progress/handFile.ts';
import { lockProgress } from '../progress/workerLock.ts';
import { WorkerProgress } from '../progress/workerProgress.ts';
import { Activity } from './activity.ts';
import { depart } from './departure.ts';
import { BodyThread, type BodyThreadOptions } from '../bodies/bodyThread.ts';
import { DigestThreads } from '../bodies/digestThreads.ts';
import { EngineLink } from './engineLink.ts';
import { Helper } from './helper.ts';
import { Heartbeat } from './heartbeat.ts';
import { MetadataThread } from '../bodies/metadataThread.ts';
import { MetadataSource } from './metadataSource.ts';
import { Patience } from './patience.ts';
import { PatientDestination } from './patientDestination.ts';
import { processTar } from './processTar.ts';
import type { WorkerContext } from './workerContext.ts';
import { UploadWindow } from './uploadWindow.ts';
import { logWorkerEvent } from './workerLog.ts';

/** The entry of a worker process: hears the engine, and takes the tars that it names one after another. */

const stop = new AbortController();
/** Aborted when the engine is lost and the book in hand takes too long. */
const abandon = new AbortController();
const givenUp = new AbortController();
const activity = new Activity();
const heartbeat = new Heartbeat(activity, post);
const link = new EngineLink(post);
let context: WorkerContext | undefined;
/** What it does for the tars of others while it has none itself. */
let helper: Helper | undefined;
/** Identity of the destination, as it was said at the start. */
let destinationId = '';
/** Tars are taken in order, each after the one before has ended. */
let work: Promise<void> = Promise.resolve();
/** The tar in hand. All that is said meanwhile is said under its lease. */
let held: { lease: Lease; revoked: AbortController } | undefined;
let leaving = false;
let left = false;
let reader: MetadataThread | null = null;
let digestThreads: DigestThreads | null = null;
/** In less than this there are hardly any books for the threads that digest: they begin with the first of them, if ever. */
const bytesForThread = 1024 * 1024;
const copyThread = bodyThread({ abandon: abandon.signal });
let progressLock: FileLock | null = null;
let progress: WorkerProgress | null = null;
let hand: HandFile | null = null;
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
process.on('disconnect', engineGone);
process.on('message', (message: unknown) => {
  receive(v.parse(workerRequestSchema, message));
});

// A monitor changes nothing of how the process dies.
process.on('uncaughtExceptionMonitor', thrown => log?.error(`died: ${oneLine(thrown)}`));

/** A lost channel is a dead engine: finish the book in hand, save, leave. Also in the middle of a stop, which by itself has no end. */
function engineGone(): void {
  if (left) return;
  log?.warn('the engine has gone; the book in hand is finished');
  depart({
    abandon: () => {
      log?.warn('the book in hand takes too long; it is left to the next run');
      abandon.abort();
    },
    giveUp: () => {
      givenUp.abort();
    },
    end: endNow,
  });
  stop.abort();
  void leave();
}

/** With a core for each worker to spare there are two: SHA-1 alone takes most of one. */
function digestThreadsFor(workers: number): DigestThreads {
  const threads = [bodyThread({ describes: true })];
  if (workers * 2 <= availableParallelism()) threads.push(bodyThread({ describes: true }));
  return (digestThreads = new DigestThreads(threads));
}

function bodyThread(options: BodyThreadOptions): BodyThread {
  return new BodyThread(
    join(import.meta.dirname, 'bodyThread.js'),
    why => log?.warn(`a thread that reads books has ended (${why}); its books are read without it`),
    options,
  );
}

function post(event: WorkerEvent): void {
  if (log) logWorkerEvent(event, log);
  // Health is the process's own: where it was said under a lease that has passed on, the process would seem silent.
  const lease = event.type === 'worker:health' ? null : (held?.lease ?? null);
  sayToParent(encodeMessage({ lease, event }));
}

function receive(request: WorkerRequest): void {
  switch (request.type) {
    case 'worker:init':
      work = work.then(() => initialise(request)).catch(cannotBegin);
      break;
    case 'tars:assigned':
      assign(request.assignedTars);
      break;
    case 'tar:process':
      work = work.then(() => takeTar(request));
      break;
    case 'tar:revoked':
      if (isHeld(request.lease)) held?.revoked.abort();
      break;
    case 'share:process':
      helper?.take(request);
      break;
    case 'share:dropped':
      helper?.drop();
      break;
    case 'share:wanted':
      if (isHeld(request.lease)) link.holder?.onHelpers(request.helpers);
      break;
    case 'share:outcomes':
      if (isHeld(request.lease)) link.holder?.onOutcomes(request.id, request.outcomes);
      break;
    case 'share:ended':
      if (isHeld(request.lease)) link.holder?.onEnded(request.id, request.hasDied);
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

function isHeld({ tar, epoch }: Lease): boolean {
  return held?.lease.tar === tar && held.lease.epoch === epoch;
}

/** What a stop has cut off while it was waited for is no failure; what a person has to mend is no death. */
async function cannotBegin(thrown: unknown): Promise<void> {
  if (thrown instanceof DestinationUnusable && stop.signal.aborted) return;
  if (!(thrown instanceof TarshelfError)) throw thrown;
  post({ type: 'worker:unable', failure: thrown.toFailure() });
  // It would fail again, and that has been said.
  await progress?.closeJournal().catch(() => undefined);
  progress = null;
  stop.abort();
  void leave();
}

/** Who begins anew while the disk is full waits as those do who are at work. */
function untilRoom(thrown: unknown): Failure | null {
  return thrown instanceof TarshelfError && isDiskFull(thrown.cause) ? thrown.toFailure() : null;
}

async function initialise(init: Extract<WorkerRequest, { type: 'worker:init' }>): Promise<void> {
  // It takes as long to begin as a small tar to read, and what is done here meanwhile waits for the disk.
  const digests = digestThreadsFor(init.options.workers);
  if (init.assignedBytes >= bytesForThread) digests.begin();
  progressLock = await lockProgress(init.options.stateFolder, init.number, patienceForPredecessorMs);
  if (!progressLock) throw new Error('another process holds the progress of this worker');
  log = new EventLog(join(init.options.stateFolder, workerLogName(init.number)));
  log.info(`worker ${String(init.number)} started, pid ${String(process.pid)}`);
  hand = HandFile.open(handFilePath(init.options.stateFolder, init.number));
  let endWait = (): void => undefined;
  const patience = new Patience(stop.signal, {
    onWaiting: failure => {
      endWait = activity.waiting();
      post({ type: 'worker:waiting', failure });
    },
    onResumed: () => {
      endWait();
      post({ type: 'worker:resumed' });
    },
  });
  const loaded = await patience.persist(
    () =>
      WorkerProgress.load(init.options.stateFolder, init.number, message => {
        post({ type: 'notice', message });
      }),
    untilRoom,
  );
  progress = loaded;
  destinationId = init.destinationId;
  loaded.assign(init.assignedTars, destinationId);
  await patience.persist(() => loaded.commit(), untilRoom);
  const { parallelUploads } = init.options;
  const uploads = pLimit(parallelUploads);
  const allow = (size: number): void => {
    uploads.concurrency = activity.parallelUploads = size;
  };
  const window = new UploadWindow(parallelUploads, systemClock, allow);
  const listener: DestinationListener = {
    onRetry: () => {
      window.trouble();
    },
    onQueued: () => activity.waiting(),
    onWork: () => {
      activity.addBytes(1);
    },
  };
  const destination = await PatientDestination.open(
    () => openDestination(init.options.destination, init.secrets, init.destinationId, stop.signal, listener),
    patience,
    window,
  );
  // Where starting a program costs more than storing a book, as many as wait are stored together.
  if (destination.storesTogether > 1) allow(Math.max(parallelUploads, destination.storesTogether));
  reader = new MetadataThread(join(import.meta.dirname, 'metadataThread.js'));
  const metadata = new MetadataSource(
    init.options.metadataReader,
    message => {
      post({ type: 'notice', message });
    },
    reader.read.bind(reader),
  );
  context = {
    options: init.options,
    destination,
    progress: loaded,
    link,
    patience,
    metadata,
    stop: stop.signal,
    abandon: abandon.signal,
    activity,
    hand,
    digestThreads: digests,
    copyThread,
    uploads,
    log,
  };
  helper = new Helper(context);
  activity.doing = 'idle';
  post({ type: 'worker:ready' });
}

/** Goes to the disk with whatever is recorded next: before anything of a tar that has come to this worker. */
function assign(tars: readonly string[]): void {
  if (context) context.progress.assign(tars, destinationId);
  else work = work.then(() => context?.progress.assign(tars, destinationId));
}

async function takeTar(request: Extract<WorkerRequest, { type: 'tar:process' }>): Promise<void> {
  const { folder, lease } = request;
  // What it does for another's tar comes to its end first.
  await helper?.idle();
  if (!context || stop.signal.aborted) return;
  const revoked = new AbortController();
  held = { lease, revoked };
  const name = lease.tar;
  log?.info(`tar ${name} started`);
  // Also while it is opened, which a disk may never do: who is idle is never looked for.
  activity.doing = 'index';
  try {
    const signal = AbortSignal.any([stop.signal, revoked.signal]);
    const offer = { ...request, epoch: lease.epoch };
    link.send({
      type: 'tar:ended',
      name,
      ...(await processTar({ name, folder }, { ...context, stop: signal }, offer)),
    });
  } catch (thrown) {
    // Only the progress file itself can fail here: without it no outcome would be kept.
    const failure = toFailure(thrown, 'STATE_NOT_WRITABLE');
    link.send({ type: 'tar:ended', name, result: 'failed', doneBytes: 0, counts: noCounts(), failure });
  } finally {
    held = undefined;
    activity.doing = 'idle';
  }
}

/** Ends the process once the work in hand has ended. */
async function leave(): Promise<void> {
  if (leaving) return;
  leaving = true;
  activity.isStopping = true;
  const inHand = work.then(() => helper?.idle());
  const hasEnded = await Promise.race([inHand.then(() => true), untilGivenUp()]);
  try {
    if (hasEnded) {
      await reader?.close();
      await Promise.all([digestThreads?.close(), copyThread.close()]);
      context?.destination.close();
      await progress?.close();
    } else {
      await progress?.closeJournal();
    }
  } catch (thrown) {
    // The journal has all of it, so nothing is lost: the next start folds it in.
    post({ type: 'notice', message: toFailure(thrown).message });
  }
  // Whatever of it was cut off was none of a book's doing.
  hand?.end();
  hand?.close();
  heartbeat.stop();
  log?.info('ended');
  log?.close();
  log = null;
  progressLock?.release();
  left = true;
  await closeChannel();
  if (!hasEnded) endNow();
}

function untilGivenUp(): Promise<false> {
  return new Promise(resolve => {
    givenUp.signal.addEventListener('abort', () => {
      resolve(false);
    });
  });
}

/** Ends the process and its programs, whatever it waits for. */
function endNow(): void {
  killChildren();
  // An exit waits for reads that are under way, for ever where a disk hangs.
  process.once('exit', () => process.kill(process.pid, 'SIGKILL'));
  process.exit();
}

heartbeat.start();
// It may have gone while this was loaded, when nobody heard of it.
if (!process.connected) engineGone();
