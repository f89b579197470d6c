import type { StateBoard } from '../stateBoard.ts';
import type { AssignedTars } from './assignedTars.ts';
import type { CrewReport } from './crewReport.ts';
import type { CrewWorker } from './crewWorker.ts';
import type { Duty } from './duty.ts';
import type { Ladder } from './ladder.ts';
import type { Processes } from './workerProcesses.ts';
import type { Roster } from './roster.ts';
import type { RunEnd } from './runEnd.ts';
import type { Sharing } from './sharing.ts';
import type { TarHands } from './tarHands.ts';

export interface StaffingOptions {
  readonly roster: Roster;
  readonly hands: TarHands;
  readonly board: StateBoard;
  readonly report: CrewReport;
  readonly assigned: AssignedTars;
  readonly ladder: Ladder;
  readonly processes: Processes;
  readonly duty: Duty;
  readonly runEnd: RunEnd;
  readonly sharing: Sharing;
}

/** One worker less, or one more, as the load of the machine asks for. */
export class Staffing {
  readonly #options: StaffingOptions;

  constructor(options: StaffingOptions) {
    this.#options = options;
  }

  /**
   * Lets the worker whose tar is least advanced finish the book in hand and end; its tars go to the others.
   *
   * @param reason in plain words
   * @returns whether there was one to spare
   */
  retire(reason: string): boolean {
    const { assigned, duty, hands, ladder, report, roster, runEnd } = this.#options;
    const { employed } = roster;
    if (runEnd.isStopped || employed.length <= 1) return false;
    const [victim] = employed.toSorted((a, b) => this.#advance(a) - this.#advance(b) || b.number - a.number);
    if (!victim) return false;
    // Who rests now would be woken for the tars that this one leaves.
    for (const worker of roster.workers) if (worker.state === 'resting') worker.state = 'retired';
    report.note(
      'scaled',
      victim,
      null,
      `Worker ${String(victim.number)} ends with the book in hand: ${reason}.`,
    );
    report.show(victim, { note: `rests: ${reason}` });
    if (victim.process) ladder.letEnd(victim, 'retire');
    else if (victim.stopping) victim.stopping.then = 'retire';
    else {
      victim.cancelTimer();
      duty.retire(victim);
    }
    assigned.left(victim, hands.orphan(victim.number, hands.waitingOf(victim.number)));
    duty.wake();
    return true;
  }

  /** Lets a worker that was retired work again. @returns whether there was one, and something for it to do */
  employ(reason: string): boolean {
    const { duty, processes, report, roster, runEnd, sharing } = this.#options;
    const retired = roster.workers.find(worker => worker.state === 'retired');
    if (runEnd.isStopped || !retired) return false;
    if (roster.tarsToBeHad <= 0 && !sharing.wantsHelpers) return false;
    report.note('scaled', retired, null, `Worker ${String(retired.number)} works again: ${reason}.`);
    duty.reopen(retired);
    processes.start(retired);
    return true;
  }

  /** How far the tar in a worker's hand is, from 0 to 1; less where it has none. */
  #advance({ number }: CrewWorker): number {
    const { board, hands } = this.#options;
    const [tar] = hands.handOf(number);
    if (tar === undefined) return -1;
    const { doneBytes, sizeBytes } = board.tar(tar);
    return doneBytes / Math.max(1, sizeBytes);
  }
}
