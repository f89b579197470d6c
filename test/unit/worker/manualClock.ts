import type { Clock } from '../../../src/engine/system/clock.ts';

interface Due {
  readonly at: number;
  readonly callback: () => void;
}

/** A clock that a test moves. What is due at the same time is called in the order in which it was asked for. */
export class ManualClock implements Clock {
  #now = 0;
  #due: Due[] = [];

  now(): number {
    return this.#now;
  }

  date(): Date {
    return new Date(Date.UTC(2001, 0) + this.#now);
  }

  after(delayMs: number, callback: () => void): () => void {
    const due = { at: this.#now + delayMs, callback };
    const behind = this.#due.findIndex(other => other.at > due.at);
    this.#due.splice(behind === -1 ? this.#due.length : behind, 0, due);
    return () => {
      this.#due = this.#due.filter(other => other !== due);
    };
  }

  /** Goes on by so many milliseconds, and calls back what falls due. */
  pass(ms: number): void {
    const until = this.#now + ms;
    for (let next = this.#due[0]; next && next.at <= until; next = this.#due[0]) {
      this.#due.shift();
      this.#now = next.at;
      next.callback();
    }
    this.#now = until;
  }
}
