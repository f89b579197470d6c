import assert from 'node:assert/strict';
import * as v from 'valibot';
import type { Clock } from '../../../src/engine/system/clock.ts';
import type { ToldEvent } from '../../../src/engine/supervisor/clients/eventStream.ts';
import { ThroughputLog } from '../../../src/engine/supervisor/throughputLog.ts';
import type { WorkerPhase } from '../../../src/protocol/snapshot.ts';
import {
  throughputHistorySchema,
  type Amounts,
  type ThroughputHistory,
  type ThroughputPoint,
} from '../../../src/protocol/throughput.ts';
import { ThroughputRings } from '../../../src/protocol/throughputRings.ts';

const minute = 60_000;

/** A clock for days: it calls what is due without looking at anything else in between. */
class FastClock implements Clock {
  #now = 0;
  #due: { at: number; callback: () => void } | null = null;

  now(): number {
    return this.#now;
  }

  date(): Date {
    return new Date(Date.UTC(2026, 0, 1) + this.#now);
  }

  after(delayMs: number, callback: () => void): () => void {
    const due = { at: this.#now + delayMs, callback };
    this.#due = due;
    return () => {
      if (this.#due === due) this.#due = null;
    };
  }

  skip(ms: number): void {
    const end = this.#now + ms;
    while (this.#due && this.#due.at <= end) {
      const { at, callback } = this.#due;
      this.#due = null;
      this.#now = at;
      callback();
    }
    this.#now = end;
  }

  /** The machine sleeps: what was due is late. */
  sleep(ms: number): void {
    this.#now += ms;
    if (this.#due) this.#due.at = Math.max(this.#due.at, this.#now);
  }

  get hasTimer(): boolean {
    return this.#due !== null;
  }
}

describe('throughput log', () => {
  let clock: FastClock;
  let done: Map<number, Amounts>;
  let phases: Map<number, WorkerPhase>;
  let told: Extract<ToldEvent, { type: 'throughput:added' }>[];
  let log: ThroughputLog;

  beforeEach(() => {
    clock = new FastClock();
    done = new Map();
    phases = new Map();
    told = [];
    log = new ThroughputLog(
      {
        done,
        get phases() {
          return [...phases];
        },
      },
      clock,
      event => {
        if (event.type === 'throughput:added') told.push(event);
      },
    );
  });

  function history(): ThroughputHistory {
    const known = log.history;
    assert.ok(known);
    return known;
  }

  /** Each worker does so many bytes and one book in every second. */
  function work(seconds: number, bytes = 1000, workers = [1, 2]): void {
    for (let second = 0; second < seconds; second++) {
      for (const worker of workers) {
        const before = done.get(worker) ?? [0, 0, 0, 0, 0, 0];
        done.set(worker, [before[0] + bytes, before[1] + 1, before[2], before[3] + 2, before[4], before[5]]);
      }
      clock.skip(1000);
    }
  }

  const sum = (points: readonly ThroughputPoint[], amount: number): number =>
    points.reduce((total, point) => total + (point.total[amount] ?? 0), 0);

  it('knows nothing before the run is at work', () => {
    log.follow('starting');
    clock.skip(minute);
    assert.equal(log.history, null);
    assert.deepEqual(told, []);
  });

  it('tells once a second what each worker and all of them did in it', () => {
    log.follow('running');
    work(2);
    assert.equal(told.length, 2);
    assert.deepEqual(told[1]?.point, {
      at: 2,
      seconds: 1,
      total: [2000, 2, 0, 4, 0, 0],
      workers: [
        [1000, 1, 0, 2, 0, 0],
        [1000, 1, 0, 2, 0, 0],
      ],
    });
    assert.equal(told[1].since, Date.UTC(2026, 0, 1));
    assert.equal(history().since, told[1].since);
  });

  it('keeps three days in no more points than it promises, and loses nothing of the run', () => {
    log.follow('running');
    const seconds = 3 * 24 * 3600;
    work(seconds, 1000, [1]);
    const { series } = history();
    assert.equal(series.minutes.length, 300);
    assert.equal(series.hour.length, 360);
    assert.ok(series.run.length > 360 && series.run.length <= 720, String(series.run.length));
    assert.equal(series.runStepSeconds, 512);
    assert.equal(sum(series.minutes, 0), 300 * 1000);
    assert.equal(sum(series.hour, 0), 3600 * 1000);
    assert.equal(sum(series.run, 0), seconds * 1000);
    assert.equal(sum(series.run, 3), seconds * 2);
    assert.ok(series.run.slice(0, -1).every(point => Math.abs(point.seconds - 512) < 0.001));
    v.parse(throughputHistorySchema, history());
  });

  it('counts workers behind the 64th in the total only', () => {
    log.follow('running');
    work(1, 10, [64, 65]);
    const { minutes } = history().series;
    assert.equal(minutes[0]?.total[0], 20);
    assert.equal(minutes[0].workers.length, 64);
    assert.equal(minutes[0].workers[63]?.[0], 10);
    v.parse(throughputHistorySchema, history());
  });

  it('adds up the seconds that workers spend in a phase', () => {
    log.follow('running');
    phases.set(1, 'upload').set(2, 'wait');
    work(10);
    phases.set(1, 'scan').set(2, 'paused');
    work(5);
    assert.deepEqual(history().phases, [
      [0, 0, 5, 0, 10, 0],
      [0, 0, 0, 0, 0, 10],
    ]);
  });

  it('counts no sleep of the machine as work in a phase, and spreads what was done over it', () => {
    log.follow('running');
    phases.set(1, 'upload');
    work(1);
    clock.sleep(3600_000);
    work(1);
    assert.deepEqual(
      told.map(({ point }) => point.seconds),
      [1, 3600, 1],
    );
    assert.deepEqual(history().phases[0], [0, 0, 0, 0, 4, 0]);
    // What was before the sleep is no part of the last five minutes.
    assert.equal(history().series.minutes.length, 2);
  });

  it('ends with the run, and keeps what was measured', () => {
    log.follow('running');
    work(3);
    done.set(1, [3500, 3, 0, 6, 0, 0]);
    clock.skip(400);
    log.follow('finished');
    assert.equal(clock.hasTimer, false);
    const { minutes } = history().series;
    assert.equal(minutes.length, 4);
    assert.ok(Math.abs(minutes[3]!.seconds - 0.4) < 1e-9);
    assert.equal(minutes[3]?.total[0], 500);
    log.follow('running');
    assert.equal(clock.hasTimer, false);
  });

  it('gives whoever attaches the same series as whoever followed it', () => {
    log.follow('running');
    work(100);
    const rings = new ThroughputRings(history().series);
    const from = told.length;
    work(2000);
    for (const { point } of told.slice(from)) rings.add(point);
    // Told twice, it counts once.
    rings.add(told.at(-1)!.point);
    assert.deepEqual(rings.series, history().series);
  });
});
