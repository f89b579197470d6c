import { TarshelfError } from '../../../protocol/errors.ts';
import { formatNumber } from '../../../protocol/format.ts';
import { sentence } from '../../../protocol/sentences.ts';
import type { AssignedTars } from './assignedTars.ts';
import type { CrewReport } from './crewReport.ts';
import { mayWork, type CrewWorker } from './crewWorker.ts';
import type { Duty } from './duty.ts';
import type { Roster } from './roster.ts';
import type { RunEnd } from './runEnd.ts';
import type { TarHands } from './tarHands.ts';

const namesTold = 3;

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
    let whereTo = sentence('toWhoeverIsFree');
    if (targets.length === 0) hands.orphan(number, tars);
    else {
      hands.give(number, tars, targets);
      whereTo = sentence(targets.length === 1 ? 'toWorker' : 'toWorkers', targets.join(', '));
    }
    assigned.left(worker, tars);
    const message = passed(tars, number, whereTo);
    report.note('reassigned', worker, tars.length === 1 ? (tars[0] ?? null) : null, message);
    duty.wake();
    return message;
  }

  /** Each once, and every one of them able to take tars. Empty: all who can. */
  #targets(worker: CrewWorker, to: readonly number[] | null): number[] {
    const { roster, runEnd } = this.#options;
    if (runEnd.isStopped) refuse(sentence('noTarPasses'));
    const targets = [...new Set(to ?? [])].map(target => roster.worker(target));
    for (const target of targets) {
      if (target === worker) refuse(sentence('notToItself', worker.number));
      if (!mayWork(target))
        refuse(sentence(target.state === 'retired' ? 'notToResting' : 'notToPaused', target.number));
    }
    if (targets.length === 0 && !roster.hasOthersFor(worker)) refuse(sentence('nobodyTakes', worker.number));
    return targets.map(target => target.number);
  }

  /** Those that can go; at least one. */
  #tars(worker: CrewWorker): readonly string[] {
    const { hands } = this.#options;
    const isAtWork = worker.process !== null || worker.state === 'ending';
    const tars = [...(isAtWork ? hands.waitingOf(worker.number) : hands.handOf(worker.number))];
    const current = hands.leaseOf(worker.number)?.tar;
    if (tars.length === 0)
      refuse(
        current === undefined
          ? sentence('noTarToGive', worker.number)
          : sentence('onlyTarAtWork', worker.number, current),
      );
    return tars;
  }
}

/** Names a few: it is shown in one line, and there may be thousands. */
function passed(tars: readonly string[], number: number, whereTo: string): string {
  const names = tars.slice(0, namesTold).join(', ');
  if (tars.length === 1) return sentence('tarPassed', number, whereTo, names);
  const count = formatNumber(tars.length);
  return tars.length <= namesTold
    ? sentence('tarsPassed', count, number, whereTo, names)
    : sentence('manyTarsPassed', count, number, whereTo, names, formatNumber(tars.length - namesTold));
}

function refuse(why: string): never {
  throw new TarshelfError('REASSIGN_REFUSED', why);
}
