import type { Lease } from '../../../protocol/workerMessages.ts';
import type { Clock } from '../../system/clock.ts';
import type { EventLog } from '../../system/eventLog.ts';
import type { StateBoard } from '../stateBoard.ts';
import type { Blaming } from './blaming.ts';
import { isDeath, mayBlameTar } from './causeOfEnd.ts';
import type { ClaimDesk } from './claimDesk.ts';
import type { CrewReport } from './crewReport.ts';
import { nameOf, type CrewWorker, type Stopping } from './crewWorker.ts';
import type { Duty } from './duty.ts';
import type { Processes } from './workerProcesses.ts';
import type { Restarter } from './restarter.ts';
import { endsRowAfterMs } from './restarts.ts';
import type { RunEnd } from './runEnd.ts';
import type { Sharing } from './sharing.ts';
import type { TarHands } from './tarHands.ts';
import type { TarTurns } from './tarTurns.ts';
import type { Waiting } from './waiting.ts';
import type { ProcessEnd } from './workerProcess.ts';

export interface DeathsOptions {
  readonly clock: Clock;
  readonly log: Pick<EventLog, 'info'>;
  readonly hands: TarHands;
  readonly board: StateBoard;
  readonly claims: ClaimDesk;
  readonly report: CrewReport;
  readonly waiting: Waiting;
  readonly processes: Processes;
  readonly duty: Duty;
  readonly blaming: Blaming;
  readonly restarter: Restarter;
  readonly runEnd: RunEnd;
  readonly turns: TarTurns;
  readonly sharing: Sharing;
  /** Header offsets of the members that a process had in hand under a lease. Never rejects. */
  readonly suspects: (worker: number, lease: Lease) => Promise<readonly number[]>;
}

/** A process has ended: as it was told, or by itself; then the worker is started again, or its tars move on. */
export class Deaths {
  readonly #options: DeathsOptions;

  constructor(options: DeathsOptions) {
    this.#options = options;
  }

  processEnded(worker: CrewWorker, end: ProcessEnd): void {
    const { clock, duty, log, report, restarter, runEnd, sharing, turns } = this.#options;
    const helped = sharing.helperEnded(worker, !end.isClean);
    const lease = this.#takeBack(worker);
    for (const helper of sharing.holderEnded(worker)) turns.next(helper);
    const stopping = (worker.stopping ??= { then: 'restart', cause: 'died', rung: null });
    const calm = { health: 'well', memoryBytes: null, pid: null, currentTar: null } as const;
    if (runEnd.isStopped || !isDeath(stopping, end)) {
      report.show(worker, { ...calm, phase: 'stopped' });
      log.info(`worker ${String(worker.number)} ended`);
      duty.goOn(worker, stopping.then);
      return;
    }
    if (worker.unable) {
      report.show(worker, { ...calm, phase: 'stopped' });
      restarter.cannotBegin(worker, worker.unable);
      return;
    }
    worker.state = 'ending';
    if (clock.now() - worker.startedAt > endsRowAfterMs) worker.deathsInRow = 0;
    report.show(worker, { ...calm, phase: 'died' });
    void this.#findCause(worker, stopping, lease, helped, end);
  }

  /** All that the process had, but for the tar, which stays in the worker's hand. @returns under which lease it had that */
  #takeBack(worker: CrewWorker): Lease | null {
    const { board, claims, hands, processes, waiting } = this.#options;
    worker.cancelTimer();
    processes.forget(worker);
    waiting.ends(worker);
    claims.release(worker);
    board.advanceExtraction(worker.number, null);
    const lease = hands.stopped(worker.number);
    if (lease) board.changeTar(lease.tar, { phase: 'waiting' });
    return lease;
  }

  /** What ended the process, as far as that can be told; read before its next one writes over it. */
  async #findCause(
    worker: CrewWorker,
    stopping: Stopping,
    lease: Lease | null,
    helped: Lease | null,
    end: ProcessEnd,
  ): Promise<void> {
    const { blaming, duty, hands, report, restarter, runEnd, suspects } = this.#options;
    const noted = lease ?? helped;
    const inHand = noted && !end.isClean ? await suspects(worker.number, noted) : [];
    if (lease && mayBlameTar(stopping, end) && hands.handOf(worker.number)[0] === lease.tar)
      blaming.blame(worker, lease.tar, inHand, end, stopping.cause);
    else if (helped && mayBlameTar(stopping, end))
      blaming.blameShared(worker, helped.tar, inHand, end, stopping.cause);
    // A person may have wished otherwise meanwhile, or the run may have been stopped.
    const { cause, then } = stopping;
    if (cause === 'asked')
      report.note(
        'died',
        worker,
        lease?.tar ?? null,
        `${nameOf(worker, lease?.tar)} ended unexpectedly (${end.how}) when it was to end.`,
      );
    if (runEnd.isStopped || then !== 'restart' || cause === 'asked') duty.goOn(worker, then);
    else restarter.startAgain(worker, cause, end, lease?.tar ?? null);
  }
}
