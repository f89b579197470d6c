import type { ResumePoint } from '../../../protocol/resumePoint.ts';
import type { Supervision } from '../../../protocol/supervision.ts';
import type { Lease, WorkerRequest } from '../../../protocol/workerMessages.ts';
import type { Clock } from '../../system/clock.ts';
import type { ClaimTable } from '../../dedupe/claimTable.ts';
import type { EventLog } from '../../system/eventLog.ts';
import type { StateBoard } from '../stateBoard.ts';
import { AssignedTars } from './assignedTars.ts';
import { Blaming } from './blaming.ts';
import { ClaimDesk } from './claimDesk.ts';
import { CrewReport } from './crewReport.ts';
import { CrewWatch } from './crewWatch.ts';
import { Deaths } from './deaths.ts';
import { Duty } from './duty.ts';
import type { History } from './history.ts';
import { Ladder } from './ladder.ts';
import { Processes, type RunningWorker } from './workerProcesses.ts';
import { Reassignment } from './reassignment.ts';
import { Requests } from './requests.ts';
import { Restarter } from './restarter.ts';
import { Roster } from './roster.ts';
import { RunEnd } from './runEnd.ts';
import { Sharing } from './sharing.ts';
import { Staffing } from './staffing.ts';
import type { TarHands } from './tarHands.ts';
import { TarTurns } from './tarTurns.ts';
import { Waiting } from './waiting.ts';
import type { StartWorker } from './workerProcess.ts';
import { WorkerWords } from './workerWords.ts';

/*
 * What lives in this folder: the workers of a run, from their first process to their last, and who has which tar. It
 * promises that a tar is in one hand at a time, that nobody is started again more often than allowed, that a worker
 * that gets on is never stopped for not getting on, and that only processes it started are ever signalled.
 *
 *   roster           who there is, and what has to be known of all workers together
 *   crewWorker       the life of one worker, in a picture, and what is known of it
 *   runEnd           whether the run is to stop, and when it is over
 *   crewReport       what people are told of workers: board, history, notices
 *   workerProcesses  starts the processes of workers, and says which there are
 *   spareWorker      a worker's process that begins beside the engine's own start, where there is sure to be something for it
 *   workerWords      brings what workers say to whom it concerns; refuses what is said of a tar that is another's
 *   claimDesk        questions and outcomes of claims to the table, its answers to the workers
 *   waiting          who waits until a person has mended something; told once for all
 *   tarTurns         one tar after another for a worker that has a process
 *   sharing          who helps with whose tar, and what goes between a holder and its helpers
 *   tarHands         who has which tar, under which lease; the deaths in each tar
 *   assignedTars     which tars each worker records as its own
 *   crewWatch        the look at all workers' health every few seconds, and what follows from it
 *   health           who is well, slow, stuck or silent, by what workers report and a clock
 *   ladder           the end of a process in steps: asked, SIGTERM, SIGKILL
 *   deaths           the end of a process: as it was told, or a death
 *   causeOfEnd       what an end says of worker and tar, by what was asked and how it ended
 *   suspects         which members a dead process had in hand
 *   blaming          what a death means for its tar: a member put aside, another hand, its end
 *   restarter        what a death means for its worker: another process after a pause, or none
 *   restarts         how often, after what pause, and when no more
 *   duty             workers without a process: who rests, is paused or retired, and who is called to work again
 *   requests         restart, pause and resume, as a person asks
 *   reassignment     tars that a person gives to other workers
 *   staffing         one worker less or more, as the load asks
 *   history          what supervision did, kept over engines in `supervision_history.json`, told in `auto_monitor.log`
 */

export interface CrewOptions {
  readonly startWorker: StartWorker;
  readonly clock: Clock;
  /** From 0 to 1. */
  readonly random: () => number;
  readonly supervision: Supervision;
  readonly board: StateBoard;
  readonly claims: ClaimTable;
  readonly hands: TarHands;
  readonly log: Pick<EventLog, 'info' | 'warn' | 'error'>;
  readonly history: History;
  /** A tar has been read without any error, and its worker has recorded that durably. */
  readonly onCompleted: (tar: string) => void;
  /** The processes that there are now; told when one begins or has ended. */
  readonly onWorkersChanged: (workers: RunningWorker[]) => void;
  /** The source folder of a tar; null for an extraction folder. */
  readonly folderOf: (tar: string) => string | null;
  /** How far a tar is that a worker gets, whoever read it before. Never rejects. */
  readonly resumePoint: (worker: number, tar: string) => Promise<ResumePoint | null>;
  /** Header offsets of the members that a process had in hand under a lease. Never rejects. */
  readonly suspects: (worker: number, lease: Lease) => Promise<readonly number[]>;
  /** The first message to each process of a worker. */
  readonly init: (worker: number, tars: readonly string[]) => WorkerRequest;
}

/**
 * The workers of a run: their processes, what they say, their deaths, and who goes on with whose tars. What is done
 * is in the parts; here is how they hang together:
 *
 *   words of a worker ─▶ WorkerWords ─┬▶ CrewWatch ─────▶ Ladder   (in trouble: it is ended in steps)
 *                                     ├▶ TarTurns        (its next tar, or its end) ─▶ Sharing (another's tar)
 *                                     └▶ ClaimDesk, Waiting
 *   end of a process ──▶ Deaths ──────┬▶ Duty            (as it was told: it rests, is paused, retired, or started)
 *                                     └▶ Blaming, Restarter        (a death: what of the tar, what of the worker)
 *   a person ──────────▶ Requests, Reassignment ─┐
 *   load of the machine ▶ Staffing ──────────────┴▶ Ladder where there is a process, Duty where there is none
 *
 * Duty and Restarter start processes, by Processes. Each of these acts at once and to its end: what happens meanwhile
 * waits in the event loop. Three wait for something themselves (`TarTurns` for a resume point, `Deaths` for the suspects,
 * `Processes` for who a process is), and look anew at what has become of the worker by then.
 */
