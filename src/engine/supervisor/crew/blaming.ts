import type { StateBoard } from '../stateBoard.ts';
import type { AssignedTars } from './assignedTars.ts';
import { isFromOutside } from './causeOfEnd.ts';
import type { CrewReport } from './crewReport.ts';
import type { Cause, CrewWorker } from './crewWorker.ts';
import type { Roster } from './roster.ts';
import type { TarHands } from './tarHands.ts';
import type { ProcessEnd } from './workerProcess.ts';
import { sentence } from '../../../protocol/sentences.ts';

export interface BlamingOptions {
  readonly roster: Roster;
  readonly hands: TarHands;
  readonly board: StateBoard;
  readonly report: CrewReport;
  readonly assigned: AssignedTars;
}

/** What a death in a tar means for that tar: nothing yet, a member put aside, another hand, or its end. */
export class Blaming {
  readonly #options: BlamingOptions;

  constructor(options: BlamingOptions) {
    this.#options = options;
  }

  /** A worker has died that helped with another's tar: that stays where it is, but a member may be put aside for its next holder. */
  blameShared(
    worker: CrewWorker,
    tar: string,
    inHand: readonly number[],
    end: ProcessEnd,
    cause: Cause,
  ): void {
    const { board, hands, roster } = this.#options;
    const { doneBytes } = board.tar(tar);
    const poison = hands.blameShared(
      tar,
      { worker: worker.number, inHand, doneBytes, isFromOutside: isFromOutside(cause, end) },
      roster.hasOthersFor(worker),
    );
    this.#tellOfPoison(worker, tar, poison);
  }

  /** @param inHand header offsets of the members that the process had in hand */
  blame(worker: CrewWorker, tar: string, inHand: readonly number[], end: ProcessEnd, cause: Cause): void {
    const { assigned, board, hands, report, roster } = this.#options;
    const { doneBytes } = board.tar(tar);
    const { poison, isGivenUp } = hands.blame(
      tar,
      { worker: worker.number, inHand, doneBytes, isFromOutside: isFromOutside(cause, end) },
      roster.hasOthersFor(worker),
    );
    this.#tellOfPoison(worker, tar, poison);
    if (isGivenUp) {
      const message = sentence('tarLeftOut', tar, worker.number, end.how);
      report.failTar(tar, { code: 'WORKER_DIED', message });
      assigned.drop(worker, tar);
      // It was the tar, and not the worker.
      worker.deathsInRow = 0;
    } else if (hands.orphans.includes(tar)) assigned.left(worker, [tar]);
  }

  #tellOfPoison(worker: CrewWorker, tar: string, poison: readonly number[]): void {
    const { report } = this.#options;
    for (const offset of poison) {
      const message =
        `The member at byte ${String(offset)} of ${tar} was in hand when processes ended, again. ` +
        'It is put aside as failed, and the tar goes on without it.';
      report.note('poison', worker, tar, message);
      report.notice(message);
    }
  }
}
