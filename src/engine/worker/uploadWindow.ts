import type { Clock } from '../system/clock.ts';

/** Weight of the newest upload in what is known of the load. */
const newest = 1 / 4;
/** The same in what is known of its size, once there is something to compare with: a load must not pass for a size. */
const newestOfSize = 1 / 64;
/** So many uploads are compared with each other before one more is allowed for the first time. */
const uploadsToLearn = 16;
/** At any window, so many have to go well at least. */
const fewestGood = 4;
/** As logarithms: up to so many times the least load the destination has room for more, */
const room = Math.log(1.5);
/** and above so many times it has too much. */
const tooMuch = Math.log(3);
/** Shorter times differ by chance alone. */
const shortestMs = 10;
/** Smaller books than 64 KiB take no less time. */
const smallestClass = 16;

/**
 * How many uploads a worker has under way at the same time, between 1 and what a user allows.
 *
 *   a window's worth of uploads, none of them slow   ─▶ one more
 *   one that took too long, or trouble               ─▶ half as many, once in a round trip
 *
 * An upload's time is taken for the product of two things: what its size takes, learned for each power of two by itself, so
 * that it does not matter how the destination's time grows with the size; and the load, which all sizes tell of. It is the
 * load that is compared with the least there ever was. A round trip is over when an upload has ended that began after the
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
  /** By size, the logarithm of what its books take, as a share of the load. */
  readonly #usual = new Map<number, number>();
  #learned = 0;
  /** Logarithms of the load, smoothed, and of the least of that. */
  #load = 0;
  #leastLoad = 0;

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
    this.#learn(this.#clock.now() - begunAt, sizeBytes);
    // One at a time is as little as it gets: where that is slower than it was, the destination has changed.
    if (this.#size === 1) this.#leastLoad += (this.#load - this.#leastLoad) * newest;
    const above = this.#load - this.#leastLoad;
    if (above > tooMuch) this.#decrease();
    else if (above > room) this.#good = 0;
    else if (this.#mayGrow()) this.#grow();
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

  #mayGrow(): boolean {
    const enough = Math.max(this.#size, fewestGood);
    return (
      ++this.#good >= enough && this.#wasFull && this.#learned >= uploadsToLearn && this.#size < this.#max
    );
  }

  #grow(): void {
    if (this.#size === 1) this.#leastLoad = this.#load;
    this.#change(this.#size + 1);
  }

  #learn(tookMs: number, sizeBytes: number): void {
    const took = Math.log(Math.max(shortestMs, tookMs));
    const sizeClass = Math.max(smallestClass, Math.floor(Math.log2(sizeBytes + 1)));
    const usual = this.#usual.get(sizeClass) ?? took - this.#load;
    const unexpected = took - usual - this.#load;
    this.#load += unexpected * newest;
    this.#usual.set(
      sizeClass,
      usual + unexpected * (this.#learned++ < uploadsToLearn ? newest : newestOfSize),
    );
    this.#leastLoad = Math.min(this.#leastLoad, this.#load);
  }

  #decrease(): void {
    if (!this.#roundTripOver) return;
    this.#roundTripOver = false;
    this.#decreasedAt = this.#clock.now();
    if (this.#size === 1) return;
    // What made it slow is past; the next ones are to be judged by themselves.
    this.#load = Math.min(this.#load, this.#leastLoad + room);
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
