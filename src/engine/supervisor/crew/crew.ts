import { oneLine, TarshelfError, type Failure } from '../../../protocol/errors.ts';
import { formatBytes, formatCount } from '../../../protocol/format.ts';
import type { HistoryKind } from '../../../protocol/history.ts';
import type { ResumePoint } from '../../../protocol/resumePoint.ts';
import { newWorker, type WorkerState } from '../../../protocol/snapshot.ts';
import type { Supervision } from '../../../protocol/supervision.ts';
import type { Lease, WorkerEvent, WorkerMessage, WorkerRequest } from '../../../protocol/workerMessages.ts';
import { pausedByPerson } from '../../../protocol/workerNotes.ts';
import type { Clock } from '../../clock.ts';
import type { ClaimTable, Settlement } from '../../dedupe/claimTable.ts';
import type { EventLog } from '../../logs/eventLog.ts';
import {
  isEmployed,
  isOnDuty,
  isPaused,
  mayWork,
  nameOf,
  newCrewWorker,
  type Cause,
  type CrewWorker,
  type Stopping,
  type Then,
  type Trouble,
} from './crewWorker.ts';
import { AwakeTime, WorkerWatch, type Finding, type Heartbeat } from './health.ts';
import type { History } from './history.ts';
import { backOffMs, endsRowAfterMs } from './restarts.ts';
import type { StateBoard } from '../stateBoard.ts';
import type { TarHands } from './tarHands.ts';
import type { ProcessEnd, WorkerHandle, WorkerListener } from './workerProcess.ts';

/*
 * What lives in this folder: the workers of a run, from their first process to their last, and who has which tar. It
 * promises that a tar is in one hand at a time, that nobody is started again more often than allowed, that a worker
 * that gets on is never stopped for not getting on, and that only processes it started are ever signalled.
 */

/** How far apart the looks are by which it is known whether the engine was awake; also the pace of heartbeats. */
const tickMs = 1000;
/** For each rung of the ladder where the worker hears nothing anyway. */
const rungOfSilentMs = 2000;

/** Signals that no process sends itself: somebody else did, or the system for want of memory. */
const killsFromOutside: ReadonlySet<string> = new Set(['SIGKILL', 'SIGTERM', 'SIGHUP', 'SIGINT', 'SIGQUIT']);

export interface RunningWorker {
  readonly number: number;
  readonly pid: number;
  readonly processStart: string | null;
}

export interface CrewOptions {
  readonly startWorker: (listener: WorkerListener) => WorkerHandle;
  readonly clock: Clock;
  /** From 0 to 1. */
  readonly random: () => number;
  readonly supervision: Supervision;
  readonly board: StateBoard;
  readonly claims: ClaimTable;
  readonly hands: TarHands;
  readonly log: Pick<EventLog, 'info' | 'warn' | 'error'>;
  readonly history: History;
  /** A tar has been read without any error, and its worker has recorded that durably. */
  readonly onCompleted: (tar: string) => void;
  /** The processes that there are now; told when one begins or has ended. */
  readonly onWorkersChanged: (workers: RunningWorker[]) => void;
  /** The source folder of a tar; null for an extraction folder. */
  readonly folderOf: (tar: string) => string | null;
  /** How far a tar is that a worker gets, whoever read it before. Never rejects. */
  readonly resumePoint: (worker: number, tar: string) => Promise<ResumePoint | null>;
  /** Header offsets of the members that a process had in hand under a lease. Never rejects. */
  readonly suspects: (worker: number, lease: Lease) => Promise<readonly number[]>;
  /** The first message to each process of a worker. */
  readonly init: (worker: number, tars: readonly string[]) => WorkerRequest;
}

/** The workers of a run: their processes, what they say, their deaths, and who goes on with whose tars. */
export class Crew {
  readonly #options: CrewOptions;
  readonly #workers: CrewWorker[];
  readonly #awake: AwakeTime;
  #isStopped = false;
  #hasEnded = false;
  #sinceCheckMs = 0;
  #cancelTick: () => void = () => undefined;
  /** Who had a tar last in this run. */
  readonly #lastHolder = new Map<string, number>();
  /** Why a worker waits, by its number. */
  readonly #waiting = new Map<number, Failure>();
  #ended: () => void = () => undefined;

