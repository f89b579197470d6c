import { setTimeout as sleep } from 'node:timers/promises';
import { endsRun, TarshelfError, toFailure, type Failure } from '../../protocol/errors.ts';
import type { IngestOptions } from '../../protocol/ingestOptions.ts';
import type { ProgressFile } from '../../protocol/progressFile.ts';
import { noCounts, type BookCounts } from '../../protocol/snapshot.ts';
import type { WorkerEvent } from '../../protocol/workerMessages.ts';
import { ClaimTable, type Settlement } from '../dedupe/claimTable.ts';
import type { Destination } from '../destinations/destination.ts';
import { prepareDestination } from '../destinations/openDestination.ts';
import { dealRoundRobin } from './assignment.ts';
import { findTars, type FoundTar } from './sourceFolder.ts';
import type { StateBoard } from './stateBoard.ts';
import { StateFolder } from './stateFolder.ts';
import { WorkerProcess } from './workerProcess.ts';

/*
 * What lives in this folder: the engine, which owns the workers of one state folder. It deals the tars,
 * answers the claims, starts a worker again that died, and tells its clients. It promises that each key is
 * one worker's at a time, and that no worker outlives it for longer than the book in hand.
 */

const restartLimit = 3;
const firstRestartDelayMs = 1000;

/** A worker of this run: its hand of tars, and its process while it has one. */
interface Worker {
  readonly number: number;
  /** Tars not yet ended, the current one first. */
  readonly hand: string[];
  process: WorkerProcess | null;
  restarts: number;
}

/** One ingest from its start to its summary. */
export class Ingest {
  readonly #options: IngestOptions;
  readonly #workerPath: string;
  readonly #board: StateBoard;
  readonly #claims = new ClaimTable();
  readonly #workers = new Map<number, Worker>();
  readonly #stop = new AbortController();
  #destinationId = '';
  #ended: () => void = () => undefined;

  constructor(options: IngestOptions, workerPath: string, board: StateBoard) {
    this.#options = options;
    this.#workerPath = workerPath;
    this.#board = board;
  }

  /** Runs to the end, or to the stop. What keeps it from beginning ends it as `refused`; nothing is thrown. */
  async run(): Promise<void> {
    let state: StateFolder | undefined;
    let destination: Destination | undefined;
    try {
      const tars = await findTars(this.#options.sourceFolder);
      state = await StateFolder.take(this.#options.stateFolder);
      await state.outwaitWorkers(this.#stop.signal, () => {
        this.#board.tell({
          type: 'notice',
          message:
            'Workers of an earlier run still finish the book in hand; this run begins when they have left.',
        });
      });
      destination = await prepareDestination(this.#options.destination);
      this.#destinationId = destination.id;
      const progress = await state.readProgress(message => {
        this.#board.tell({ type: 'notice', message });
      });
      await this.#loadKeys(progress, destination);
      this.#deal(tars, progress);
    } catch (thrown) {
      destination?.close();
      state?.release();
      if (this.#stop.signal.aborted) this.#board.changeRun({ phase: 'stopped' });
      else this.#board.refuse(toFailure(thrown));
      return;
    }
    try {
      this.#board.changeRun({ phase: this.#stop.signal.aborted ? 'stopping' : 'running' });
      this.#board.tellSnapshot();
      await this.#work();
    } finally {
      destination.close();
      state.release();
    }
    const stopped = this.#stop.signal.aborted;
    this.#board.changeRun({ phase: stopped ? 'stopped' : 'finished', summary: this.#board.summary() });
  }

  /** Lets every worker finish the book in hand, save and end. */
  stop(): void {
    if (this.#stop.signal.aborted) return;
    this.#stop.abort();
    if (this.#board.run.phase === 'running') this.#board.changeRun({ phase: 'stopping' });
    for (const worker of this.#workers.values()) {
      if (!worker.process) continue;
      this.#board.changeWorker(worker.number, { phase: 'stopping' });
      worker.process.send({ type: 'worker:stop' });
    }
  }

  /** All that is known: what every worker's progress records, and what the destination has. */
  async #loadKeys(progress: ReadonlyMap<number, ProgressFile>, destination: Destination): Promise<void> {
    for (const [worker, file] of progress) {
      if (file.destination !== undefined && file.destination !== destination.id) {
        throw new TarshelfError(
          'STATE_OTHER_DESTINATION',
          `The state folder ${this.#options.stateFolder} belongs to another library, or its library was deleted or replaced. ` +
            'Choose that library, or another state folder to begin anew.',
        );
      }
      for (const [sha1, entry] of Object.entries(file.completed_files)) {
        this.#claims.addFromProgress(worker, sha1, entry.size);
      }
    }
    for await (const key of destination.keys()) this.#claims.addFromDestination(key);
  }

  #deal(tars: readonly FoundTar[], progress: ReadonlyMap<number, ProgressFile>): void {
    const hands = dealRoundRobin(
      tars.map(tar => tar.name),
      this.#options.workers,
    ).tarsOf;
    const workerOf = new Map(hands.flatMap((hand, index) => hand.map(tar => [tar, index + 1] as const)));
    for (const tar of tars) {
      const earlier = completedEarlier(tar, progress);
      this.#board.setTar({
        name: tar.name,
        phase: earlier ? 'completed' : 'waiting',
        sizeBytes: tar.sizeBytes,
        doneBytes: earlier ? tar.sizeBytes : 0,
        worker: earlier ? null : (workerOf.get(tar.name) ?? null),
        counts: earlier ?? noCounts(),
        earlier: earlier !== null,
        failure: null,
      });
    }
    hands.forEach((dealt, index) => {
      const number = index + 1;
      const current = progress.get(number)?.current_tar;
      const hand = dealt.filter(tar => !this.#board.tar(tar).earlier);
      // An interrupted tar goes first, so that one is finished before the next is begun.
      hand.sort((a, b) => Number(b === current) - Number(a === current));
      if (hand.length > 0) this.#workers.set(number, { number, hand, process: null, restarts: 0 });
    });
  }

