import { oneLine, type Failure } from '../../../protocol/errors.ts';
import type { HistoryKind } from '../../../protocol/history.ts';
import { newWorker, type WorkerState } from '../../../protocol/snapshot.ts';
import type { EventLog } from '../../system/eventLog.ts';
import type { StateBoard } from '../stateBoard.ts';
import type { CrewWorker } from './crewWorker.ts';
import type { History } from './history.ts';

export interface CrewReportOptions {
  readonly board: StateBoard;
  readonly history: History;
  readonly log: Pick<EventLog, 'error'>;
}

/** What people are told of the workers: on the board, in the history, in a notice. It decides nothing. */
export class CrewReport {
  readonly #options: CrewReportOptions;
  /** Workers that the board has already. */
  readonly #shown = new Set<number>();

  constructor(options: CrewReportOptions) {
    this.#options = options;
  }

  isShown({ number }: CrewWorker): boolean {
    return this.#shown.has(number);
  }

  show(worker: CrewWorker, change: Partial<WorkerState>): void {
    if (this.isShown(worker)) this.#options.board.changeWorker(worker.number, change);
    else this.showAnew(worker, change);
  }

  /** Nothing that was shown of its last process is true of its new one. */
  showAnew({ number }: CrewWorker, change: Partial<WorkerState>): void {
    this.#options.board.setWorker({ ...newWorker(number), ...change });
    this.#shown.add(number);
  }

  /** An entry of the history. */
  note(kind: HistoryKind, { number }: CrewWorker, tar: string | null, message: string): void {
    this.#options.history.add({ kind, worker: number, tar, message: oneLine(message) });
  }

  notice(message: string): void {
    this.#options.board.tell({ type: 'notice', message });
  }

  /** A tar that nobody gets any more, and why. */
  failTar(tar: string, failure: Failure): void {
    const { board, history, log } = this.#options;
    const { message } = failure;
    const line = message.startsWith(tar) ? message : `${tar}: ${message}`;
    log.error(line);
    history.log.error(line);
    board.changeTar(tar, { phase: 'failed', failure });
  }
}
