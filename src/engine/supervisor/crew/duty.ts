import { pausedByPerson } from '../../../protocol/workerNotes.ts';
import type { StateBoard } from '../stateBoard.ts';
import type { AssignedTars } from './assignedTars.ts';
import type { CrewReport } from './crewReport.ts';
import { isOnDuty, type CrewWorker, type Then } from './crewWorker.ts';
import type { Processes } from './workerProcesses.ts';
import type { Roster } from './roster.ts';
import type { RunEnd } from './runEnd.ts';
import type { Sharing } from './sharing.ts';
import type { TarHands } from './tarHands.ts';
import type { TarTurns } from './tarTurns.ts';
import { sentence } from '../../../protocol/sentences.ts';

export interface DutyOptions {
  readonly roster: Roster;
  readonly hands: TarHands;
  readonly board: StateBoard;
  readonly report: CrewReport;
  readonly assigned: AssignedTars;
  readonly processes: Processes;
  readonly runEnd: RunEnd;
  readonly turns: TarTurns;
  readonly sharing: Sharing;
}

/** Workers without a process: who of them rests, is paused or retired, and who is called to work again. */
export class Duty {
  readonly #options: DutyOptions;

  constructor(options: DutyOptions) {
    this.#options = options;
  }

  /** What was to become of a worker whose process has ended. */
  goOn(worker: CrewWorker, then: Then): void {
    const { hands, processes, report, runEnd } = this.#options;
    worker.stopping = null;
    worker.state = 'resting';
    report.show(worker, { phase: 'stopped' });
    if (!runEnd.isStopped) {
      if (then === 'pause') this.pause(worker);
      else if (then === 'retire') this.retire(worker);
      else if (then === 'restart' && hands.handOf(worker.number).length > 0) processes.startAsked(worker);
    }
    this.wake();
    runEnd.endWhenOver();
  }

  /** Its tars stay its own. */
  pause(worker: CrewWorker): void {
    worker.state = 'paused';
    this.#options.report.show(worker, { phase: 'paused', note: pausedByPerson });
  }

  /** Its tars are there for the others. */
  retire(worker: CrewWorker): void {
    const { assigned, board, hands, report } = this.#options;
    worker.state = 'retired';
    assigned.left(worker, hands.giveUp(worker.number));
    const { note } = board.worker(worker.number);
    report.show(worker, { phase: 'stopped', note: note ?? sentence('restsForLoad') });
  }

  /** One that was paused, retired or given up may have tars again. */
  reopen(worker: CrewWorker): void {
    this.#options.hands.open(worker.number);
    worker.state = 'resting';
    worker.deathsInRow = 0;
  }

  /** Starts whoever rests and has a tar, could have one that nobody is going to begin, or could help with another's. */
  wake(): void {
    const { hands, processes, report, roster, runEnd, sharing, turns } = this.#options;
    if (runEnd.isStopped || runEnd.hasEnded) return;
    // Who helps has no tar, and goes before those who have still to be started.
    for (const helper of sharing.helpers) turns.next(helper);
    const { workers } = roster;
    const resting = (): CrewWorker[] => workers.filter(({ state }) => state === 'resting');
    for (const worker of resting()) if (hands.handOf(worker.number).length > 0) processes.start(worker);
    for (const worker of resting()) {
      if (roster.tarsToBeHad <= 0) break;
      processes.start(worker);
    }
    for (const worker of resting()) if (sharing.wantsHelpers) processes.start(worker);
    if (hands.orphans.length === 0 || workers.some(isOnDuty)) return;
    // Better under load than not at all.
    const retired = workers.find(({ state }) => state === 'retired');
    if (retired) {
      this.reopen(retired);
      processes.start(retired);
    } else if (workers.every(({ state }) => state === 'givenUp')) {
      const unable = workers.find(worker => worker.unable)?.unable;
      for (const tar of hands.takeOrphans()) {
        const message = sentence('tarWithoutWorker', tar);
        report.failTar(tar, unable ?? { code: 'WORKER_DIED', message });
      }
    }
  }
}