  constructor(workers: number, options: CrewOptions) {
    this.#options = options;
    this.#awake = new AwakeTime(options.clock.now(), tickMs);
    this.#workers = Array.from({ length: workers }, (_, index) =>
      newCrewWorker(index + 1, options.hands.handOf(index + 1)),
    );
  }

  /** Resolves when no worker is running or will be. Where a person has paused the last ones, that takes until they are resumed. */
  async work(): Promise<void> {
    const ended = new Promise<void>(resolve => {
      this.#ended = resolve;
    });
    this.#tickLater();
    this.#wake();
    // Where nothing is left to do, nobody is woken who could say so.
    this.#endWhenOver();
    await ended;
  }

  /** Lets every worker finish the book in hand, save and end. */
  stop(): void {
    if (this.#isStopped) return;
    this.#isStopped = true;
    for (const worker of this.#workers) {
      if (worker.process) this.#letEnd(worker, 'rest');
      else if (worker.state === 'waiting') {
        worker.cancelTimer();
        worker.state = 'resting';
        this.#show(worker, { phase: 'stopped' });
      }
    }
    this.#endWhenOver();
  }

  // ---- What a person asks for. Each returns one line that says what was done.

  /** @throws TarshelfError `NO_SUCH_WORKER` */
  restartWorker(number: number | null): string {
    if (number !== null) return this.#restartAsked(this.#worker(number));
    const atWork = this.#workers.filter(({ state }) => ['running', 'waiting', 'givenUp'].includes(state));
    for (const worker of atWork) this.#restartAsked(worker);
    return atWork.length === 0
      ? 'No worker is at work that could be started again.'
      : `${formatCount(atWork.length, 'worker')} finish the book in hand and are started again.`;
  }

  /** @throws TarshelfError `NO_SUCH_WORKER` */
  pauseWorker(number: number | null): string {
    if (number !== null) {
      const message = this.#pauseAsked(this.#worker(number));
      // What it has not begun is there for those who have nothing left.
      this.#wake();
      this.#endWhenOver();
      return message;
    }
    for (const worker of this.#workers) this.#pauseAsked(worker);
    this.#endWhenOver();
    return 'All workers finish the book in hand and are paused then, until they are resumed.';
  }

  /** @throws TarshelfError `NO_SUCH_WORKER` */
  resumeWorker(number: number | null): string {
    if (number !== null) return this.#resumeAsked(this.#worker(number));
    const paused = this.#workers.filter(isPaused);
    for (const worker of paused) this.#resumeAsked(worker);
    return paused.length === 0
      ? 'No worker is paused.'
      : `${formatCount(paused.length, 'worker')} may work again.`;
  }

  /**
   * Gives tars of a worker to others: all of them where it has no process, else those that it has not begun.
   *
   * @param to who gets them, in turn; null: whoever is free first
   * @throws TarshelfError `NO_SUCH_WORKER`, `REASSIGN_REFUSED`
   */
  reassign(number: number, to: readonly number[] | null): string {
    const { hands } = this.#options;
    const worker = this.#worker(number);
    const refuse = (why: string): never => {
      throw new TarshelfError('REASSIGN_REFUSED', why);
    };
    const name = `Worker ${String(number)}`;
    if (this.#isStopped)
      refuse('The run is being stopped: no tar changes hands any more. Launch again first.');
    const targets = [...new Set(to ?? [])].map(target => this.#worker(target));
    for (const target of targets) {
      if (target === worker) refuse(`${name} cannot give its tars to itself. Name other workers.`);
      if (!mayWork(target))
        refuse(
          `Worker ${String(target.number)} ${target.state === 'retired' ? 'rests for the load of the machine' : 'is paused'}. ` +
            'Resume it first, or name another worker.',
        );
    }
    if (targets.length === 0 && !this.#workers.some(other => other !== worker && mayWork(other)))
      refuse(`No other worker is there that could take the tars of ${name.toLowerCase()}. Resume one first.`);
    const isAtWork = worker.process !== null || worker.state === 'ending';
    const tars = [...(isAtWork ? hands.waitingOf(number) : hands.handOf(number))];
    const current = hands.leaseOf(number)?.tar;
    if (tars.length === 0)
      refuse(
        current === undefined
          ? `${name} has no tar that could go to another worker.`
          : `${name} is at work in ${current} and has no other tar. Pause it first, then that one can go, too.`,
      );
    let whereTo = 'whoever is free first';
    if (targets.length === 0) hands.orphan(number, tars);
    else {
      const numbers = targets.map(target => target.number);
      hands.give(number, tars, numbers);
      whereTo = `${numbers.length === 1 ? 'worker' : 'workers'} ${numbers.join(', ')}`;
    }
    this.#left(worker, tars);
    const message = `${formatCount(tars.length, 'tar')} of worker ${String(number)} went to ${whereTo}: ${tars.join(', ')}.`;
    this.#note('reassigned', worker, tars.length === 1 ? (tars[0] ?? null) : null, message);
    this.#wake();
    return message;
  }

  // ---- What the load of the machine asks for.

  /** How many workers are at work, or will be in a moment. */
  get active(): number {
    return this.#workers.filter(isEmployed).length;
  }

  /**
   * Lets the worker whose tar is least advanced finish the book in hand and end; its tars go to the others.
   *
   * @param reason in plain words
   * @returns whether there was one to spare
   */
  retire(reason: string): boolean {
    const { board, hands } = this.#options;
    const employed = this.#workers.filter(isEmployed);
    if (this.#isStopped || employed.length <= 1) return false;
    const advance = (worker: CrewWorker): number => {
      const [tar] = hands.handOf(worker.number);
      if (tar === undefined) return -1;
      const { doneBytes, sizeBytes } = board.tar(tar);
      return doneBytes / Math.max(1, sizeBytes);
    };
    const [victim] = employed.toSorted((a, b) => advance(a) - advance(b) || b.number - a.number);
    if (!victim) return false;
    // Who rests now would be woken for the tars that this one leaves.
    for (const worker of this.#workers) if (worker.state === 'resting') worker.state = 'retired';
    this.#note(
      'scaled',
      victim,
      null,
      `Worker ${String(victim.number)} ends with the book in hand: ${reason}.`,
    );
    this.#show(victim, { note: `rests: ${reason}` });
    if (victim.process) this.#letEnd(victim, 'retire');
    else if (victim.stopping) victim.stopping.then = 'retire';
    else {
      victim.cancelTimer();
      this.#retired(victim);
    }
    this.#left(victim, hands.orphan(victim.number, hands.waitingOf(victim.number)));
    this.#wake();
    return true;
  }

  /** Lets a worker that was retired work again. @returns whether there was one, and something for it to do */
  employ(reason: string): boolean {
    const retired = this.#workers.find(worker => worker.state === 'retired');
    if (this.#isStopped || !retired || this.#tarsToBeHad() <= 0) return false;
    this.#note('scaled', retired, null, `Worker ${String(retired.number)} works again: ${reason}.`);
    this.#reopen(retired);
    this.#start(retired);
    return true;
  }

  // ---- Requests of persons.

  #worker(number: number): CrewWorker {
    const worker = this.#workers[number - 1];
    if (worker) return worker;
    throw new TarshelfError(
      'NO_SUCH_WORKER',
      `There is no worker ${String(number)}. This run has workers 1 to ${String(this.#workers.length)}.`,
    );
  }

  #restartAsked(worker: CrewWorker): string {
    const name = `Worker ${String(worker.number)}`;
    if (this.#isStopped) return `${name} is not started again: the run is being stopped.`;
    switch (worker.state) {
      case 'running':
        if (worker.stopping?.then === 'rest') return `${name} has no tar left and is ending.`;
        if (worker.stopping?.then === 'retire') return `${name} is ending for the load of the machine.`;
        this.#letEnd(worker, 'restart');
        this.#climb(worker, this.#options.supervision.gentleStopSeconds * 1000);
        return `${name} finishes the book in hand and is started again.`;
      case 'ending':
        if (worker.stopping) worker.stopping.then = 'restart';
        return `${name} is about to be started again.`;
      case 'waiting':
        worker.cancelTimer();
        this.#startAsked(worker);
        return `${name} is started again.`;
      case 'paused':
      case 'givenUp':
        return this.#resumeAsked(worker);
      case 'resting':
        return `${name} has no tar left; it is started when there is one.`;
      case 'retired':
        return `${name} rests for the load of the machine; it is started when that allows.`;
    }
  }

  #pauseAsked(worker: CrewWorker): string {
    const name = `Worker ${String(worker.number)}`;
    if (isPaused(worker)) return `${name} is paused already.`;
    if (this.#isStopped) return `${name} ends anyway: the run is being stopped.`;
    this.#note('paused', worker, null, `${name} is paused, as asked.`);
    if (worker.process) {
      this.#letEnd(worker, 'pause');
      return `${name} finishes the book in hand and is paused then, until it is resumed.`;
    }
    if (worker.state === 'ending' && worker.stopping) worker.stopping.then = 'pause';
    else {
      worker.cancelTimer();
      this.#paused(worker);
    }
    return `${name} is paused until it is resumed.`;
  }

  #resumeAsked(worker: CrewWorker): string {
    const name = `Worker ${String(worker.number)}`;
    if (!isPaused(worker)) return `${name} is not paused.`;
    if (this.#isStopped) return `${name} is not started: the run is being stopped.`;
    this.#note('resumed', worker, null, `${name} may work again, as asked.`);
    if (worker.stopping) {
      worker.stopping.then = 'restart';
      return `${name} finishes the book in hand and is started again.`;
    }
    this.#reopen(worker);
    this.#show(worker, { phase: 'stopped', note: null });
    this.#wake();
    this.#endWhenOver();
    return worker.process ? `${name} is started again.` : `${name} may work again; it has no tar left.`;
  }

  // ---- Processes.

  #start(worker: CrewWorker): void {
    const { clock, hands, history, init, log, startWorker, supervision } = this.#options;
    worker.state = 'running';
    worker.stopping = null;
    worker.startedAt = clock.now();
    const watch = new WorkerWatch(supervision, this.#awake.at(worker.startedAt));
    worker.watch = watch;
    const process = startWorker({
      onMessage: message => {
        this.#hear(worker, message);
      },
      onEnd: end => {
        this.#processEnded(worker, end);
      },
    });
    worker.process = process;
    const tars = hands.handOf(worker.number);
    log.info(`worker ${String(worker.number)} started, pid ${String(process.pid)}, tars: ${tars.join(', ')}`);
    this.#assign(worker, tars);
    worker.isShown = false;
    this.#show(worker, {
      pid: process.pid,
      assignedTars: [...worker.assigned],
      restarts: history.restartsInDay(worker.number),
    });
    worker.told = JSON.stringify([...worker.assigned]);
    process.send(init(worker.number, [...worker.assigned]));
    void process.identity.then(identity => {
      if (worker.process !== process) return;
      worker.processStart = identity?.start ?? null;
      this.#tellProcesses();
    });
  }

  /** Not counted: a person may start it as often as they like. */
  #startAsked(worker: CrewWorker): void {
    this.#note('restarted', worker, null, `Worker ${String(worker.number)} was started again, as asked.`);
    this.#start(worker);
  }

  #tellProcesses(): void {
    this.#options.onWorkersChanged(
      this.#workers.flatMap(({ number, process, processStart }) =>
        typeof process?.pid === 'number' ? [{ number, pid: process.pid, processStart }] : [],
      ),
    );
  }

  /** Lets a process finish the book in hand and end. What it is in trouble with stays as it is. */
  #letEnd(worker: CrewWorker, then: Then): void {
    if (worker.stopping) {
      worker.stopping.then = then;
      return;
    }
    worker.stopping = { then, cause: 'asked', rung: null };
    this.#show(worker, { phase: 'stopping' });
    worker.process?.send({ type: 'worker:stop' });
  }

  /** Up the ladder, from the gentle time on. One that is on it already goes on as it is. */
  #climb(worker: CrewWorker, gentleMs: number): void {
    const { clock, log } = this.#options;
    const { process, stopping } = worker;
    if (!process || stopping?.rung !== null) return;
    stopping.rung = 'gentle';
    worker.cancelTimer = clock.after(gentleMs, () => {
      stopping.rung = 'terminated';
      log.warn(`worker ${String(worker.number)} has not ended when asked; it is sent SIGTERM`);
      process.terminate();
      worker.cancelTimer = clock.after(gentleMs / 2, () => {
        stopping.rung = 'killed';
        log.warn(
          `worker ${String(worker.number)} has not ended at SIGTERM; it is killed with all its processes`,
        );
        process.kill();
      });
    });
  }

  // ---- The watch.

  #tickLater(): void {
    this.#cancelTick = this.#options.clock.after(tickMs, () => {
      if (this.#hasEnded) return;
      const at = this.#awake.at(this.#options.clock.now());
      this.#sinceCheckMs += tickMs;
      if (this.#sinceCheckMs >= this.#options.supervision.checkSeconds * 1000) {
        this.#sinceCheckMs = 0;
        for (const worker of this.#workers) this.#check(worker, at);
      }
      this.#tickLater();
    });
  }

  #check(worker: CrewWorker, at: number): void {
    const { watch } = worker;
    if (worker.isShown) this.#showRestarts(worker);
    if (!watch || !worker.process) return;
    const finding = watch.find(at);
    this.#showFinding(worker, finding);
    if (finding.health === 'stuck' || finding.health === 'silent')
      this.#stopFor(worker, finding.health, finding.note ?? finding.health);
  }

  #showRestarts(worker: CrewWorker): void {
    const restarts = this.#options.history.restartsInDay(worker.number);
    if (this.#options.board.worker(worker.number).restarts !== restarts) this.#show(worker, { restarts });
  }

  #showFinding(worker: CrewWorker, { health, note }: Finding): void {
    const before = this.#options.board.worker(worker.number);
    if (health === 'well' && before.health === 'well') return;
    if (health === 'slow' && before.health === 'well') {
      const tar = before.currentTar;
      this.#note('slow', worker, tar, `${nameOf(worker, tar)} may be stuck: ${note ?? health}.`);
    }
    this.#show(worker, { health, note: note ?? this.#waiting.get(worker.number)?.message ?? null });
  }

  #beat(worker: CrewWorker, beat: Heartbeat, at: number): void {
    const { board, supervision } = this.#options;
    const { watch } = worker;
    if (!watch) return;
    watch.beat(beat, at);
    const { phase, memoryBytes, parallelUploads } = beat;
    this.#show(worker, { memoryBytes, parallelUploads, ...(worker.stopping ? {} : { phase }) });
    // A warning is taken back at once, not at the next look.
    if (board.worker(worker.number).health !== 'well') {
      const finding = watch.find(at);
      if (finding.health === 'well') this.#showFinding(worker, finding);
    }
    if (watch.isOverMemory && !worker.stopping) {
      const limit = formatBytes(supervision.workerMemoryMb * 1024 * 1024);
      this.#stopFor(
        worker,
        'memory',
        `it holds ${formatBytes(memoryBytes)} of memory, and may hold ${limit}`,
      );
    }
  }

  /** Stops a worker that is in trouble. One that is ending already is only hurried. */
  #stopFor(worker: CrewWorker, trouble: Trouble, note: string): void {
    const { board, hands, supervision } = this.#options;
    if (worker.stopping && worker.stopping.rung !== null) return;
    const tar = hands.leaseOf(worker.number)?.tar ?? null;
    const words = { stuck: 'is stuck', silent: 'is silent', memory: 'is too large' }[trouble];
    const message = `${nameOf(worker, tar)} ${words}: ${note}. It is stopped${worker.stopping ? '' : ' and started again'}.`;
    this.#note(trouble, worker, tar, message);
    board.tell({ type: 'notice', message });
    this.#letEnd(worker, worker.stopping?.then ?? 'restart');
    if (worker.stopping) worker.stopping.cause = trouble;
    this.#show(worker, { note });
    this.#climb(worker, trouble === 'silent' ? rungOfSilentMs : supervision.gentleStopSeconds * 1000);
  }

  // ---- What workers say.

  #hear(worker: CrewWorker, { lease, event }: WorkerMessage): void {
    const at = this.#awake.at(this.#options.clock.now());
    worker.watch?.hear(at);
    if (event.type === 'worker:health') this.#beat(worker, event, at);
    else if (lease && !this.#options.hands.holds(worker.number, lease)) this.#refuse(worker, lease, event);
    else this.#take(worker, event);
  }

  /** Said of a tar that is another's by now. A book that is on the shelf stays there, and is known to be. */
  #refuse(worker: CrewWorker, lease: Lease, event: WorkerEvent): void {
    if (event.type === 'claim:outcome') {
      this.#tell(this.#options.claims.settle(worker.number, event.key, event.outcome));
    }
    worker.process?.send({ type: 'tar:revoked', lease });
  }

  #take(worker: CrewWorker, event: Exclude<WorkerEvent, { type: 'worker:health' }>): void {
    const { board, claims, history } = this.#options;
    switch (event.type) {
      case 'worker:ready':
        this.#nextTar(worker);
        break;
      case 'tar:progress':
        board.advanceExtraction(worker.number, event.extraction);
        board.advanceTar(event.name, worker.number, event.doneBytes, { counts: event.counts });
        if (!worker.stopping) this.#show(worker, { phase: event.phase });
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
      case 'book:failed':
        // Its name, where the history could only tell where it stands.
        if (event.failure.code === 'POISON')
          history.log.error(`${event.tar} › ${event.member}: ${event.failure.message}`);
        board.tell(event);
        break;
      case 'notice':
        board.tell(event);
        break;
      default:
        event satisfies never;
    }
  }

  /** All workers mostly wait for the same thing: it is told once, and once more when the last one goes on. */
  #waits(worker: CrewWorker, failure: Failure): void {
    const { board, history } = this.#options;
    // A destination that is down is noticed at several ends of it, each in its own words.
    const known = [...this.#waiting.values()].some(
      other =>
        other.message === failure.message ||
        (other.code === failure.code && failure.code === 'DESTINATION_UNUSABLE'),
    );
    this.#waiting.set(worker.number, failure);
    const why = failure.message;
    this.#show(worker, { note: why, ...(worker.stopping ? {} : { phase: 'wait' }) });
    if (known) return;
    history.log.error(`the workers wait: ${why}`);
    board.tell({ type: 'notice', message: `${why} Until then the workers wait; nothing is lost.` });
  }

  #resumes(worker: CrewWorker): void {
    const { board, history } = this.#options;
    if (!this.#waiting.delete(worker.number)) return;
    this.#show(worker, { note: null });
    if (this.#waiting.size > 0) return;
    history.log.info('the workers go on');
    if (!this.#isStopped) board.tell({ type: 'notice', message: 'The workers go on.' });
  }

  /** Gives the worker its next tar, or lets it go when there is none. */
  #nextTar(worker: CrewWorker): void {
    const { board, hands, history } = this.#options;
    // Told to end, and on its way.
    if (worker.stopping) return;
    const lease = this.#isStopped ? null : (hands.lease(worker.number) ?? this.#steal(worker));
    if (!lease) {
      this.#letEnd(worker, 'rest');
      return;
    }
    board.changeTar(lease.tar, { phase: 'running', worker: worker.number });
    this.#show(worker, { phase: 'scan', currentTar: lease.tar });
    this.#tellAssigned();
    const from = this.#lastHolder.get(lease.tar);
    if (from !== undefined && from !== worker.number)
      history.log.info(`${lease.tar} passes from worker ${String(from)} to worker ${String(worker.number)}`);
    this.#lastHolder.set(lease.tar, worker.number);
    void this.#handOver(worker, lease);
  }

  /** Round-robin ends unevenly: who has nothing left takes from who has most. */
  #steal(worker: CrewWorker): Lease | null {
    const { hands, history } = this.#options;
    const stolen = hands.steal(worker.number, this.#aboutToBegin());
    if (!stolen) return null;
    const { tar, from } = stolen;
    this.#left(this.#worker(from), [tar]);
    // No entry of the history: at the end of a run there are hundreds of them, and nothing is amiss.
    history.log.info(
      `${tar}, which nobody had begun, went from worker ${String(from)} to worker ${String(worker.number)}, which had none left`,
    );
    return hands.lease(worker.number);
  }

  async #handOver(worker: CrewWorker, lease: Lease): Promise<void> {
    const { process } = worker;
    const resume = await this.#options.resumePoint(worker.number, lease.tar);
    // It may have died meanwhile; its next process asks anew.
    if (worker.process !== process || !this.#options.hands.holds(worker.number, lease)) return;
    const members = this.#options.hands.membersOf(lease.tar);
    const folder = this.#options.folderOf(lease.tar);
    process?.send({ type: 'tar:process', lease, folder, resume, ...members });
  }

  #tarEnded(worker: CrewWorker, event: Extract<WorkerEvent, { type: 'tar:ended' }>): void {
    const { board, hands, log } = this.#options;
    const { name, result, doneBytes, counts, failure } = event;
    const phase = result === 'stopped' ? 'waiting' : result;
    board.advanceTar(name, worker.number, doneBytes, { phase, counts, failure });
    board.advanceExtraction(worker.number, null);
    this.#show(worker, { currentTar: null });
    board.publish();
    const how = failure ? `${result}: ${failure.message}` : result;
    log[failure ? 'error' : 'info'](`worker ${String(worker.number)} ended ${name}: ${how}`);
    if (result === 'completed') this.#options.onCompleted(name);
    if (result === 'stopped') return;
    worker.deathsInRow = 0;
    hands.end(worker.number);
    this.#nextTar(worker);
  }

  // ---- Ends of processes.

  /** A process has ended: as it was told, or by itself; then the worker is started again, or its tars move on. */
  #processEnded(worker: CrewWorker, end: ProcessEnd): void {
    const { board, claims, clock, hands, log } = this.#options;
    worker.cancelTimer();
    worker.process = null;
    worker.processStart = null;
    worker.watch = null;
    this.#tellProcesses();
    this.#resumes(worker);
    this.#tell(claims.release(worker.number));
    board.advanceExtraction(worker.number, null);
    const lease = hands.stopped(worker.number);
    if (lease) board.changeTar(lease.tar, { phase: 'waiting' });
    const stopping = (worker.stopping ??= { then: 'restart', cause: 'died', rung: null });
    const { cause, rung } = stopping;
    const calm = { health: 'well', memoryBytes: null, pid: null, currentTar: null } as const;
    // One that was told to end may die of a member while it finishes the book in hand. What was done to it is no death.
    const diedAsked = cause === 'asked' && !end.isClean && (rung === null || rung === 'gentle');
    if (this.#isStopped || (cause === 'asked' && !diedAsked)) {
      this.#show(worker, { ...calm, phase: 'stopped' });
      log.info(`worker ${String(worker.number)} ended`);
      this.#goOn(worker, stopping.then);
      return;
    }
    worker.state = 'ending';
    if (clock.now() - worker.startedAt > endsRowAfterMs) worker.deathsInRow = 0;
    this.#show(worker, { ...calm, phase: 'died' });
    void this.#findCause(worker, stopping, lease, end);
  }

  /** What ended the process, as far as that can be told; read before its next one writes over it. */
  async #findCause(
    worker: CrewWorker,
    stopping: Stopping,
    lease: Lease | null,
    end: ProcessEnd,
  ): Promise<void> {
    const { hands, suspects } = this.#options;
    const inHand = lease && !end.isClean ? await suspects(worker.number, lease) : [];
    // Who was only too large and left by itself has done its tar no harm, nor the tar it.
    const isHarmless = stopping.cause === 'memory' && end.isClean;
    if (lease && !isHarmless && hands.handOf(worker.number)[0] === lease.tar)
      this.#blame(worker, lease.tar, inHand, end, stopping.cause);
    // A person may have wished otherwise meanwhile, or the run may have been stopped.
    const { cause, then } = stopping;
    if (cause === 'asked')
      this.#note(
        'died',
        worker,
        lease?.tar ?? null,
        `${nameOf(worker, lease?.tar)} ended unexpectedly (${end.how}) when it was to end.`,
      );
    if (this.#isStopped || then !== 'restart' || cause === 'asked') this.#goOn(worker, then);
    else this.#startAgain(worker, cause, end, lease?.tar ?? null);
  }

  #blame(
    worker: CrewWorker,
    tar: string,
    inHand: readonly number[],
    { how }: ProcessEnd,
    cause: Cause,
  ): void {
    const { board, hands } = this.#options;
    // What we kill ourselves is stuck or silent for a reason of its own.
    const isFromOutside = (cause === 'died' || cause === 'asked') && killsFromOutside.has(how);
    const { doneBytes } = board.tar(tar);
    const { poison, isGivenUp } = hands.blame(
      tar,
      { worker: worker.number, inHand, doneBytes, isFromOutside },
      this.#workers.some(other => other !== worker && mayWork(other)),
    );
    for (const offset of poison) {
      const message =
        `The member at byte ${String(offset)} of ${tar} was in hand when processes ended, again. ` +
        'It is put aside as failed, and the tar goes on without it.';
      this.#note('poison', worker, tar, message);
      board.tell({ type: 'notice', message });
    }
    if (isGivenUp) {
      const what = `Worker ${String(worker.number)} ended (${how}) in ${tar}, as others before.`;
      this.#failTar(tar, `${what} The tar is left out; launch again to try it anew.`);
      worker.assigned.delete(tar);
      // It was the tar, and not the worker.
      worker.deathsInRow = 0;
    } else if (hands.orphans.includes(tar)) this.#left(worker, [tar]);
  }

  /** After a pause, or no more, when that has happened too often. */
  #startAgain(
    worker: CrewWorker,
    cause: Exclude<Cause, 'asked'>,
    { how }: ProcessEnd,
    tar: string | null,
  ): void {
    const { board, clock, history, log, random, supervision } = this.#options;
    const name = `Worker ${String(worker.number)}`;
    const what =
      cause === 'died'
        ? `${name} ended unexpectedly (${how})`
        : `${name} was stopped (${how}), for it was ${cause}`;
    const where = tar === null ? '' : ` in ${tar}`;
    const restarts = history.restartsInDay(worker.number);
    if (restarts >= supervision.restartsPerDay) {
      if (cause === 'died') this.#note('died', worker, tar, `${what}${where}.`);
      this.#giveUp(worker, what, restarts);
      return;
    }
    worker.deathsInRow++;
    const delayMs = backOffMs(worker.deathsInRow, random());
    const plan = `it is started again in ${(delayMs / 1000).toFixed(1)} s, death ${String(worker.deathsInRow)} in a row`;
    if (cause === 'died') {
      this.#note('died', worker, tar, `${what}${where}; ${plan}.`);
      board.tell({ type: 'notice', message: `${what}; it is started again.` });
    } else log.info(`${what}${where}; ${plan}`);
    worker.stopping = null;
    worker.state = 'waiting';
    worker.cancelTimer = clock.after(delayMs, () => {
      // At its start and not before: so no day has more of them than it may.
      history.addRestart(worker.number);
      const count = history.restartsInDay(worker.number);
      this.#note(
        'restarted',
        worker,
        null,
        `${name} was started again, restart ${String(count)} of ${String(supervision.restartsPerDay)} in 24 hours.`,
      );
      this.#start(worker);
    });
    this.#wake();
    this.#endWhenOver();
  }

  /** It has died too often: a person is told once, and its tars go to the others. */
  #giveUp(worker: CrewWorker, what: string, restarts: number): void {
    const { board, hands } = this.#options;
    worker.state = 'givenUp';
    worker.stopping = null;
    const tars = hands.giveUp(worker.number);
    const often =
      restarts === 0
        ? 'and is not to be started again'
        : `after ${formatCount(restarts, 'restart')} in 24 hours`;
    const whereTo =
      tars.length === 0 ? 'it had no tar' : `its tars go to the other workers: ${tars.join(', ')}`;
    const message = `${what}, ${often}. It is paused until you resume it; ${whereTo}.`;
    this.#note('paused', worker, null, message);
    board.tell({ type: 'notice', message });
    this.#left(worker, tars);
    this.#show(worker, { phase: 'paused', note: `paused ${often}; resume it when the cause is mended` });
    this.#wake();
    this.#endWhenOver();
  }

  /** What was to become of a worker whose process has ended. */
  #goOn(worker: CrewWorker, then: Then): void {
    const { hands } = this.#options;
    worker.stopping = null;
    worker.state = 'resting';
    this.#show(worker, { phase: 'stopped' });
    if (!this.#isStopped) {
      if (then === 'pause') this.#paused(worker);
      else if (then === 'retire') this.#retired(worker);
      else if (then === 'restart' && hands.handOf(worker.number).length > 0) this.#startAsked(worker);
    }
    this.#wake();
    this.#endWhenOver();
  }

  #paused(worker: CrewWorker): void {
    worker.state = 'paused';
    this.#show(worker, { phase: 'paused', note: pausedByPerson });
  }

  #retired(worker: CrewWorker): void {
    worker.state = 'retired';
    this.#left(worker, this.#options.hands.giveUp(worker.number));
    const { note } = this.#options.board.worker(worker.number);
    this.#show(worker, { phase: 'stopped', note: note ?? 'rests for the load of the machine' });
  }

  #reopen(worker: CrewWorker): void {
    this.#options.hands.open(worker.number);
    worker.state = 'resting';
    worker.deathsInRow = 0;
  }

  // ---- Who has what.

  /** Starts whoever rests and has a tar, or could have one that nobody is going to begin. */
  #wake(): void {
    const { hands } = this.#options;
    if (this.#isStopped || this.#hasEnded) return;
    const resting = (): CrewWorker[] => this.#workers.filter(({ state }) => state === 'resting');
    for (const worker of resting()) if (hands.handOf(worker.number).length > 0) this.#start(worker);
    for (const worker of resting()) {
      if (this.#tarsToBeHad() <= 0) break;
      this.#start(worker);
    }
    if (hands.orphans.length === 0 || this.#workers.some(isOnDuty)) return;
    // Better under load than not at all.
    const retired = this.#workers.find(({ state }) => state === 'retired');
    if (retired) {
      this.#reopen(retired);
      this.#start(retired);
    } else if (this.#workers.every(({ state }) => state === 'givenUp')) {
      for (const tar of hands.takeOrphans())
        this.#failTar(tar, 'No worker is left: all ended unexpectedly, too often. Launch again to go on.');
    }
  }

  /** How many tars wait for somebody, but for those that somebody is about to begin. */
  #tarsToBeHad(): number {
    const { hands } = this.#options;
    const soon = this.#aboutToBegin();
    let tars = hands.orphans.length;
    for (const { number } of this.#workers) tars += hands.stealable(number, soon.has(number));
    for (const number of soon) if (hands.handOf(number).length === 0) tars--;
    return tars;
  }

  /** Workers whose process is on its way to its first tar. */
  #aboutToBegin(): ReadonlySet<number> {
    const { hands } = this.#options;
    const soon = this.#workers.filter(
      ({ number, process, stopping }) => process && !stopping && !hands.leaseOf(number),
    );
    return new Set(soon.map(({ number }) => number));
  }

  #assign(worker: CrewWorker, tars: readonly string[]): void {
    for (const tar of tars) worker.assigned.add(tar);
  }

  /** Tars that have left a hand, for another one or for all. */
  #left(worker: CrewWorker, tars: readonly string[]): void {
    const { board, hands } = this.#options;
    for (const tar of tars) {
      worker.assigned.delete(tar);
      const holder = this.#workers.find(other => hands.handOf(other.number).includes(tar));
      board.changeTar(tar, { worker: holder?.number ?? null });
    }
    this.#tellAssigned();
  }

  /** Brings up to date what each worker records of whose tars are whose, before a tar that has come to it begins. */
  #tellAssigned(): void {
    for (const worker of this.#workers) {
      this.#assign(worker, this.#options.hands.handOf(worker.number));
      const assignedTars = [...worker.assigned];
      const told = JSON.stringify(assignedTars);
      if (told === worker.told) continue;
      worker.told = told;
      worker.process?.send({ type: 'tars:assigned', assignedTars });
      if (worker.isShown) this.#show(worker, { assignedTars });
    }
  }

  #failTar(tar: string, message: string): void {
    const { board, history, log } = this.#options;
    const failure: Failure = { code: 'WORKER_DIED', message: `${tar}: ${message}` };
    log.error(failure.message);
    history.log.error(failure.message);
    board.changeTar(tar, { phase: 'failed', failure });
  }

  /** Tars that only paused workers have are waited for: a person may resume them. */
  #endWhenOver(): void {
    const { hands } = this.#options;
    if (this.#hasEnded || this.#workers.some(isOnDuty)) return;
    if (!this.#isStopped && hands.hasTars) return;
    this.#hasEnded = true;
    this.#cancelTick();
    this.#ended();
  }

  #tell(settlements: readonly Settlement[]): void {
    for (const { worker, key, verdict } of settlements) {
      this.#workers[worker - 1]?.process?.send({ type: 'claim:settled', key, verdict });
    }
  }

  #show(worker: CrewWorker, change: Partial<WorkerState>): void {
    const { board } = this.#options;
    if (worker.isShown) board.changeWorker(worker.number, change);
    else board.setWorker({ ...newWorker(worker.number), ...change });
    worker.isShown = true;
  }

  #note(kind: HistoryKind, worker: CrewWorker | null, tar: string | null, message: string): void {
    this.#options.history.add({ kind, worker: worker?.number ?? null, tar, message: oneLine(message) });
  }
}
