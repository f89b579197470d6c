import type { Failure } from '../../../protocol/errors.ts';
import { formatCount } from '../../../protocol/format.ts';
import { sentence } from '../../../protocol/sentences.ts';
import type { Clock } from '../../system/clock.ts';
import type { EventLog } from '../../system/eventLog.ts';
import type { AssignedTars } from './assignedTars.ts';
import type { CrewReport } from './crewReport.ts';
import { nameOf, type Cause, type CrewWorker } from './crewWorker.ts';
import type { Duty } from './duty.ts';
import type { History } from './history.ts';
import type { Processes } from './workerProcesses.ts';
import type { Roster } from './roster.ts';
import { backOffMs } from './restarts.ts';
import type { RunEnd } from './runEnd.ts';
import type { TarHands } from './tarHands.ts';
import type { ProcessEnd } from './workerProcess.ts';

export interface RestarterOptions {
  readonly clock: Clock;
  /** From 0 to 1. */
  readonly random: () => number;
  readonly restartsPerDay: number;
  readonly roster: Roster;
  readonly hands: TarHands;
  readonly history: History;
  readonly log: Pick<EventLog, 'info'>;
  readonly report: CrewReport;
  readonly assigned: AssignedTars;
  readonly processes: Processes;
  readonly duty: Duty;
  readonly runEnd: RunEnd;
}

/** What a death means for its worker: another process after a pause, or none, when that has happened too often. */
export class Restarter {
  readonly #options: RestarterOptions;

  constructor(options: RestarterOptions) {
    this.#options = options;
  }

  /** @param tar where it died; null: in none */
  startAgain(
    worker: CrewWorker,
    cause: Exclude<Cause, 'asked'>,
    { how }: ProcessEnd,
    tar: string | null,
  ): void {
    const { clock, duty, history, log, processes, random, report, restartsPerDay, runEnd } = this.#options;
    const name = `Worker ${String(worker.number)}`;
    const what =
      cause === 'died'
        ? `${name} ended unexpectedly (${how})`
        : `${name} was stopped (${how}), for it was ${cause}`;
    const where = tar === null ? '' : ` in ${tar}`;
    const restarts = history.restartsInDay(worker.number);
    if (restarts >= restartsPerDay) {
      if (cause === 'died') report.note('died', worker, tar, `${what}${where}.`);
      const often =
        restarts === 0
          ? 'and is not to be started again'
          : `after ${formatCount(restarts, 'restart')} in 24 hours`;
      this.#giveUp(worker, `${what}, ${often}.`, pausedAfter(restarts));
      return;
    }
    worker.deathsInRow++;
    const delayMs = backOffMs(worker.deathsInRow, random());
    const plan = `it is started again in ${(delayMs / 1000).toFixed(1)} s, death ${String(worker.deathsInRow)} in a row`;
    if (cause === 'died') {
      report.note('died', worker, tar, `${what}${where}; ${plan}.`);
      report.notice(`${what}; it is started again.`);
    } else log.info(`${what}${where}; ${plan}`);
    worker.stopping = null;
    worker.state = 'waiting';
    worker.cancelTimer = clock.after(delayMs, () => {
      // At its start and not before: so no day has more of them than it may.
      history.addRestart(worker.number);
      const count = history.restartsInDay(worker.number);
      const message = `${name} was started again, restart ${String(count)} of ${String(restartsPerDay)} in 24 hours.`;
      report.note('restarted', worker, null, message);
      processes.start(worker);
    });
    duty.wake();
    runEnd.endWhenOver();
  }

  /** It has said that a person has something to mend before it can begin. */
  cannotBegin(worker: CrewWorker, { message }: Failure): void {
    this.#giveUp(worker, `${nameOf(worker)}: ${message}`, message);
  }

  /** It is started no more: a person is told once, and its tars go to the others. */
  #giveUp(worker: CrewWorker, why: string, note: string): void {
    const { assigned, duty, hands, report, roster, runEnd } = this.#options;
    worker.state = 'givenUp';
    worker.stopping = null;
    const tars = hands.giveUp(worker.number);
    const takers = roster.hasOthersFor(worker) ? 'its tars go to the other workers' : 'nobody takes its tars';
    const whereTo = tars.length === 0 ? 'it had no tar' : `${takers}: ${tars.join(', ')}`;
    const message = `${why} It is paused until you resume it; ${whereTo}.`;
    report.note('paused', worker, null, message);
    report.notice(message);
    assigned.left(worker, tars);
    report.show(worker, { phase: 'paused', note });
    duty.wake();
    runEnd.endWhenOver();
  }
}

function pausedAfter(restarts: number): string {
  if (restarts === 0) return sentence('pausedWithoutRestart');
  return restarts === 1 ? sentence('pausedAfterRestart') : sentence('pausedAfterRestarts', restarts);
}
