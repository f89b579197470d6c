import { formatDuration } from '../../../protocol/format.ts';
import { sentence } from '../../../protocol/sentences.ts';
import type { WorkerHealth, WorkerPhase } from '../../../protocol/snapshot.ts';
import type { Supervision } from '../../../protocol/supervision.ts';
import type { WorkerEvent } from '../../../protocol/workerMessages.ts';

/*
 * Who is well, slow, stuck or silent, by what workers report and a clock that is passed in. Nothing is read from logs,
 * and nobody is judged by time in which the engine itself was not awake.
 */

export type Heartbeat = Omit<Extract<WorkerEvent, { type: 'worker:health' }>, 'type'>;

export interface Finding {
  readonly health: WorkerHealth;
  /** In plain words, why it is not well; null where it is. */
  readonly note: string | null;
}

const well: Finding = { health: 'well', note: null };

/** So many heartbeats in a row have to find too much memory: a single one may fall on what is freed the next moment. */
const heartbeatsOverMemory = 3;

/** A warning comes at this share of a threshold. */
const slowShare = 2 / 3;

/** A threshold is in milliseconds, and so are the sums that it is compared with: this is for their rounding alone. */
const rounding = 1e-9;

/**
 * Time in which the engine was awake. A machine that slept, or an engine that could not look for a while, has heard
 * nothing meanwhile, though all was said: what is longer than two looks apart counts as one.
 */
export class AwakeTime {
  readonly #usualMs: number;
  #lastMs: number;
  #awakeMs = 0;

  /** @param usualMs how far apart the looks are at most, as long as the engine is awake */
  constructor(nowMs: number, usualMs: number) {
    this.#lastMs = nowMs;
    this.#usualMs = usualMs;
  }

  /** Milliseconds of it until now. To be asked at every look, and at everything that is heard. */
  at(nowMs: number): number {
    const passedMs = Math.max(0, nowMs - this.#lastMs);
    this.#lastMs = nowMs;
    this.#awakeMs += passedMs > 2 * this.#usualMs ? this.#usualMs : passedMs;
    return this.#awakeMs;
  }
}

/** What a phase is measured by; null: by nothing, for whoever waits is not to mend it. */
function thresholdOf(phase: WorkerPhase): 'discover' | 'upload' | null {
  switch (phase) {
    case 'index':
    case 'extract':
    case 'scan':
    case 'hash':
      return 'discover';
    case 'upload':
    // It finishes the book in hand and saves.
    // eslint-disable-next-line no-fallthrough -- the same threshold
    case 'stopping':
      return 'upload';
    case 'starting':
    case 'idle':
    case 'wait':
    case 'stopped':
    case 'paused':
    case 'died':
      return null;
  }
}

/**
 * Watches one process of a worker, from its start. All times are awake time.
 *
 *   well ──2/3 of the phase's threshold, nothing moved──▶ slow ──the rest of it──▶ stuck
 *     ▲                                                     │
 *     └──────────────── a counter moved, or it waits ───────┘
 *   any ──no word for the silent time──▶ silent
 *
 * A phase is no progress: each second in which nothing moved counts as its part of the threshold of the phase in which
 * it passed, so that going from phase to phase puts off nothing, and a phase of a short threshold that follows one of a
 * long threshold does not make anybody stuck at once.
 */
export class WorkerWatch {
  readonly #limits: Supervision;
  #heardAt: number;
  #beatAt: number;
  #beat: Heartbeat | null = null;
  #stalled = { discover: 0, upload: 0 };
  #overMemory = 0;

  constructor(limits: Supervision, at: number) {
    this.#limits = limits;
    this.#heardAt = at;
    this.#beatAt = at;
  }

  /** Something was heard of it, whatever: its event loop turns. */
  hear(at: number): void {
    this.#heardAt = at;
  }

  /** Its report of a second. */
  beat(beat: Heartbeat, at: number): void {
    this.hear(at);
    const before = this.#beat;
    if (before) {
      const threshold = thresholdOf(before.phase);
      if (threshold) this.#stalled[threshold] += at - this.#beatAt;
    }
    const hasMoved =
      beat.bytes !== before?.bytes || beat.members !== before.members || beat.books !== before.books;
    // The first report of all is where the counting begins.
    if (hasMoved || thresholdOf(beat.phase) === null) this.#stalled = { discover: 0, upload: 0 };
    this.#beat = beat;
    this.#beatAt = at;
    const isOver = beat.memoryBytes > this.#limits.workerMemoryMb * 1024 * 1024;
    this.#overMemory = isOver ? this.#overMemory + 1 : 0;
  }

  /** Whether it holds more memory than it may, and did so for a while. */
  get isOverMemory(): boolean {
    return this.#overMemory >= heartbeatsOverMemory;
  }

  find(at: number): Finding {
    const silentMs = at - this.#heardAt;
    const silentShare = silentMs / (this.#limits.silentSeconds * 1000) + rounding;
    const stalledShare =
      this.#stalled.discover / (this.#limits.discoverStuckSeconds * 1000) +
      this.#stalled.upload / (this.#limits.uploadStuckSeconds * 1000) +
      rounding;
    const silence = sentence('hasSaidNothing', seconds(silentMs));
    const stall = sentence(
      'hasNotMoved',
      seconds(this.#stalled.discover + this.#stalled.upload),
      this.#beat?.phase ?? 'starting',
    );
    if (silentShare >= 1) return { health: 'silent', note: silence };
    if (stalledShare >= 1) return { health: 'stuck', note: stall };
    if (stalledShare >= slowShare) return { health: 'slow', note: stall };
    if (silentShare >= slowShare) return { health: 'slow', note: silence };
    return well;
  }
}

function seconds(ms: number): string {
  return formatDuration(ms / 1000);
}
