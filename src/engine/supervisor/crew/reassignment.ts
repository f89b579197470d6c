import { TarshelfError } from '../../../protocol/errors.ts';
import { formatCount } from '../../../protocol/format.ts';
import type { AssignedTars } from './assignedTars.ts';
import type { CrewReport } from './crewReport.ts';
import { mayWork, type CrewWorker } from './crewWorker.ts';
import type { Duty } from './duty.ts';
import type { Roster } from './roster.ts';
import type { RunEnd } from './runEnd.ts';
import type { TarHands } from './tarHands.ts';

export interface ReassignmentOptions {
  readonly roster: Roster;
  readonly hands: TarHands;
  readonly report: CrewReport;
  readonly assigned: AssignedTars;
  readonly duty: Duty;
  readonly runEnd: RunEnd;
}

/** Tars that a person gives to other workers. */
export class Reassignment {
  readonly #options: ReassignmentOptions;

  constructor(options: ReassignmentOptions) {
    this.#options = options;
  }

  /**
   * Gives tars of a worker to others: all of them where it has no process, else those that it has not begun.
   *
   * @param to who gets them, in turn; null: whoever is free first
   * @returns one line that says what was done
   * @throws TarshelfError `NO_SUCH_WORKER`, `REASSIGN_REFUSED`
   */
  reassign(number: number, to: readonly number[] | null): string {
    const { assigned, duty, hands, report, roster } = this.#options;
    const worker = roster.worker(number);
    const targets = this.#targets(worker, to);
    const tars = this.#tars(worker);
    let whereTo = 'whoever is free first';
    if (targets.length === 0) hands.orphan(number, tars);
    else {
      hands.give(number, tars, targets);
      whereTo = `${targets.length === 1 ? 'worker' : 'workers'} ${targets.join(', ')}`;
    }
    assigned.left(worker, tars);
    const message = `${formatCount(tars.length, 'tar')} of worker ${String(number)} went to ${whereTo}: ${tars.join(', ')}.`;
    report.note('reassigned', worker, tars.length === 1 ? (tars[0] ?? null) : null, message);
    duty.wake();
    return message;
  }

  /** Each once, and every one of them able to take tars. Empty: all who can. */
  #targets(worker: CrewWorker, to: readonly number[] | null): number[] {
    const { roster, runEnd } = this.#options;
    const name = `Worker ${String(worker.number)}`;
    if (runEnd.isStopped)
      refuse('The run is being stopped: no tar changes hands any more. Launch again first.');
    const targets = [...new Set(to ?? [])].map(target => roster.worker(target));
    for (const target of targets) {
      if (target === worker) refuse(`${name} cannot give its tars to itself. Name other workers.`);
      if (!mayWork(target))
        refuse(
          `Worker ${String(target.number)} ${target.state === 'retired' ? 'rests for the load of the machine' : 'is paused'}. ` +
            'Resume it first, or name another worker.',
        );
    }
    if (targets.length === 0 && !roster.hasOthersFor(worker))
      refuse(`No other worker is there that could take the tars of ${name.toLowerCase()}. Resume one first.`);
    return targets.map(target => target.number);
  }

  /** Those that can go; at least one. */
  #tars(worker: CrewWorker): readonly string[] {
    const { hands } = this.#options;
    const name = `Worker ${String(worker.number)}`;
    const isAtWork = worker.process !== null || worker.state === 'ending';
    const tars = [...(isAtWork ? hands.waitingOf(worker.number) : hands.handOf(worker.number))];
    const current = hands.leaseOf(worker.number)?.tar;
    if (tars.length === 0)
      refuse(
        current === undefined
          ? `${name} has no tar that could go to another worker.`
          : `${name} is at work in ${current} and has no other tar. Pause it first, then that one can go, too.`,
      );
    return tars;
  }
}

function refuse(why: string): never {
  throw new TarshelfError('REASSIGN_REFUSED', why);
}
