import type { RunPhase, WorkerPhase } from '../../protocol/snapshot.ts';
import {
  followedWorkers,
  noAmounts,
  workPhases,
  type Amounts,
  type PhaseSeconds,
  type ThroughputHistory,
  type ThroughputPoint,
} from '../../protocol/throughput.ts';
import { addAmounts, ThroughputRings } from '../../protocol/throughputRings.ts';
import type { Clock } from '../system/clock.ts';
import type { ToldEvent } from './clients/eventStream.ts';

const sampleEveryMs = 1000;
/** The engine was asleep for what goes beyond this, and nobody knows what the workers did. */
const longestInPhaseMs = 2 * sampleEveryMs;

/** What is counted of a run so far; the state board. */
export interface ThroughputFacts {
  /** What each worker has done since the run began. */
  readonly done: ReadonlyMap<number, Readonly<Amounts>>;
  readonly phases: Iterable<readonly [worker: number, phase: WorkerPhase]>;
}

/**
 * Measures the throughput of one run once a second, from its first moment at work to its end:
 *
 *   waiting ──the run goes on──▶ measuring ──the run's end──▶ ended   (what was measured stays)
 */
export class ThroughputLog {
  readonly #facts: ThroughputFacts;
  readonly #clock: Clock;
  readonly #tell: (event: ToldEvent) => void;
  readonly #rings = new ThroughputRings();
  readonly #phases: PhaseSeconds[] = [];
  readonly #before = new Map<number, Readonly<Amounts>>();
  /** By the clock's steady time; null while waiting. */
  #startedAt: number | null = null;
  #since = 0;
  #sampledAt = 0;
  #hasEnded = false;
  #cancel: () => void = () => undefined;

  constructor(facts: ThroughputFacts, clock: Clock, tell: (event: ToldEvent) => void) {
    this.#facts = facts;
    this.#clock = clock;
    this.#tell = tell;
  }

  /** Null before the run was at work. */
  get history(): ThroughputHistory | null {
    if (this.#startedAt === null) return null;
    return { since: this.#since, series: this.#rings.series, phases: structuredClone(this.#phases) };
  }

  /** To be called with each phase of the run. */
  follow(phase: RunPhase): void {
    if (this.#hasEnded) return;
    if (phase === 'running' || phase === 'stopping') this.#start();
    else if (phase !== 'starting') this.#end();
  }

  #start(): void {
    if (this.#startedAt !== null) return;
    this.#startedAt = this.#sampledAt = this.#clock.now();
    this.#since = this.#clock.date().getTime();
    this.#sampleLater();
  }

  #end(): void {
    this.#hasEnded = true;
    this.#cancel();
    if (this.#startedAt !== null) this.#sample();
  }

  #sampleLater(): void {
    this.#cancel = this.#clock.after(sampleEveryMs, () => {
      this.#sample();
      this.#sampleLater();
    });
  }

  #sample(): void {
    const now = this.#clock.now();
    const spentMs = now - this.#sampledAt;
    if (this.#startedAt === null || spentMs <= 0) return;
    this.#sampledAt = now;
    this.#countPhases(Math.min(spentMs, longestInPhaseMs) / 1000);
    const point: ThroughputPoint = {
      at: (now - this.#startedAt) / 1000,
      seconds: spentMs / 1000,
      total: [...noAmounts],
      workers: [],
    };
    for (const [worker, done] of this.#facts.done) {
      const ahead = difference(done, this.#before.get(worker) ?? noAmounts);
      this.#before.set(worker, done);
      point.total = addAmounts(point.total, ahead);
      if (worker > followedWorkers) continue;
      while (point.workers.length < worker) point.workers.push([...noAmounts]);
      point.workers[worker - 1] = ahead;
    }
    this.#rings.add(point);
    this.#tell({
      type: 'throughput:added',
      since: this.#since,
      point,
      phases: structuredClone(this.#phases),
    });
  }

  #countPhases(seconds: number): void {
    for (const [worker, phase] of this.#facts.phases) {
      const index = (workPhases as readonly WorkerPhase[]).indexOf(phase);
      if (index < 0 || worker > followedWorkers) continue;
      while (this.#phases.length < worker) this.#phases.push([0, 0, 0, 0, 0, 0]);
      const spent = this.#phases[worker - 1];
      if (spent) spent[index] = (spent[index] ?? 0) + seconds;
    }
  }
}

function difference(a: Readonly<Amounts>, b: Readonly<Amounts>): Amounts {
  return [a[0] - b[0], a[1] - b[1], a[2] - b[2], a[3] - b[3], a[4] - b[4], a[5] - b[5]];
}
