import type { ResumePoint } from '../../../protocol/resumePoint.ts';
import type { Lease, WorkerEvent } from '../../../protocol/workerMessages.ts';
import type { EventLog } from '../../system/eventLog.ts';
import type { StateBoard } from '../stateBoard.ts';
import type { AssignedTars } from './assignedTars.ts';
import type { CrewReport } from './crewReport.ts';
import type { CrewWorker } from './crewWorker.ts';
import type { HistoryLog } from './history.ts';
import type { Ladder } from './ladder.ts';
import type { Roster } from './roster.ts';
import type { RunEnd } from './runEnd.ts';
import type { Sharing } from './sharing.ts';
import type { TarHands } from './tarHands.ts';

export interface TarTurnsOptions {
  readonly roster: Roster;
  readonly hands: TarHands;
  readonly board: StateBoard;
  readonly log: Pick<EventLog, 'info' | 'error'>;
  /** The log of supervision, for what is too small for its history. */
  readonly monitorLog: HistoryLog;
  readonly report: CrewReport;
  readonly assigned: AssignedTars;
  readonly ladder: Ladder;
  readonly runEnd: RunEnd;
  readonly sharing: Sharing;
  readonly folderOf: (tar: string) => string | null;
  readonly resumePoint: (worker: number, tar: string) => Promise<ResumePoint | null>;
  readonly onCompleted: (tar: string) => void;
}

/** One tar after another for workers whose process is there, until there is none left. */
export class TarTurns {
  readonly #options: TarTurnsOptions;
  /** Who had a tar last in this run. */
  readonly #lastHolder = new Map<string, number>();

  constructor(options: TarTurnsOptions) {
    this.#options = options;
  }

  /** Gives the worker its next tar; where there is none it helps with another's, or is let go. */
  next(worker: CrewWorker): void {
    const { assigned, board, hands, ladder, monitorLog, report, runEnd, sharing } = this.#options;
    // Told to end, and on its way.
    if (worker.stopping) return;
    const lease = runEnd.isStopped ? null : (hands.lease(worker.number) ?? this.#steal(worker));
    if (!lease) {
      if (runEnd.isStopped || !sharing.join(worker)) ladder.letEnd(worker, 'rest');
      return;
    }
    sharing.leave(worker);
    board.changeTar(lease.tar, { phase: 'running', worker: worker.number });
    report.show(worker, { phase: 'scan', currentTar: lease.tar });
    assigned.tellAll();
    const from = this.#lastHolder.get(lease.tar);
    if (from !== undefined && from !== worker.number)
      monitorLog.info(`${lease.tar} passes from worker ${String(from)} to worker ${String(worker.number)}`);
    this.#lastHolder.set(lease.tar, worker.number);
    void this.#handOver(worker, lease);
  }

  /** A worker says how a tar came to its end, and gets the next one. */
  ended(worker: CrewWorker, event: Extract<WorkerEvent, { type: 'tar:ended' }>): void {
    const { board, hands, log, onCompleted, report, sharing } = this.#options;
    const { name, result, doneBytes, counts, failure } = event;
    const phase = result === 'stopped' ? 'waiting' : result;
    board.advanceTar(name, worker.number, doneBytes, { phase, counts, failure });
    board.advanceExtraction(worker.number, null);
    report.show(worker, { currentTar: null });
    board.publish();
    const how = failure ? `${result}: ${failure.message}` : result;
    log[failure ? 'error' : 'info'](`worker ${String(worker.number)} ended ${name}: ${how}`);
    if (result === 'completed') onCompleted(name);
    if (result === 'stopped') return;
    worker.deathsInRow = 0;
    hands.end(worker.number);
    for (const free of [worker, ...sharing.holderEnded(worker)]) this.next(free);
  }

  /** Round-robin ends unevenly: who has nothing left takes from who has most. */
  #steal(worker: CrewWorker): Lease | null {
    const { assigned, hands, monitorLog, roster } = this.#options;
    const stolen = hands.steal(worker.number, roster.aboutToBegin);
    if (!stolen) return null;
    const { tar, from } = stolen;
    assigned.left(roster.worker(from), [tar]);
    // No entry of the history: at the end of a run there are hundreds of them, and nothing is amiss.
    monitorLog.info(
      `${tar}, which nobody had begun, went from worker ${String(from)} to worker ${String(worker.number)}, which had none left`,
    );
    return hands.lease(worker.number);
  }

  async #handOver(worker: CrewWorker, lease: Lease): Promise<void> {
    const { folderOf, hands, resumePoint } = this.#options;
    const { process } = worker;
    const resume = await resumePoint(worker.number, lease.tar);
    // It may have died meanwhile; its next process asks anew.
    if (worker.process !== process || !hands.holds(worker.number, lease)) return;
    const members = hands.membersOf(lease.tar);
    process?.send({ type: 'tar:process', lease, folder: folderOf(lease.tar), resume, ...members });
  }
}
