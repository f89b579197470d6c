import { setTimeout as sleep } from 'node:timers/promises';
import type { Failure } from '../../protocol/errors.ts';
import type { ResumePoint } from '../../protocol/resumePoint.ts';
import { newWorker } from '../../protocol/snapshot.ts';
import type { Lease, WorkerEvent, WorkerMessage, WorkerRequest } from '../../protocol/workerMessages.ts';
import type { ClaimTable, Settlement } from '../dedupe/claimTable.ts';
import type { EventLog } from '../logs/eventLog.ts';
import type { StateBoard } from './stateBoard.ts';
import type { TarHands } from './tarHands.ts';
import { WorkerProcess } from './workerProcess.ts';

/** A worker is started again so many times in a row without ending a tar in between; then it is given up. */
const restartLimit = 3;
const firstRestartDelayMs = 1000;

/**
 * The life of a worker:
 *
 *   resting ──start──▶ running ──told to stop──▶ resting
 *      ▲                  │
 *      │                died ──▶ waiting ──back-off──▶ running
 *      │                  └────▶ givenUp   (its tars go to the others)
 *      └ woken again when there are orphans
 */
interface Worker {
  readonly number: number;
  process: WorkerProcess | null;
  state: 'resting' | 'running' | 'waiting' | 'givenUp';
  /** Told to end: its process's end is no death. */
  dismissed: boolean;
  /** Deaths since it last ended a tar. */
  deathsInRow: number;
  restarts: number;
  readonly assigned: Set<string>;
}

export interface CrewOptions {
  readonly workerPath: string;
  readonly board: StateBoard;
  readonly claims: ClaimTable;
  readonly hands: TarHands;
  readonly log: EventLog;
  /** What was done about deaths and troubles, and why. */
  readonly monitor: EventLog;
  /** A tar has been read without any error, and its worker has recorded that durably. */
  readonly onCompleted: (tar: string) => void;
  /** How far a tar is that a worker gets, whoever read it before. Never rejects. */
  readonly resumePoint: (worker: number, tar: string) => Promise<ResumePoint | null>;
  /** The first message to each process of a worker. */
  readonly init: (worker: number, tars: readonly string[]) => WorkerRequest;
}

/** The workers of a run: their processes, what they say, their deaths, and who goes on with whose tars. */
export class Crew {
  readonly #options: CrewOptions;
  readonly #workers: Worker[];
  readonly #stop = new AbortController();
  /** Who had a tar last in this run. */
  readonly #lastHolder = new Map<string, number>();
  /** Why a worker waits, by its number. */
  readonly #waiting = new Map<number, Failure>();
  #ended: () => void = () => undefined;

