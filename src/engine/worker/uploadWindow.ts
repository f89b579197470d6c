import type { Clock } from '../clock.ts';

/** Weight of the newest time in the smoothed one. */
const newest = 1 / 4;
/** Up to so many times the best smoothed time the destination has room for more, */
const room = 1.5;
/** and above so many times it has too much. */
const tooMuch = 3;
/** Shorter times differ by chance alone. */
const shortestMs = 10;
/** Smaller books than 64 KiB take no less time. */
const smallestClass = 16;

interface Times {
  smoothedMs: number;
  bestMs: number;
}

/**
 * How many uploads a worker has under way at the same time, between 1 and what a user allows.
 *
 *   a window's worth of uploads, none of them slow   ─▶ one more
 *   one that took too long, or trouble               ─▶ half as many, once in a round trip
 *
 * An upload is slow or not by what books of about its size took at best, each power of two for itself, so that it does not
 * matter how the destination's time grows with the size. A round trip is over when an upload has ended that began after the
 * last change for the worse: what was under way before tells of the window as it was.
 */
export class UploadWindow {
  readonly #max: number;
  readonly #clock: Clock;
  readonly #onSize: (size: number) => void;
  #size: number;
  #underWay = 0;
  /** The window was used up since it was changed: only then did it decide anything. */
  #wasFull = false;
  #good = 0;
  #decreasedAt = Number.NEGATIVE_INFINITY;
  #roundTripOver = true;
  #troubledAt = Number.NEGATIVE_INFINITY;
  readonly #times = new Map<number, Times>();

  constructor(max: number, clock: Clock, onSize: (size: number) => void = () => undefined) {
    this.#max = max;
    this.#clock = clock;
    this.#onSize = onSize;
    this.#size = Math.min(2, max);
    onSize(this.#size);
  }

  get size(): number {
    return this.#size;
  }

  /** An upload begins. @returns what its end is told with */
  begin(): number {
    if (++this.#underWay >= this.#size) this.#wasFull = true;
    return this.#clock.now();
  }

  /** The book was sent, and is on the shelf. */
  uploaded(begunAt: number, sizeBytes: number): void {
    this.ended(begunAt);
    // What was under way in a trouble was sent again and waited for; what began before a decrease tells of before.
    if (begunAt <= this.#troubledAt || begunAt < this.#decreasedAt) return;
    const ratio = this.#slowness(this.#clock.now() - begunAt, sizeBytes);
    if (ratio > tooMuch) this.#decrease();
    else if (ratio > room) this.#good = 0;
    else if (++this.#good >= this.#size && this.#wasFull && this.#size < this.#max)
      this.#change(this.#size + 1);
  }

  /** It ended in another way, whose time tells nothing. */
  ended(begunAt: number): void {
    this.#underWay--;
    if (begunAt >= this.#decreasedAt) this.#roundTripOver = true;
  }

  /** The destination failed, in one upload or in all, in a way that is its own fault. */
  trouble(): void {
    this.#troubledAt = this.#clock.now();
    this.#decrease();
  }

  /** How many times the best time of such books it is by now. */
  #slowness(tookMs: number, sizeBytes: number): number {
    const sizeClass = Math.max(smallestClass, Math.floor(Math.log2(sizeBytes + 1)));
    const times = this.#times.get(sizeClass) ?? { smoothedMs: tookMs, bestMs: tookMs };
    this.#times.set(sizeClass, times);
    times.smoothedMs += (tookMs - times.smoothedMs) * newest;
    times.bestMs = Math.min(times.bestMs, times.smoothedMs);
    // One at a time is as good as it gets: where that takes longer than before, the destination has changed.
    if (this.#size === 1) times.bestMs += (times.smoothedMs - times.bestMs) * newest;
    return times.smoothedMs / Math.max(shortestMs, times.bestMs);
  }

  #decrease(): void {
    if (!this.#roundTripOver) return;
    this.#roundTripOver = false;
    this.#decreasedAt = this.#clock.now();
    // What made it slow is past; the next ones are to be judged by themselves.
    for (const times of this.#times.values())
      times.smoothedMs = Math.min(times.smoothedMs, times.bestMs * room);
    this.#change(Math.max(1, Math.floor(this.#size / 2)));
  }

  #change(size: number): void {
    this.#good = 0;
    this.#wasFull = this.#underWay >= size;
    if (size === this.#size) return;
    this.#size = size;
    this.#onSize(size);
  }
}
