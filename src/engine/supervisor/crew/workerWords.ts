import type { Lease, WorkerEvent, WorkerMessage } from '../../../protocol/workerMessages.ts';
import type { StateBoard } from '../stateBoard.ts';
import type { ClaimDesk } from './claimDesk.ts';
import type { CrewReport } from './crewReport.ts';
import type { CrewWatch } from './crewWatch.ts';
import type { CrewWorker } from './crewWorker.ts';
import type { HistoryLog } from './history.ts';
import type { Sharing } from './sharing.ts';
import type { TarHands } from './tarHands.ts';
import type { TarTurns } from './tarTurns.ts';
import type { Waiting } from './waiting.ts';

export interface WorkerWordsOptions {
  readonly hands: TarHands;
  readonly board: StateBoard;
  readonly claims: ClaimDesk;
  /** The log of supervision, for what is too small for its history. */
  readonly monitorLog: HistoryLog;
  readonly report: CrewReport;
  readonly watch: CrewWatch;
  readonly waiting: Waiting;
  readonly turns: TarTurns;
  readonly sharing: Sharing;
  /** Somebody's tar can be shared. */
  readonly onShareable: () => void;
}

/** Brings what workers say to whom it concerns, and lets none speak of a tar that is another's by now. */
export class WorkerWords {
  readonly #options: WorkerWordsOptions;

  constructor(options: WorkerWordsOptions) {
    this.#options = options;
  }

  hear(worker: CrewWorker, { lease, event }: WorkerMessage): void {
    const { claims, hands, watch } = this.#options;
    watch.hear(worker, event);
    if (event.type === 'worker:health') return;
    if (!lease || hands.holds(worker.number, lease)) {
      this.#take(worker, event, lease);
      return;
    }
    // Said of a tar that is another's by now. A book that is on the shelf stays there, and is known to be.
    if (event.type === 'claim:outcomes') claims.settle(worker, event);
    worker.process?.send({ type: 'tar:revoked', lease });
  }

  #take(
    worker: CrewWorker,
    event: Exclude<WorkerEvent, { type: 'worker:health' }>,
    lease: Lease | null,
  ): void {
    const { board, claims, monitorLog, onShareable, report, sharing, turns, waiting } = this.#options;
    switch (event.type) {
      case 'worker:ready':
        turns.next(worker);
        break;
      case 'tar:progress':
        board.advanceExtraction(worker.number, event.extraction);
        board.advanceTar(event.name, worker.number, event.doneBytes, { counts: event.counts });
        if (!worker.stopping) report.show(worker, { phase: event.phase });
        break;
      case 'claim:request':
        claims.answer(worker, event.id, event.keys);
        break;
      case 'claim:outcomes':
        claims.settle(worker, event);
        break;
      case 'share:possible':
        if (!lease) break;
        sharing.open(worker, lease);
        onShareable();
        break;
      case 'share:offer':
        sharing.offer(worker, event);
        break;
      case 'share:outcomes':
        sharing.outcomes(worker, event);
        break;
      case 'share:ended':
        sharing.ended(worker, event);
        break;
      case 'tar:ended':
        turns.ended(worker, event);
        break;
      case 'worker:waiting':
        waiting.begins(worker, event.failure);
        break;
      case 'worker:resumed':
        waiting.ends(worker);
        break;
      case 'worker:unable':
        worker.unable = event.failure;
        break;
      case 'book:failed':
        // Its name, where the history could only tell where it stands.
        if (event.failure.code === 'POISON')
          monitorLog.error(`${event.tar} › ${event.member}: ${event.failure.message}`);
        board.tell(event);
        break;
      case 'notice':
        board.tell(event);
        break;
      default:
        event satisfies never;
    }
  }
}