export class Crew {
  readonly #roster: Roster;
  readonly #runEnd: RunEnd;
  readonly #report: CrewReport;
  readonly #ladder: Ladder;
  readonly #watch: CrewWatch;
  readonly #duty: Duty;
  readonly #requests: Requests;
  readonly #reassignment: Reassignment;
  readonly #staffing: Staffing;

  constructor(workers: number, options: CrewOptions) {
    const { board, clock, hands, history, log, supervision } = options;
    const monitorLog = history.log;

    // Who there is, whose what is, and what people are told of it.
    const roster = new Roster(workers, hands);
    const runEnd = new RunEnd(roster, hands, () => {
      this.#watch.end();
    });
    const report = new CrewReport({ board, history, log });
    const assigned = new AssignedTars({ roster, hands, board, report });
    const claims = new ClaimDesk(options.claims, roster);
    const waiting = new Waiting({ report, monitorLog, runEnd });

    // Workers that have a process.
    const { gentleStopSeconds, restartsPerDay } = supervision;
    const ladder = new Ladder({ clock, log, report, gentleStopSeconds });
    const watch = new CrewWatch({
      ...{ clock, supervision, roster, hands, board, history, report, ladder, waiting },
    });
    const { folderOf, onCompleted, resumePoint } = options;
    const sharing = new Sharing({ hands, board, report, monitorLog, folderOf });
    const turns = new TarTurns({
      ...{
        roster,
        hands,
        board,
        log,
        monitorLog,
        report,
        assigned,
        ladder,
        runEnd,
        sharing,
        folderOf,
        resumePoint,
        onCompleted,
      },
    });
    const words = new WorkerWords({
      ...{ hands, board, claims, monitorLog, report, watch, waiting, turns, sharing },
      onShareable: () => {
        duty.wake();
      },
    });
    const { init, onWorkersChanged, startWorker } = options;
    const processes = new Processes({
      ...{ startWorker, init, clock, log, history, roster, hands, report, assigned, watch, onWorkersChanged },
      onMessage: (worker, message) => {
        words.hear(worker, message);
      },
      onEnd: (worker, end) => {
        deaths.processEnded(worker, end);
      },
    });

    // Workers that have none, or have it no more.
    const duty = new Duty({
      ...{ roster, hands, board, report, assigned, processes, runEnd, turns, sharing },
    });
    const blaming = new Blaming({ roster, hands, board, report, assigned });
    const { random, suspects } = options;
    const restarter = new Restarter({
      ...{
        clock,
        random,
        restartsPerDay,
        roster,
        hands,
        history,
        log,
        report,
        assigned,
        processes,
        duty,
        runEnd,
      },
    });
    const deaths = new Deaths({
      ...{ clock, log, hands, board, claims, report, waiting, processes, duty, blaming, restarter, runEnd },
      ...{ turns, sharing, suspects },
    });

    // What others ask for.
    this.#requests = new Requests({ roster, report, ladder, processes, duty, runEnd });
    this.#reassignment = new Reassignment({ roster, hands, report, assigned, duty, runEnd });
    this.#staffing = new Staffing({
      ...{ roster, hands, board, report, assigned, ladder, processes, duty, runEnd, sharing },
    });
    this.#roster = roster;
    this.#runEnd = runEnd;
    this.#report = report;
    this.#ladder = ladder;
    this.#watch = watch;
    this.#duty = duty;
  }

  /** Resolves when no worker is running or will be. Where a person has paused the last ones, that takes until they are resumed. */
  async work(): Promise<void> {
    this.#watch.begin();
    this.#duty.wake();
    // Where nothing is left to do, nobody is woken who could say so.
    this.#runEnd.endWhenOver();
    await this.#runEnd.over;
  }

  /** Lets every worker finish the book in hand, save and end. */
  stop(): void {
    if (this.#runEnd.isStopped) return;
    this.#runEnd.stop();
    for (const worker of this.#roster.workers) {
      if (worker.process) this.#ladder.letEnd(worker, 'rest');
      else if (worker.state === 'waiting') {
        worker.cancelTimer();
        worker.state = 'resting';
        this.#report.show(worker, { phase: 'stopped' });
      }
    }
    this.#runEnd.endWhenOver();
  }

  // ---- What a person asks for. Each returns one line that says what was done.

  /** @throws TarshelfError `NO_SUCH_WORKER` */
  restartWorker(number: number | null): string {
    return this.#requests.restart(number);
  }

  /** @throws TarshelfError `NO_SUCH_WORKER` */
  pauseWorker(number: number | null): string {
    return this.#requests.pause(number);
  }

  /** @throws TarshelfError `NO_SUCH_WORKER` */
  resumeWorker(number: number | null): string {
    return this.#requests.resume(number);
  }

  /**
   * @param to who gets the tars of the worker, in turn; null: whoever is free first
   * @throws TarshelfError `NO_SUCH_WORKER`, `REASSIGN_REFUSED`
   */
  reassign(number: number, to: readonly number[] | null): string {
    return this.#reassignment.reassign(number, to);
  }

  // ---- What the load of the machine asks for.

  /** How many workers are at work, or will be in a moment. */
  get active(): number {
    return this.#roster.employed.length;
  }

  /** @returns whether there was one to spare */
  retire(reason: string): boolean {
    return this.#staffing.retire(reason);
  }

  /** @returns whether there was one that was retired, and something for it to do */
  employ(reason: string): boolean {
    return this.#staffing.employ(reason);
  }
}
