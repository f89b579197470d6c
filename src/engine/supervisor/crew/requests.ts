import { sentence } from '../../../protocol/sentences.ts';
import type { CrewReport } from './crewReport.ts';
import { isPaused, type CrewWorker } from './crewWorker.ts';
import type { Duty } from './duty.ts';
import type { Ladder } from './ladder.ts';
import type { Processes } from './workerProcesses.ts';
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
      ? sentence('noneToRestart')
      : atWork.length === 1
        ? sentence('oneRestarts')
        : sentence('someRestart', atWork.length);
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
    return sentence('allPause');
  }

  /** @throws TarshelfError `NO_SUCH_WORKER` */
  resume(number: number | null): string {
    const { roster } = this.#options;
    if (number !== null) return this.#resume(roster.worker(number));
    const paused = roster.workers.filter(isPaused);
    for (const worker of paused) this.#resume(worker);
    return paused.length === 0
      ? sentence('nonePaused')
      : paused.length === 1
        ? sentence('oneResumes')
        : sentence('someResume', paused.length);
  }

  #restart(worker: CrewWorker): string {
    const { ladder, processes, runEnd } = this.#options;
    if (runEnd.isStopped) return sentence('notRestartedAtEnd', worker.number);
    switch (worker.state) {
      case 'running':
        if (worker.stopping?.then === 'rest') return sentence('isEndingWithoutTar', worker.number);
        if (worker.stopping?.then === 'retire') return sentence('isEndingForLoad', worker.number);
        ladder.letEnd(worker, 'restart');
        ladder.climb(worker, null);
        return sentence('finishesAndRestarts', worker.number);
      case 'ending':
        if (worker.stopping) worker.stopping.then = 'restart';
        return sentence('aboutToRestart', worker.number);
      case 'waiting':
        worker.cancelTimer();
        processes.startAsked(worker);
        return sentence('isRestarted', worker.number);
      case 'paused':
      case 'givenUp':
        return this.#resume(worker);
      case 'resting':
        return sentence('restartsWithTar', worker.number);
      case 'retired':
        return sentence('restartsWithLoad', worker.number);
    }
  }

  #pause(worker: CrewWorker): string {
    const { duty, ladder, report, runEnd } = this.#options;
    const name = `Worker ${String(worker.number)}`;
    if (isPaused(worker)) return sentence('isPausedAlready', worker.number);
    if (runEnd.isStopped) return sentence('endsAnyway', worker.number);
    // No error: a person wants it so.
    report.note('paused', worker, null, `${name} is paused, as asked.`, 'INFO');
    if (worker.process) {
      ladder.letEnd(worker, 'pause');
      return sentence('finishesAndPauses', worker.number);
    }
    if (worker.state === 'ending' && worker.stopping) worker.stopping.then = 'pause';
    else {
      worker.cancelTimer();
      duty.pause(worker);
    }
    return sentence('isPaused', worker.number);
  }

  #resume(worker: CrewWorker): string {
    const { duty, report, runEnd } = this.#options;
    const name = `Worker ${String(worker.number)}`;
    if (!isPaused(worker)) return sentence('isNotPaused', worker.number);
    if (runEnd.isStopped) return sentence('notStartedAtEnd', worker.number);
    report.note('resumed', worker, null, `${name} may work again, as asked.`);
    if (worker.stopping) {
      worker.stopping.then = 'restart';
      return sentence('finishesAndRestarts', worker.number);
    }
    duty.reopen(worker);
    report.show(worker, { phase: 'stopped', note: null });
    duty.wake();
    runEnd.endWhenOver();
    return worker.process
      ? sentence('isRestarted', worker.number)
      : sentence('mayWorkWithoutTar', worker.number);
  }
}
