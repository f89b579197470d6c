import { formatCount } from '../../../protocol/format.ts';
import type { CrewReport } from './crewReport.ts';
import { isPaused, type CrewWorker } from './crewWorker.ts';
import type { Duty } from './duty.ts';
import type { Ladder } from './ladder.ts';
import type { Processes } from './processes.ts';
import type { Roster } from './roster.ts';
import type { RunEnd } from './runEnd.ts';

export interface RequestsOptions {
  readonly roster: Roster;
  readonly report: CrewReport;
  readonly ladder: Ladder;
  readonly processes: Processes;
  readonly duty: Duty;
  readonly runEnd: RunEnd;
}

/**
 * What a person asks of a worker, or of all: to be started again, to pause, to go on. Each returns one line that says what
 * was done.
 */
export class Requests {
  readonly #options: RequestsOptions;

  constructor(options: RequestsOptions) {
    this.#options = options;
  }

  /** @throws TarshelfError `NO_SUCH_WORKER` */
  restart(number: number | null): string {
    const { roster } = this.#options;
    if (number !== null) return this.#restart(roster.worker(number));
    const atWork = roster.workers.filter(({ state }) => ['running', 'waiting', 'givenUp'].includes(state));
    for (const worker of atWork) this.#restart(worker);
    return atWork.length === 0
      ? 'No worker is at work that could be started again.'
      : `${formatCount(atWork.length, 'worker')} finish the book in hand and are started again.`;
  }

  /** @throws TarshelfError `NO_SUCH_WORKER` */
  pause(number: number | null): string {
    const { duty, roster, runEnd } = this.#options;
    if (number !== null) {
      const message = this.#pause(roster.worker(number));
      // What it has not begun is there for those who have nothing left.
      duty.wake();
      runEnd.endWhenOver();
      return message;
    }
    for (const worker of roster.workers) this.#pause(worker);
    runEnd.endWhenOver();
    return 'All workers finish the book in hand and are paused then, until they are resumed.';
  }

  /** @throws TarshelfError `NO_SUCH_WORKER` */
  resume(number: number | null): string {
    const { roster } = this.#options;
    if (number !== null) return this.#resume(roster.worker(number));
    const paused = roster.workers.filter(isPaused);
    for (const worker of paused) this.#resume(worker);
    return paused.length === 0
      ? 'No worker is paused.'
      : `${formatCount(paused.length, 'worker')} may work again.`;
  }

  #restart(worker: CrewWorker): string {
    const { ladder, processes, runEnd } = this.#options;
    const name = `Worker ${String(worker.number)}`;
    if (runEnd.isStopped) return `${name} is not started again: the run is being stopped.`;
    switch (worker.state) {
      case 'running':
        if (worker.stopping?.then === 'rest') return `${name} has no tar left and is ending.`;
        if (worker.stopping?.then === 'retire') return `${name} is ending for the load of the machine.`;
        ladder.letEnd(worker, 'restart');
        ladder.climb(worker, null);
        return `${name} finishes the book in hand and is started again.`;
      case 'ending':
        if (worker.stopping) worker.stopping.then = 'restart';
        return `${name} is about to be started again.`;
      case 'waiting':
        worker.cancelTimer();
        processes.startAsked(worker);
        return `${name} is started again.`;
      case 'paused':
      case 'givenUp':
        return this.#resume(worker);
      case 'resting':
        return `${name} has no tar left; it is started when there is one.`;
      case 'retired':
        return `${name} rests for the load of the machine; it is started when that allows.`;
    }
  }

  #pause(worker: CrewWorker): string {
    const { duty, ladder, report, runEnd } = this.#options;
    const name = `Worker ${String(worker.number)}`;
    if (isPaused(worker)) return `${name} is paused already.`;
    if (runEnd.isStopped) return `${name} ends anyway: the run is being stopped.`;
    report.note('paused', worker, null, `${name} is paused, as asked.`);
    if (worker.process) {
      ladder.letEnd(worker, 'pause');
      return `${name} finishes the book in hand and is paused then, until it is resumed.`;
    }
    if (worker.state === 'ending' && worker.stopping) worker.stopping.then = 'pause';
    else {
      worker.cancelTimer();
      duty.pause(worker);
    }
    return `${name} is paused until it is resumed.`;
  }

  #resume(worker: CrewWorker): string {
    const { duty, report, runEnd } = this.#options;
    const name = `Worker ${String(worker.number)}`;
    if (!isPaused(worker)) return `${name} is not paused.`;
    if (runEnd.isStopped) return `${name} is not started: the run is being stopped.`;
    report.note('resumed', worker, null, `${name} may work again, as asked.`);
    if (worker.stopping) {
      worker.stopping.then = 'restart';
      return `${name} finishes the book in hand and is started again.`;
    }
    duty.reopen(worker);
    report.show(worker, { phase: 'stopped', note: null });
    duty.wake();
    runEnd.endWhenOver();
    return worker.process ? `${name} is started again.` : `${name} may work again; it has no tar left.`;
  }
}
