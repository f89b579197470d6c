import type { WorkerMessage, WorkerRequest } from '../../../protocol/workerMessages.ts';
import type { Clock } from '../../system/clock.ts';
import type { EventLog } from '../../system/eventLog.ts';
import type { AssignedTars } from './assignedTars.ts';
import type { CrewReport } from './crewReport.ts';
import type { CrewWatch } from './crewWatch.ts';
import type { CrewWorker } from './crewWorker.ts';
import type { History } from './history.ts';
import type { Roster } from './roster.ts';
import type { TarHands } from './tarHands.ts';
import type { ProcessEnd, StartWorker } from './workerProcess.ts';

export interface RunningWorker {
  readonly number: number;
  readonly pid: number;
  readonly processStart: string | null;
}

export interface ProcessesOptions {
  readonly startWorker: StartWorker;
  readonly init: (worker: number, tars: readonly string[]) => WorkerRequest;
  readonly clock: Clock;
  readonly log: Pick<EventLog, 'info'>;
  readonly history: History;
  readonly roster: Roster;
  readonly hands: TarHands;
  readonly report: CrewReport;
  readonly assigned: AssignedTars;
  readonly watch: CrewWatch;
  readonly onMessage: (worker: CrewWorker, message: WorkerMessage) => void;
  readonly onEnd: (worker: CrewWorker, end: ProcessEnd) => void;
  readonly onWorkersChanged: (workers: RunningWorker[]) => void;
}

/** Starts the processes of workers, and says which there are. */
export class Processes {
  readonly #options: ProcessesOptions;

  constructor(options: ProcessesOptions) {
    this.#options = options;
  }

  start(worker: CrewWorker): void {
    const { assigned, clock, hands, history, init, log, report, startWorker, watch } = this.#options;
    worker.state = 'running';
    worker.stopping = null;
    worker.unable = null;
    worker.startedAt = clock.now();
    watch.watch(worker);
    const process = startWorker({
      onMessage: message => {
        this.#options.onMessage(worker, message);
      },
      onEnd: end => {
        this.#options.onEnd(worker, end);
      },
    });
    worker.process = process;
    const tars = hands.handOf(worker.number);
    log.info(`worker ${String(worker.number)} started, pid ${String(process.pid)}, tars: ${tars.join(', ')}`);
    const assignedTars = assigned.toldAtStart(worker);
    const restarts = history.restartsInDay(worker.number);
    report.showAnew(worker, { pid: process.pid, assignedTars, restarts });
    process.send(init(worker.number, assignedTars));
    void process.identity.then(identity => {
      if (worker.process !== process) return;
      worker.processStart = identity?.start ?? null;
      this.#tell();
    });
  }

  /** Not counted: a person may start it as often as they like. */
  startAsked(worker: CrewWorker): void {
    const message = `Worker ${String(worker.number)} was started again, as asked.`;
    this.#options.report.note('restarted', worker, null, message);
    this.start(worker);
  }

  /** A worker's process has ended. */
  forget(worker: CrewWorker): void {
    worker.process = null;
    worker.processStart = null;
    this.#options.watch.forget(worker);
    this.#tell();
  }

  #tell(): void {
    const { onWorkersChanged, roster } = this.#options;
    onWorkersChanged(
      roster.workers.flatMap(({ number, process, processStart }) =>
        typeof process?.pid === 'number' ? [{ number, pid: process.pid, processStart }] : [],
      ),
    );
  }
}
