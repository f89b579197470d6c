import { formatBytes } from '../../../protocol/format.ts';
import { sentence } from '../../../protocol/sentences.ts';
import type { Supervision } from '../../../protocol/supervision.ts';
import type { WorkerEvent } from '../../../protocol/workerMessages.ts';
import type { Clock } from '../../system/clock.ts';
import type { StateBoard } from '../stateBoard.ts';
import type { CrewReport } from './crewReport.ts';
import { nameOf, type CrewWorker, type Trouble } from './crewWorker.ts';
import { AwakeTime, WorkerWatch, type Finding, type Heartbeat } from './health.ts';
import type { History } from './history.ts';
import type { Ladder } from './ladder.ts';
import type { Roster } from './roster.ts';
import type { TarHands } from './tarHands.ts';
import type { Waiting } from './waiting.ts';

/** How far apart the looks are by which it is known whether the engine was awake; also the pace of heartbeats. */
const tickMs = 1000;

export interface CrewWatchOptions {
  readonly clock: Clock;
  readonly supervision: Supervision;
  readonly roster: Roster;
  readonly hands: TarHands;
  readonly board: StateBoard;
  readonly history: History;
  readonly report: CrewReport;
  readonly ladder: Ladder;
  readonly waiting: Waiting;
}

/** Looks after all workers' health, shows it, and stops those that are in trouble. What is healthy `health.ts` says. */
export class CrewWatch {
  readonly #options: CrewWatchOptions;
  readonly #awake: AwakeTime;
  /** Of the process that a worker has, by the worker's number. */
  readonly #watches = new Map<number, WorkerWatch>();
  #hasEnded = false;
  #sinceCheckMs = 0;
  #cancelTick: () => void = () => undefined;

  constructor(options: CrewWatchOptions) {
    this.#options = options;
    this.#awake = new AwakeTime(options.clock.now(), tickMs);
  }

  begin(): void {
    this.#tickLater();
  }

  end(): void {
    this.#hasEnded = true;
    this.#cancelTick();
  }

  /** From the start of a process on, which `startedAt` tells. */
  watch({ number, startedAt }: CrewWorker): void {
    this.#watches.set(number, new WorkerWatch(this.#options.supervision, this.#awake.at(startedAt)));
  }

  /** Its process has ended. */
  forget({ number }: CrewWorker): void {
    this.#watches.delete(number);
  }

  /** Everything that a worker says shows that it is there; its heartbeat says how it is. */
  hear(worker: CrewWorker, event: WorkerEvent): void {
    const at = this.#awake.at(this.#options.clock.now());
    const watch = this.#watches.get(worker.number);
    if (!watch) return;
    watch.hear(at);
    if (event.type === 'worker:health') this.#beat(worker, watch, event, at);
  }

  #tickLater(): void {
    const { clock, roster, supervision } = this.#options;
    this.#cancelTick = clock.after(tickMs, () => {
      if (this.#hasEnded) return;
      const at = this.#awake.at(clock.now());
      this.#sinceCheckMs += tickMs;
      if (this.#sinceCheckMs >= supervision.checkSeconds * 1000) {
        this.#sinceCheckMs = 0;
        for (const worker of roster.workers) this.#check(worker, at);
      }
      this.#tickLater();
    });
  }

  #check(worker: CrewWorker, at: number): void {
    if (this.#options.report.isShown(worker)) this.#showRestarts(worker);
    const watch = this.#watches.get(worker.number);
    if (!watch || !worker.process) return;
    const finding = watch.find(at);
    this.#showFinding(worker, finding);
    if (finding.health === 'stuck' || finding.health === 'silent')
      this.#stopFor(worker, finding.health, finding.note ?? finding.health);
  }

  /** Their number falls with time alone. */
  #showRestarts(worker: CrewWorker): void {
    const { board, history, report } = this.#options;
    const restarts = history.restartsInDay(worker.number);
    if (board.worker(worker.number).restarts !== restarts) report.show(worker, { restarts });
  }

  #showFinding(worker: CrewWorker, { health, note }: Finding): void {
    const { board, report, waiting } = this.#options;
    const before = board.worker(worker.number);
    if (health === 'well' && before.health === 'well') return;
    if (health === 'slow' && before.health === 'well') {
      const tar = before.currentTar;
      report.note('slow', worker, tar, `${nameOf(worker, tar)} may be stuck: ${note ?? health}.`);
    }
    report.show(worker, { health, note: note ?? waiting.whyOf(worker) });
  }

  #beat(worker: CrewWorker, watch: WorkerWatch, beat: Heartbeat, at: number): void {
    const { board, report, supervision } = this.#options;
    watch.beat(beat, at);
    const { phase, memoryBytes, parallelUploads } = beat;
    report.show(worker, { memoryBytes, parallelUploads, ...(worker.stopping ? {} : { phase }) });
    // A warning is taken back at once, not at the next look.
    if (board.worker(worker.number).health !== 'well') {
      const finding = watch.find(at);
      if (finding.health === 'well') this.#showFinding(worker, finding);
    }
    if (watch.isOverMemory && !worker.stopping) {
      const limit = formatBytes(supervision.workerMemoryMb * 1024 * 1024);
      this.#stopFor(worker, 'memory', sentence('holdsTooMuchMemory', formatBytes(memoryBytes), limit));
    }
  }

  /** Stops a worker that is in trouble. One that is ending already is only hurried. */
  #stopFor(worker: CrewWorker, trouble: Trouble, note: string): void {
    const { hands, ladder, report } = this.#options;
    if (worker.stopping && worker.stopping.rung !== null) return;
    const tar = hands.leaseOf(worker.number)?.tar ?? null;
    const words = { stuck: 'is stuck', silent: 'is silent', memory: 'is too large' }[trouble];
    const message = `${nameOf(worker, tar)} ${words}: ${note}. It is stopped${worker.stopping ? '' : ' and started again'}.`;
    report.note(trouble, worker, tar, message);
    report.notice(message);
    ladder.letEnd(worker, worker.stopping?.then ?? 'restart');
    if (worker.stopping) worker.stopping.cause = trouble;
    report.show(worker, { note });
    ladder.climb(worker, trouble);
  }
}