  /** Resolves when every worker has ended. */
  async #work(): Promise<void> {
    if (this.#workers.size === 0 || this.#stop.signal.aborted) return;
    const ended = new Promise<void>(resolve => {
      this.#ended = resolve;
    });
    for (const worker of this.#workers.values()) this.#startWorker(worker);
    await ended;
  }

  #startWorker(worker: Worker): void {
    const process = new WorkerProcess(this.#workerPath, {
      onEvent: event => {
        this.#hear(worker, event);
      },
      onEnd: how => {
        this.#workerEnded(worker, how);
      },
    });
    worker.process = process;
    this.#board.setWorker({
      number: worker.number,
      phase: 'starting',
      pid: process.pid,
      currentTar: null,
      assignedTars: [...worker.hand],
      bytesPerSecond: 0,
      restarts: worker.restarts,
    });
    process.send({
      type: 'worker:init',
      number: worker.number,
      options: this.#options,
      destinationId: this.#destinationId,
      assignedTars: worker.hand,
    });
  }

  #hear(worker: Worker, event: WorkerEvent): void {
    switch (event.type) {
      case 'worker:ready':
        this.#nextTar(worker);
        break;
      case 'tar:progress':
        this.#board.advanceTar(event.name, worker.number, event.doneBytes, { counts: event.counts });
        if (!this.#stop.signal.aborted) this.#board.changeWorker(worker.number, { phase: event.phase });
        break;
      case 'claim:request':
        worker.process?.send({
          type: 'claim:answer',
          id: event.id,
          verdicts: this.#claims.claim(worker.number, event.keys),
        });
        break;
      case 'claim:outcome':
        this.#tellSettlements(this.#claims.settle(worker.number, event.key, event.outcome));
        break;
      case 'book:failed':
        this.#board.tell(event);
        break;
      case 'tar:ended':
        this.#tarEnded(worker, event);
        break;
      case 'notice':
        this.#board.tell(event);
        break;
      default:
        event satisfies never;
    }
  }

  /** Gives the worker its next tar, or lets it go when it has none. */
  #nextTar(worker: Worker): void {
    const name = worker.hand[0];
    if (name === undefined || this.#stop.signal.aborted) {
      this.#board.changeWorker(worker.number, { phase: 'stopping', currentTar: null });
      worker.process?.send({ type: 'worker:stop' });
      return;
    }
    this.#board.changeTar(name, { phase: 'running', doneBytes: 0, counts: noCounts() });
    this.#board.changeWorker(worker.number, { phase: 'scan', currentTar: name });
    worker.process?.send({ type: 'tar:process', name });
  }

  #tarEnded(worker: Worker, event: Extract<WorkerEvent, { type: 'tar:ended' }>): void {
    const { name, result, doneBytes, counts, failure } = event;
    const phase = result === 'stopped' ? 'waiting' : result;
    this.#board.advanceTar(name, worker.number, doneBytes, { phase, counts, failure });
    this.#board.changeWorker(worker.number, { currentTar: null });
    this.#board.publish();
    if (result === 'stopped') return;
    worker.hand.splice(worker.hand.indexOf(name), 1);
    if (failure && endsRun(failure.code)) {
      this.#board.changeRun({ failure });
      this.stop();
      return;
    }
    this.#nextTar(worker);
  }

  /** A worker's process has ended: as it was told, or by itself, and then it is started again. */
  #workerEnded(worker: Worker, how: string): void {
    worker.process = null;
    this.#tellSettlements(this.#claims.release(worker.number));
    const unfinished = worker.hand.length > 0 && !this.#stop.signal.aborted;
    this.#board.changeWorker(worker.number, {
      phase: unfinished ? 'died' : 'stopped',
      pid: null,
      currentTar: null,
    });
    for (const name of worker.hand) {
      if (this.#board.tar(name).phase === 'running') this.#board.changeTar(name, { phase: 'waiting' });
    }
    if (!unfinished) {
      this.#endWhenAllHave();
      return;
    }
    const what = `Worker ${String(worker.number)} ended unexpectedly (${how})`;
    const failure: Failure = {
      code: 'WORKER_DIED',
      message: `${what}. Launch again to go on with its tars.`,
    };
    if (worker.restarts < restartLimit) {
      this.#board.tell({ type: 'notice', message: `${what}; it is started again.` });
      void this.#restart(worker);
      return;
    }
    for (const name of worker.hand.splice(0)) this.#board.changeTar(name, { phase: 'failed', failure });
    this.#endWhenAllHave();
  }

  async #restart(worker: Worker): Promise<void> {
    try {
      await sleep(firstRestartDelayMs * 2 ** worker.restarts, undefined, { signal: this.#stop.signal });
    } catch {
      // The stop came while it waited.
      this.#endWhenAllHave();
      return;
    }
    worker.restarts++;
    this.#startWorker(worker);
  }

  #endWhenAllHave(): void {
    for (const worker of this.#workers.values()) {
      const waitsForRestart = worker.hand.length > 0 && !this.#stop.signal.aborted;
      if (worker.process || waitsForRestart) return;
    }
    this.#ended();
  }

  #tellSettlements(settlements: readonly Settlement[]): void {
    for (const { worker, key, verdict } of settlements) {
      this.#workers.get(worker)?.process?.send({ type: 'claim:settled', key, verdict });
    }
  }
}

/**
 * What an earlier run counted in a tar that it completed, or null where the tar is to be read: never
 * completed, or changed since. The Python system records neither size nor time, so its word is taken.
 */
function completedEarlier(tar: FoundTar, progress: ReadonlyMap<number, ProgressFile>): BookCounts | null {
  for (const file of progress.values()) {
    if (!file.completed_tars.includes(tar.name)) continue;
    const record = file.tar_progress[tar.name];
    const sameSize = record?.tar_size === undefined || record.tar_size === tar.sizeBytes;
    const sameTime = record?.tar_mtime_ms === undefined || record.tar_mtime_ms === tar.mtimeMs;
    if (!sameSize || !sameTime) continue;
    const found = record?.files_processed ?? 0;
    const uploaded = record?.files_uploaded ?? 0;
    const failed = record?.errors ?? 0;
    const duplicates = { own: 0, others: 0, destination: Math.max(0, found - uploaded - failed) };
    return { found, uploaded, duplicates, failed, skipped: 0 };
  }
  return null;
}
