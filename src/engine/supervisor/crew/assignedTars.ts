import type { StateBoard } from '../stateBoard.ts';
import type { CrewReport } from './crewReport.ts';
import type { CrewWorker } from './crewWorker.ts';
import type { Roster } from './roster.ts';
import type { TarHands } from './tarHands.ts';

export interface AssignedTarsOptions {
  readonly roster: Roster;
  readonly hands: TarHands;
  readonly board: StateBoard;
  readonly report: CrewReport;
}

interface Assigned {
  readonly tars: Set<string>;
  /** What its process was last told of them, to tell it of changes only. */
  told: string;
}

/**
 * Which tars each worker records as its own in its progress file: those that it has ended in this run, too, which are in
 * no hand any more.
 */
export class AssignedTars {
  readonly #options: AssignedTarsOptions;
  readonly #assigned = new Map<number, Assigned>();

  constructor(options: AssignedTarsOptions) {
    this.#options = options;
    for (const { number } of options.roster.workers)
      this.#assigned.set(number, { tars: new Set(options.hands.handOf(number)), told: '' });
  }

  /** What a new process of a worker is told by its first message. */
  toldAtStart(worker: CrewWorker): string[] {
    const assigned = this.#update(worker);
    const tars = [...assigned.tars];
    assigned.told = JSON.stringify(tars);
    return tars;
  }

  /** Tars that have left a worker's hand, for another one or for all. */
  left(worker: CrewWorker, tars: readonly string[]): void {
    const { board, hands, roster } = this.#options;
    for (const tar of tars) {
      this.drop(worker, tar);
      const holder = roster.workers.find(other => hands.handOf(other.number).includes(tar));
      board.changeTar(tar, { worker: holder?.number ?? null });
    }
    this.tellAll();
  }

  /** A tar that is a worker's no more; it is told so with the next change. */
  drop({ number }: CrewWorker, tar: string): void {
    this.#of(number).tars.delete(tar);
  }

  /** Brings up to date what each worker records of whose tars are whose, before a tar that has come to it begins. */
  tellAll(): void {
    const { report, roster } = this.#options;
    for (const worker of roster.workers) {
      const assigned = this.#update(worker);
      const assignedTars = [...assigned.tars];
      const told = JSON.stringify(assignedTars);
      if (told === assigned.told) continue;
      assigned.told = told;
      worker.process?.send({ type: 'tars:assigned', assignedTars });
      if (report.isShown(worker)) report.show(worker, { assignedTars });
    }
  }

  #update({ number }: CrewWorker): Assigned {
    const assigned = this.#of(number);
    for (const tar of this.#options.hands.handOf(number)) assigned.tars.add(tar);
    return assigned;
  }

  #of(number: number): Assigned {
    const assigned = this.#assigned.get(number);
    if (!assigned) throw new Error(`no worker ${String(number)} in the crew`);
    return assigned;
  }
}
