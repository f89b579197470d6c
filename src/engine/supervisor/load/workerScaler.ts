import type { Clock } from '../../system/clock.ts';
import type { LoadReading } from './loadMeter.ts';

/** The mean of so long decides: who acts on a moment answers to every burst. */
export const windowMs = 60_000;
/** After one worker less, until one less again: what it held is freed when it has ended its book and its process. */
export const downAgainMs = 2 * 60_000;
/** After any change, until one worker more: what the last one costs shows only once it is in the midst of a tar. */
export const upAgainMs = 5 * 60_000;

/** Mean shares above which there is a worker too many, and below which there is room for one more. */
const memoryBounds = { down: 0.85, up: 0.7 } as const;
const diskBounds = { down: 0.9, up: 0.5 } as const;

export interface ScalingDecision {
  readonly change: 'down' | 'up' | 'stay';
  /** In plain words, such as `memory at 87 %, above 85 %`. */
  readonly reason: string;
}

interface Sample {
  readonly atMs: number;
  readonly memoryUsed: number | null;
  readonly diskBusy: number | null;
}

interface Verdict {
  readonly change: 'down' | 'up' | 'stay';
  readonly words: string;
}

/**
 * How many workers the machine bears. Memory and disks have a rule each; a rule without numbers is off:
 *
 *   down  either is above its upper bound
 *   up    all that are on are below their lower bound
 *   stay  between the bounds, before there are readings of a whole window, at a limit, and for a time after a change
 *
 * Nothing is read and nobody started here: what it decides was done only once it is told so.
 */
export class WorkerScaler {
  readonly #clock: Clock;
  readonly #min: number;
  readonly #max: number;
  /** Oldest first, of one window and the one reading before it. */
  #samples: Sample[] = [];
  #wentDownAt = Number.NEGATIVE_INFINITY;
  #changedAt = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock, limits: { readonly min: number; readonly max: number }) {
    this.#clock = clock;
    this.#max = limits.max;
    this.#min = Math.min(limits.min, limits.max);
  }

  /** What to do now, by this reading and those before it, with so many workers at work. */
  decide(reading: Pick<LoadReading, 'memoryUsed' | 'diskBusy'>, active: number): ScalingDecision {
    const now = this.#clock.now();
    this.#take(reading, now);
    const verdicts = [
      this.#judge('memory', sample => sample.memoryUsed, memoryBounds, now),
      this.#judge('disks', sample => sample.diskBusy, diskBounds, now),
    ].filter(verdict => verdict !== null);
    if (verdicts.length === 0) return stay('neither memory nor disks are watched');
    const words = (some: readonly Verdict[]): string => some.map(verdict => verdict.words).join(', ');
    const tooHigh = verdicts.filter(({ change }) => change === 'down');
    if (tooHigh.length > 0) return this.#down(words(tooHigh), active, now);
    if (verdicts.every(({ change }) => change === 'up')) return this.#up(words(verdicts), active, now);
    return stay(words(verdicts));
  }

  /** A worker fewer or more is at work, or is about to be, by what was decided. */
  changed(change: 'down' | 'up'): void {
    this.#changedAt = this.#clock.now();
    if (change === 'down') this.#wentDownAt = this.#changedAt;
    // What was read before says nothing of how it is now.
    this.#samples = [];
  }

  #down(words: string, active: number, now: number): ScalingDecision {
    if (active <= this.#min) return stay(`${words}, but there is no worker to spare`);
    if (now - this.#wentDownAt < downAgainMs) return stay(`${words}, but the last worker left not long ago`);
    return { change: 'down', reason: words };
  }

  #up(words: string, active: number, now: number): ScalingDecision {
    if (active >= this.#max) return stay(words);
    if (now - this.#changedAt < upAgainMs) return stay(`${words}, but the last change was not long ago`);
    return { change: 'up', reason: words };
  }

  #take({ memoryUsed, diskBusy }: Pick<LoadReading, 'memoryUsed' | 'diskBusy'>, now: number): void {
    this.#samples.push({ atMs: now, memoryUsed, diskBusy });
    // The last one from before the window is kept: from there on the readings reach over all of it.
    const begin = this.#samples.findLastIndex(({ atMs }) => now - atMs >= windowMs);
    if (begin > 0) this.#samples.splice(0, begin);
    // Not one from before a pause, though, such as that of a laptop that was closed.
    if (this.#samples[0] && now - this.#samples[0].atMs > 2 * windowMs) this.#samples.shift();
  }

  /** Null while the rule is off. */
  #judge(
    name: string,
    shareOf: (sample: Sample) => number | null,
    bounds: { readonly down: number; readonly up: number },
    now: number,
  ): Verdict | null {
    const numbers = this.#samples.flatMap(sample => {
      const share = shareOf(sample);
      return share === null ? [] : [{ atMs: sample.atMs, share }];
    });
    const [oldest] = numbers;
    if (!oldest) return null;
    const mean = numbers.reduce((sum, { share }) => sum + share, 0) / numbers.length;
    const hasHeld = now - oldest.atMs >= windowMs;
    const at = (whole: number): string => `${name} at ${String(whole)} %`;
    // Rounded away from the bound: "85 %, above 85 %" would be no reason. What a mean of equal numbers adds is cut off before.
    const percents = Number((mean * 100).toFixed(6));
    if (hasHeld && mean > bounds.down) {
      return { change: 'down', words: `${at(Math.ceil(percents))}, above ${percent(bounds.down)}` };
    }
    if (hasHeld && mean < bounds.up) {
      return { change: 'up', words: `${at(Math.floor(percents))}, below ${percent(bounds.up)}` };
    }
    return { change: 'stay', words: at(Math.round(percents)) };
  }
}

function stay(reason: string): ScalingDecision {
  return { change: 'stay', reason };
}

function percent(share: number): string {
  return `${String(Math.round(share * 100))} %`;
}
