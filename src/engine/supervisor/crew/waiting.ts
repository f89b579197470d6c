import type { Failure } from '../../../protocol/errors.ts';
import type { CrewReport } from './crewReport.ts';
import type { CrewWorker } from './crewWorker.ts';
import type { HistoryLog } from './history.ts';
import type { RunEnd } from './runEnd.ts';

export interface WaitingOptions {
  readonly report: CrewReport;
  /** The log of supervision, for what is too small for its history. */
  readonly monitorLog: HistoryLog;
  readonly runEnd: RunEnd;
}

/** Workers that wait until a person has mended something. */
export class Waiting {
  readonly #options: WaitingOptions;
  /** Why a worker waits, by its number. */
  readonly #why = new Map<number, Failure>();

  constructor(options: WaitingOptions) {
    this.#options = options;
  }

  /** In plain words; null: it does not wait. */
  whyOf({ number }: CrewWorker): string | null {
    return this.#why.get(number)?.message ?? null;
  }

  /** All workers mostly wait for the same thing: it is told once, and once more when the last one goes on. */
  begins(worker: CrewWorker, failure: Failure): void {
    const { monitorLog, report } = this.#options;
    // A destination that is down is noticed at several ends of it, each in its own words.
    const known = [...this.#why.values()].some(
      other =>
        other.message === failure.message ||
        (other.code === failure.code && failure.code === 'DESTINATION_UNUSABLE'),
    );
    this.#why.set(worker.number, failure);
    const why = failure.message;
    report.show(worker, { note: why, ...(worker.stopping ? {} : { phase: 'wait' }) });
    if (known) return;
    monitorLog.error(`the workers wait: ${why}`);
    report.notice(`${why} Until then the workers wait; nothing is lost.`);
  }

  /** It goes on, or its process has ended. */
  ends(worker: CrewWorker): void {
    const { monitorLog, report, runEnd } = this.#options;
    if (!this.#why.delete(worker.number)) return;
    report.show(worker, { note: null });
    if (this.#why.size > 0) return;
    monitorLog.info('the workers go on');
    if (!runEnd.isStopped) report.notice('The workers go on.');
  }
}
