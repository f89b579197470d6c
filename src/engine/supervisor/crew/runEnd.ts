import { isOnDuty } from './crewWorker.ts';
import type { Roster } from './roster.ts';
import type { TarHands } from './tarHands.ts';

/** Whether a run is to stop, and when it is over. */
export class RunEnd {
  /** Resolves when no worker is running or will be. */
  readonly over: Promise<void>;
  readonly #roster: Roster;
  readonly #hands: TarHands;
  readonly #onOver: () => void;
  #isStopped = false;
  #hasEnded = false;

  /** @param onOver is told at once, before anything else happens */
  constructor(roster: Roster, hands: TarHands, onOver: () => void) {
    this.#roster = roster;
    this.#hands = hands;
    const { promise, resolve } = Promise.withResolvers<undefined>();
    this.over = promise;
    this.#onOver = () => {
      onOver();
      resolve(undefined);
    };
  }

  /** Somebody wants it to end: nobody is started any more, and nothing is waited for but the books in hand. */
  get isStopped(): boolean {
    return this.#isStopped;
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  stop(): void {
    this.#isStopped = true;
  }

  /** Tars that only paused workers have are waited for: a person may resume them. */
  endWhenOver(): void {
    if (this.#hasEnded || this.#roster.workers.some(isOnDuty)) return;
    if (!this.#isStopped && this.#hands.hasTars) return;
    this.#hasEnded = true;
    this.#onOver();
  }
}
