import type { Failure } from '../../../protocol/errors.ts';
import type { WorkerHandle } from './workerProcess.ts';

/** What becomes of a worker when its process has ended. */
export type Then = 'rest' | 'restart' | 'pause' | 'retire';
/** What made it end: somebody's wish, or something that is wrong with it. */
export type Trouble = 'stuck' | 'silent' | 'memory';
export type Cause = 'asked' | 'died' | Trouble;

export interface Stopping {
  then: Then;
  cause: Cause;
  /** How far up the ladder; null: it has all the time that it needs, as long as it gets on. */
  rung: 'gentle' | 'terminated' | 'killed' | null;
}

/**
 * The life of a worker:
 *
 *   resting ──start──▶ running ──nothing left, or the run's stop──▶ resting
 *      ▲                 │ ├──asked──▶ (its process ends) ──▶ running, paused or retired
 *      │                 │ └──stuck, silent, too much memory──┐
 *      │                died ◀──────── (its process ends) ◀───┘
 *      │                 └─▶ ending ─▶ waiting ──back-off──▶ running
 *      │                       └─────▶ givenUp   (too often in a day, or unable to begin; its tars go to the others)
 *      └── a person resumes what is paused or given up, lower load employs what is retired;
 *          a resting one is woken when there are tars to be had
 *
 * A process that is to end finishes the book in hand. One that is in trouble, or is to be started anew, goes up the
 * ladder: `worker:stop`, SIGTERM after the gentle time, SIGKILL with its whole tree after half of that again.
 */
export interface CrewWorker {
  readonly number: number;
  process: WorkerHandle | null;
  processStart: string | null;
  state: 'resting' | 'running' | 'ending' | 'waiting' | 'paused' | 'givenUp' | 'retired';
  /** Its process is to end; null: it is to go on. */
  stopping: Stopping | null;
  /** Why its process cannot begin, as that has said; null: it has not. */
  unable: Failure | null;
  /** When its process was started. */
  startedAt: number;
  /** Of the ladder or the back-off, whichever is under way. */
  cancelTimer: () => void;
  /** Deaths since it last ended a tar, or lived for long. */
  deathsInRow: number;
}

/** One that rests. */
export function newCrewWorker(number: number): CrewWorker {
  return {
    number,
    process: null,
    processStart: null,
    state: 'resting',
    stopping: null,
    unable: null,
    startedAt: 0,
    cancelTimer: () => undefined,
    deathsInRow: 0,
  };
}

/** By a person or by the limit; also one whose process has still to end. */
export function isPaused({ state, stopping }: CrewWorker): boolean {
  return state === 'paused' || state === 'givenUp' || stopping?.then === 'pause';
}

/** Tars may be given to it. */
export function mayWork(worker: CrewWorker): boolean {
  return !isPaused(worker) && worker.state !== 'retired' && worker.stopping?.then !== 'retire';
}

/** It is at work, or will be in a moment. */
export function isEmployed(worker: CrewWorker): boolean {
  return mayWork(worker) && worker.stopping?.then !== 'rest' && worker.state !== 'resting';
}

/** It has a process, or is going to have one. */
export function isOnDuty({ process, state }: CrewWorker): boolean {
  return process !== null || state === 'waiting' || state === 'ending';
}

/** As people are told of it. */
export function nameOf({ number }: CrewWorker, tar: string | null = null): string {
  return `Worker ${String(number)}${tar === null ? '' : ` in ${tar}`}`;
}
