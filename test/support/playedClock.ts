import { setImmediate } from 'node:timers/promises';
import type { Clock } from '../../src/engine/system/clock.ts';

interface Timer {
  readonly at: number;
  readonly order: number;
  readonly callback: () => void;
  isCancelled: boolean;
}

/** Time that passes when the test says so: a day in a moment, and always in the same order. */
export class PlayedClock implements Clock {
  #now = 0;
  #order = 0;
  /** A heap, the next one first. */
  readonly #timers: Timer[] = [];
  readonly #beganAt: number;
  /** To be set by whatever has begun something asynchronous; the next step then waits for it. */
  isBusy = false;

  constructor(beganAt = Date.UTC(2030, 0, 1)) {
    this.#beganAt = beganAt;
  }

  now(): number {
    return this.#now;
  }

  date(): Date {
    return new Date(this.#beganAt + this.#now);
  }

  after(delayMs: number, callback: () => void): () => void {
    const timer: Timer = { at: this.#now + delayMs, order: this.#order++, callback, isCancelled: false };
    this.#push(timer);
    return () => {
      timer.isCancelled = true;
    };
  }

  /** Lets so much time pass, with all that is due in it; ends early where `isOver` says so. */
  async play(ms: number, isOver: () => boolean = () => false): Promise<void> {
    const until = this.#now + ms;
    await this.#settle();
    for (let next = this.#timers[0]; next && next.at <= until && !isOver(); next = this.#timers[0]) {
      this.#pop();
      if (next.isCancelled) continue;
      this.#now = next.at;
      next.callback();
      if (this.isBusy) await this.#settle();
    }
    if (!isOver()) this.#now = until;
  }

  /** Lets time pass in which nothing is called: the machine sleeps. What was due is called late. */
  sleep(ms: number): void {
    this.#now += ms;
    // What is late is called at the time that it is by then.
    for (const [index, timer] of this.#timers.entries())
      if (timer.at < this.#now) this.#timers[index] = Object.assign(timer, { at: this.#now });
    this.#timers.sort(compare);
  }

  async #settle(): Promise<void> {
    this.isBusy = false;
    await setImmediate();
  }

  #push(timer: Timer): void {
    const heap = this.#timers;
    heap.push(timer);
    for (let at = heap.length - 1; at > 0;) {
      const parent = (at - 1) >> 1;
      if (compare(heap[parent]!, heap[at]!) <= 0) break;
      [heap[parent], heap[at]] = [heap[at]!, heap[parent]!];
      at = parent;
    }
  }

  #pop(): void {
    const heap = this.#timers;
    const last = heap.pop();
    if (!last || heap.length === 0) return;
    heap[0] = last;
    for (let at = 0; ;) {
      let least = at;
      for (const child of [2 * at + 1, 2 * at + 2])
        if (child < heap.length && compare(heap[child]!, heap[least]!) < 0) least = child;
      if (least === at) return;
      [heap[at], heap[least]] = [heap[least]!, heap[at]!];
      at = least;
    }
  }
}

function compare(a: Timer, b: Timer): number {
  return a.at - b.at || a.order - b.order;
}