  constructor(workers: number, options: CrewOptions) {
    this.#options = options;
    this.#workers = Array.from({ length: workers }, (_, index) => ({
      number: index + 1,
      process: null,
      state: 'resting',
      dismissed: false,
      deathsInRow: 0,
      restarts: 0,
      assigned: new Set(),
    }));
  }

  /** Resolves when no worker is running or will be. */
  async work(): Promise<void> {
    const ended = new Promise<void>(resolve => {
      this.#ended = resolve;
    });
    for (const worker of this.#workers) {
      if (this.#options.hands.handOf(worker.number).length > 0) this.#start(worker);
    }
    this.#endWhenAllRest();
    await ended;
  }

  /** Lets every worker finish the book in hand, save and end. */
  stop(): void {
    if (this.#stop.signal.aborted) return;
    this.#stop.abort();
    for (const worker of this.#workers) if (worker.process) this.#dismiss(worker);
  }

  #start(worker: Worker): void {
    const { board, hands, init, log, workerPath } = this.#options;
    const process = new WorkerProcess(workerPath, {
      onMessage: message => {
        this.#hear(worker, message);
      },
      onEnd: how => {
        this.#processEnded(worker, how);
      },
    });
    worker.process = process;
    worker.state = 'running';
    worker.dismissed = false;
    const tars = hands.handOf(worker.number);
    log.info(`worker ${String(worker.number)} started, pid ${String(process.pid)}, tars: ${tars.join(', ')}`);
    board.setWorker({
      ...newWorker(worker.number),
      pid: process.pid,
      assignedTars: this.#assigned(worker, tars),
      restarts: worker.restarts,
    });
    process.send(init(worker.number, tars));
  }

  #hear(worker: Worker, { lease, event }: WorkerMessage): void {
    if (lease && !this.#options.hands.holds(worker.number, lease)) this.#refuse(worker, lease, event);
    else this.#take(worker, event);
  }

  /** Said of a tar that is another's by now. A book that is on the shelf stays there, and is known to be. */
  #refuse(worker: Worker, lease: Lease, event: WorkerEvent): void {
    if (event.type === 'claim:outcome') {
      this.#tell(this.#options.claims.settle(worker.number, event.key, event.outcome));
    }
    worker.process?.send({ type: 'tar:revoked', lease });
  }

  #take(worker: Worker, event: WorkerEvent): void {
    const { board, claims } = this.#options;
    switch (event.type) {
      case 'worker:ready':
        this.#nextTar(worker);
        break;
      case 'tar:progress':
        board.advanceExtraction(worker.number, event.extraction);
        board.advanceTar(event.name, worker.number, event.doneBytes, { counts: event.counts });
        if (!this.#stop.signal.aborted) board.changeWorker(worker.number, { phase: event.phase });
        break;
      case 'claim:request': {
        const verdicts = claims.claim(worker.number, event.keys);
        worker.process?.send({ type: 'claim:answer', id: event.id, verdicts });
        break;
      }
      case 'claim:outcome':
        this.#tell(claims.settle(worker.number, event.key, event.outcome));
        break;
      case 'tar:ended':
        this.#tarEnded(worker, event);
        break;
      case 'worker:waiting':
        this.#waits(worker, event.failure);
        break;
      case 'worker:resumed':
        this.#resumes(worker);
        break;
      case 'worker:health':
        break;
      case 'book:failed':
      case 'notice':
        board.tell(event);
        break;
      default:
        event satisfies never;
    }
  }

  /** All workers mostly wait for the same thing: it is told once, and once more when the last one goes on. */
  #waits(worker: Worker, failure: Failure): void {
    const { board, monitor } = this.#options;
    // A destination that is down is noticed at several ends of it, each in its own words.
    const known = [...this.#waiting.values()].some(
      other =>
        other.message === failure.message ||
        (other.code === failure.code && failure.code === 'DESTINATION_UNUSABLE'),
    );
    this.#waiting.set(worker.number, failure);
    const why = failure.message;
    board.changeWorker(worker.number, { phase: 'wait' });
    if (known) return;
    monitor.error(`the workers wait: ${why}`);
    board.tell({ type: 'notice', message: `${why} Until then the workers wait; nothing is lost.` });
  }

  #resumes(worker: Worker): void {
    const { board, monitor } = this.#options;
    if (!this.#waiting.delete(worker.number) || this.#waiting.size > 0) return;
    monitor.info('the workers go on');
    if (!this.#stop.signal.aborted) board.tell({ type: 'notice', message: 'The workers go on.' });
  }

  /** Gives the worker its next tar, or lets it go when there is none. */
  #nextTar(worker: Worker): void {
    const { board, hands, monitor } = this.#options;
    const lease = this.#stop.signal.aborted ? null : hands.lease(worker.number);
    if (!lease) {
      this.#dismiss(worker);
      return;
    }
    board.changeTar(lease.tar, { phase: 'running', worker: worker.number });
    board.changeWorker(worker.number, {
      phase: 'scan',
      currentTar: lease.tar,
      assignedTars: this.#assigned(worker, [lease.tar]),
    });
    const from = this.#lastHolder.get(lease.tar);
    if (from !== undefined && from !== worker.number)
      monitor.info(`${lease.tar} passes from worker ${String(from)} to worker ${String(worker.number)}`);
    this.#lastHolder.set(lease.tar, worker.number);
    void this.#handOver(worker, lease);
  }

  async #handOver(worker: Worker, lease: Lease): Promise<void> {
    const { process } = worker;
    const resume = await this.#options.resumePoint(worker.number, lease.tar);
    // It may have died meanwhile; its next process asks anew.
    if (worker.process === process && this.#options.hands.holds(worker.number, lease))
      process?.send({ type: 'tar:process', lease, resume, poison: [], suspects: [] });
  }

  /** All tars that a worker has or has had in this run, in the order in which they came to it. */
  #assigned(worker: Worker, more: readonly string[]): string[] {
    for (const tar of more) worker.assigned.add(tar);
    return [...worker.assigned];
  }

  #dismiss(worker: Worker): void {
    worker.dismissed = true;
    this.#options.board.changeWorker(worker.number, { phase: 'stopping' });
    worker.process?.send({ type: 'worker:stop' });
  }

  #tarEnded(worker: Worker, event: Extract<WorkerEvent, { type: 'tar:ended' }>): void {
    const { board, hands, log } = this.#options;
    const { name, result, doneBytes, counts, failure } = event;
    const phase = result === 'stopped' ? 'waiting' : result;
    board.advanceTar(name, worker.number, doneBytes, { phase, counts, failure });
    board.advanceExtraction(worker.number, null);
    board.changeWorker(worker.number, { currentTar: null });
    board.publish();
    const how = failure ? `${result}: ${failure.message}` : result;
    log[failure ? 'error' : 'info'](`worker ${String(worker.number)} ended ${name}: ${how}`);
    if (result === 'completed') this.#options.onCompleted(name);
    if (result === 'stopped') return;
    worker.deathsInRow = 0;
    hands.end(worker.number);
    this.#nextTar(worker);
  }

  /** A process has ended: as it was told, or by itself; then the worker is started again, or its tars move on. */
  #processEnded(worker: Worker, how: string): void {
    const { board, claims, hands, log, monitor } = this.#options;
    worker.process = null;
    this.#resumes(worker);
    this.#tell(claims.release(worker.number));
    const current = board.worker(worker.number).currentTar;
    const died = !worker.dismissed && !this.#stop.signal.aborted;
    board.advanceExtraction(worker.number, null);
    if (current !== null) board.changeTar(current, { phase: 'waiting' });
    board.changeWorker(worker.number, { phase: died ? 'died' : 'stopped', pid: null, currentTar: null });
    if (!died) {
      worker.state = 'resting';
      log.info(`worker ${String(worker.number)} ended`);
      this.#passOnOrphans();
      return;
    }
    const what = `Worker ${String(worker.number)} ended unexpectedly (${how})`;
    const poison = hands.died(worker.number);
    worker.deathsInRow++;
    if (poison !== null) {
      this.#failTar(
        poison,
        `${what} in ${poison}, as others before. The tar is left out; launch again to try it anew.`,
      );
      worker.deathsInRow = 0;
    }
    if (worker.deathsInRow <= restartLimit) {
      const delayMs = firstRestartDelayMs * 2 ** Math.max(0, worker.deathsInRow - 1);
      monitor.warn(
        `${what}${current === null ? '' : ` in ${current}`}; it is started again in ${String(delayMs / 1000)} s, ` +
          `death ${String(worker.deathsInRow)} in a row`,
      );
      board.tell({ type: 'notice', message: `${what}; it is started again.` });
      worker.state = 'waiting';
      void this.#restart(worker, delayMs);
      this.#passOnOrphans();
      return;
    }
    worker.state = 'givenUp';
    const tars = hands.giveUp(worker.number);
    for (const tar of tars) worker.assigned.delete(tar);
    const message = `${what}, too often in a row; its tars go to the other workers: ${tars.join(', ')}.`;
    monitor.error(message);
    board.tell({ type: 'notice', message });
    board.changeWorker(worker.number, { assignedTars: [...worker.assigned] });
    this.#passOnOrphans();
  }

  async #restart(worker: Worker, delayMs: number): Promise<void> {
    try {
      await sleep(delayMs, undefined, { signal: this.#stop.signal });
    } catch {
      // The stop came while it waited.
      worker.state = 'resting';
      this.#endWhenAllRest();
      return;
    }
    worker.restarts++;
    this.#start(worker);
  }

  /** Wakes a resting worker for tars that a given-up one has left; running ones take them when their hand is empty. */
  #passOnOrphans(): void {
    const { hands } = this.#options;
    if (hands.orphans.length > 0 && !this.#stop.signal.aborted) {
      const resting = this.#workers.find(worker => worker.state === 'resting');
      if (resting) this.#start(resting);
      else if (this.#workers.every(worker => worker.state === 'givenUp')) {
        for (const tar of hands.takeOrphans()) {
          this.#failTar(tar, 'No worker is left: all ended unexpectedly, too often. Launch again to go on.');
        }
      }
    }
    this.#endWhenAllRest();
  }

  #failTar(tar: string, message: string): void {
    const { board, log, monitor } = this.#options;
    const failure: Failure = { code: 'WORKER_DIED', message: `${tar}: ${message}` };
    log.error(failure.message);
    monitor.error(failure.message);
    board.changeTar(tar, { phase: 'failed', failure });
  }

  #endWhenAllRest(): void {
    if (this.#workers.every(worker => worker.state === 'resting' || worker.state === 'givenUp'))
      this.#ended();
  }

  #tell(settlements: readonly Settlement[]): void {
    for (const { worker, key, verdict } of settlements) {
      this.#workers[worker - 1]?.process?.send({ type: 'claim:settled', key, verdict });
    }
  }
}
