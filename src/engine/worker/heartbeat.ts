import type { WorkerEvent } from '../../protocol/workerMessages.ts';
import { systemClock, type Clock } from '../system/clock.ts';
import type { Activity } from './activity.ts';

const everyMs = 1000;

/** Tells the engine once a second that the event loop turns, and what it counts. */
export class Heartbeat {
  readonly #activity: Activity;
  readonly #send: (event: WorkerEvent) => void;
  readonly #clock: Clock;
  #cancel: () => void = () => undefined;

  constructor(activity: Activity, send: (event: WorkerEvent) => void, clock: Clock = systemClock) {
    this.#activity = activity;
    this.#send = send;
    this.#clock = clock;
  }

  /** The first one is sent at once. */
  start(): void {
    const { phase, bytes, members, books, parallelUploads } = this.#activity;
    const memoryBytes = process.memoryUsage.rss();
    this.#send({ type: 'worker:health', phase, bytes, members, books, memoryBytes, parallelUploads });
    this.#cancel = this.#clock.after(everyMs, () => {
      this.start();
    });
  }

  stop(): void {
    this.#cancel();
  }
}
