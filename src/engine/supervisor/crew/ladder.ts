import type { Clock } from '../../system/clock.ts';
import type { EventLog } from '../../system/eventLog.ts';
import type { CrewReport } from './crewReport.ts';
import type { CrewWorker, Then, Trouble } from './crewWorker.ts';

/** For each rung of the ladder where the worker hears nothing anyway. */
const rungOfSilentMs = 2000;

export interface LadderOptions {
  readonly clock: Clock;
  readonly log: Pick<EventLog, 'warn'>;
  readonly report: CrewReport;
  readonly gentleStopSeconds: number;
}

/**
 * How a process is ended: it is asked to, and that is all where it may take its time. One that may not climbs:
 *
 *   worker:stop ──the gentle time──▶ SIGTERM ──half of that──▶ SIGKILL, with its whole tree
 */
export class Ladder {
  readonly #options: LadderOptions;

  constructor(options: LadderOptions) {
    this.#options = options;
  }

  /** Lets a process finish the book in hand and end. What it is in trouble with stays as it is. */
  letEnd(worker: CrewWorker, then: Then): void {
    if (worker.stopping) {
      worker.stopping.then = then;
      return;
    }
    worker.stopping = { then, cause: 'asked', rung: null };
    this.#options.report.show(worker, { phase: 'stopping' });
    worker.process?.send({ type: 'worker:stop' });
  }

  /**
   * Up the ladder, from the gentle time on. One that is on it already goes on as it is.
   *
   * @param trouble what is wrong with it; null: nothing, but it is to be started anew
   */
  climb(worker: CrewWorker, trouble: Trouble | null): void {
    const { clock, gentleStopSeconds, log } = this.#options;
    const gentleMs = trouble === 'silent' ? rungOfSilentMs : gentleStopSeconds * 1000;
    const { process, stopping } = worker;
    if (!process || stopping?.rung !== null) return;
    stopping.rung = 'gentle';
    worker.cancelTimer = clock.after(gentleMs, () => {
      stopping.rung = 'terminated';
      log.warn(`worker ${String(worker.number)} has not ended when asked; it is sent SIGTERM`);
      process.terminate();
      worker.cancelTimer = clock.after(gentleMs / 2, () => {
        stopping.rung = 'killed';
        log.warn(
          `worker ${String(worker.number)} has not ended at SIGTERM; it is killed with all its processes`,
        );
        process.kill();
      });
    });
  }
}
