import { setTimeout as sleep } from 'node:timers/promises';
import type { Failure } from '../../protocol/errors.ts';

const firstWaitMs = 1000;
const longestWaitMs = 60_000;

export interface PatienceListener {
  onWaiting(failure: Failure): void;
  onResumed(): void;
}

/**
 * Waits out what a person has to mend: a full disk, a missing permission, an unplugged drive. Nothing fails
 * meanwhile and nothing is lost; the work goes on by itself when the cause is gone.
 */
export class Patience {
  readonly #signal: AbortSignal;
  readonly #listener: PatienceListener;
  /** How many tasks wait: what concerns one destination concerns all uploads to it, and is told once. */
  #waiting = 0;

  /** @param signal ends all waiting */
  constructor(signal: AbortSignal, listener: PatienceListener) {
    this.#signal = signal;
    this.#listener = listener;
  }

  /**
   * Does a task, again and again at growing intervals while it fails in a way that can pass.
   *
   * @param passing the words for a person where what was thrown can pass; null where it cannot.
   * @param leastMs how long at least to wait after what was thrown
   * @param onPause told that a wait between two attempts begins, and that it is over
   * @throws what cannot pass, as it was thrown; what can, when the signal came first.
   */
  async persist<T>(
    task: () => Promise<T>,
    passing: (thrown: unknown) => Failure | null,
    leastMs: (thrown: unknown) => number = () => 0,
    onPause: (pauses: boolean) => void = () => undefined,
  ): Promise<T> {
    for (let waitMs = firstWaitMs, waited = false; ; waitMs = Math.min(waitMs * 2, longestWaitMs)) {
      try {
        const result = await task();
        if (waited) this.#resume();
        return result;
      } catch (thrown) {
        const failure = passing(thrown);
        if (failure && !waited) {
          waited = true;
          if (this.#waiting++ === 0) this.#listener.onWaiting(failure);
        }
        if (failure) {
          onPause(true);
          const passed = await this.#pause(Math.max(waitMs, leastMs(thrown)));
          onPause(false);
          if (passed) continue;
        }
        if (waited) this.#resume();
        throw thrown;
      }
    }
  }

  /** Whether the time passed before the signal came. */
  async #pause(ms: number): Promise<boolean> {
    try {
      await sleep(ms, undefined, { signal: this.#signal });
      return true;
    } catch {
      return false;
    }
  }

  #resume(): void {
    if (--this.#waiting === 0) this.#listener.onResumed();
  }
}
