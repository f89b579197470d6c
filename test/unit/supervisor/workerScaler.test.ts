import assert from 'node:assert/strict';
import fc from 'fast-check';
import { systemClock } from '../../../src/engine/system/clock.ts';
import {
  downAgainMs,
  upAgainMs,
  windowMs,
  WorkerScaler,
  type ScalingDecision,
} from '../../../src/engine/supervisor/load/workerScaler.ts';

interface Reading {
  readonly memoryUsed: number | null;
  readonly diskBusy: number | null;
}

/** A scaler whose every decision is done at once, and a clock that it goes by. */
class Play {
  nowMs = 0;
  active: number;
  readonly changes: { readonly atMs: number; readonly change: 'down' | 'up' }[] = [];
  readonly #scaler: WorkerScaler;

  constructor(active: number, min: number, max: number) {
    this.active = active;
    this.#scaler = new WorkerScaler({ ...systemClock, now: () => this.nowMs }, { min, max });
  }

  /** Passes so much time, then reads. */
  read(memoryUsed: number | null, diskBusy: number | null, afterMs = 10_000): ScalingDecision {
    this.nowMs += afterMs;
    const decision = this.#scaler.decide({ memoryUsed, diskBusy }, this.active);
    const { change } = decision;
    if (change !== 'stay') {
      this.active += change === 'up' ? 1 : -1;
      this.#scaler.changed(change);
      this.changes.push({ atMs: this.nowMs, change });
    }
    return decision;
  }

  /** The first decision that changes something, or the last one of so many readings. */
  hold(memoryUsed: number | null, diskBusy: number | null, readings = 7): ScalingDecision {
    let decision = this.read(memoryUsed, diskBusy);
    for (let i = 1; i < readings && decision.change === 'stay'; i++)
      decision = this.read(memoryUsed, diskBusy);
    return decision;
  }
}

describe('the number of workers', () => {
  it('falls when memory is above its bound, and it is said why', () => {
    const play = new Play(4, 1, 4);
    assert.deepEqual(play.hold(0.87, 0.2), { change: 'down', reason: 'memory at 87 %, above 85 %' });
    assert.equal(play.nowMs, windowMs + 10_000);
  });

  it('falls when a disk is above its bound, whatever the memory', () => {
    assert.deepEqual(new Play(4, 1, 4).hold(0.1, 0.95), {
      change: 'down',
      reason: 'disks at 95 %, above 90 %',
    });
  });

  it('names both when both are above, and no bound for its own reason', () => {
    assert.equal(
      new Play(4, 1, 4).hold(0.8501, 0.9001).reason,
      'memory at 86 %, above 85 %, disks at 91 %, above 90 %',
    );
  });

  it('grows only when memory and disks are both below their bounds', () => {
    assert.equal(new Play(2, 1, 4).hold(0.6, 0.6).change, 'stay');
    assert.equal(new Play(2, 1, 4).hold(0.75, 0.1).change, 'stay');
    assert.deepEqual(new Play(2, 1, 4).hold(0.6, 0.4), {
      change: 'up',
      reason: 'memory at 60 %, below 70 %, disks at 40 %, below 50 %',
    });
  });

  it('goes by what there is where a rule has no numbers', () => {
    assert.equal(new Play(2, 1, 4).hold(0.6, null).change, 'up');
    assert.equal(new Play(2, 1, 4).hold(null, 0.95).change, 'down');
    assert.deepEqual(new Play(2, 1, 4).hold(null, null), {
      change: 'stay',
      reason: 'neither memory nor disks are watched',
    });
  });

  it('does not grow by memory alone while the disks have not been read for long enough', () => {
    const play = new Play(2, 1, 4);
    play.read(0.1, null);
    for (let i = 0; i < 6; i++) assert.equal(play.read(0.1, 0.1).change, 'stay');
    assert.equal(play.read(0.1, 0.1).change, 'up');
  });

  it('does not answer to a burst', () => {
    const play = new Play(4, 1, 4);
    play.hold(0.75, 0.6);
    assert.equal(play.read(0.99, 0.6).change, 'stay');
    assert.equal(play.read(0.75, 1).change, 'stay');
  });

  it('does not answer to one reading after a long pause', () => {
    const play = new Play(4, 1, 4);
    play.hold(0.75, 0.6);
    assert.equal(play.read(0.99, 1, 3_600_000).change, 'stay');
    assert.equal(play.read(0.99, 1).change, 'stay');
  });

  it('goes by nothing that was read before the last change', () => {
    const play = new Play(2, 1, 4);
    assert.equal(play.hold(0.69, 0.1).change, 'up');
    for (let i = 0; i < 6; i++) assert.equal(play.read(1, 0.1).change, 'stay');
    assert.deepEqual(play.read(1, 0.1), { change: 'down', reason: 'memory at 100 %, above 85 %' });
  });

  it('answers when it is read once a minute, too', () => {
    const play = new Play(4, 1, 4);
    play.read(0.99, null, 60_000);
    assert.equal(play.read(0.99, 0.2, 60_000).change, 'down');
  });

  it('stays when what was decided could not be done, and is decided again', () => {
    let nowMs = 0;
    const scaler = new WorkerScaler({ ...systemClock, now: () => nowMs }, { min: 1, max: 4 });
    const changes: string[] = [];
    for (; nowMs <= 80_000; nowMs += 10_000)
      changes.push(scaler.decide({ memoryUsed: 0.9, diskBusy: 0 }, 2).change);
    assert.deepEqual(changes, ['stay', 'stay', 'stay', 'stay', 'stay', 'stay', 'down', 'down', 'down']);
  });

  it('has its least at the most where more are asked for', () => {
    const play = new Play(2, 5, 2);
    for (let i = 0; i < 100; i++) assert.equal(play.read(0.99, 1).change, 'stay');
  });

  const share = fc.double({ min: 0, max: 1, noNaN: true });
  const readings = fc.record({
    memoryUsed: fc.option(share, { freq: 10 }),
    diskBusy: fc.option(share, { freq: 10 }),
  });
  const limitsAndStart = fc
    .tuple(fc.integer({ min: 1, max: 8 }), fc.integer({ min: 0, max: 8 }))
    .chain(([min, more]) =>
      fc.record({
        min: fc.constant(min),
        max: fc.constant(min + more),
        active: fc.integer({ min, max: min + more }),
      }),
    );

  it('never goes to and fro on a load that stays the same', () => {
    fc.assert(
      fc.property(readings, limitsAndStart, ({ memoryUsed, diskBusy }: Reading, { active, min, max }) => {
        const play = new Play(active, min, max);
        for (let i = 0; i < 600; i++) play.read(memoryUsed, diskBusy);
        assert.ok(new Set(play.changes.map(({ change }) => change)).size <= 1);
      }),
    );
  });

  it('keeps its limits and its pauses, whatever is read and when', () => {
    const stretch = fc.record({
      reading: readings,
      times: fc.integer({ min: 1, max: 40 }),
      everyMs: fc.constantFrom(1000, 10_000, 10_007, 30_000, 60_000, 200_000),
    });
    let changes = 0;
    fc.assert(
      fc.property(fc.array(stretch, { maxLength: 20 }), limitsAndStart, (stretches, { active, min, max }) => {
        const play = new Play(active, min, max);
        for (const { reading, times, everyMs } of stretches) {
          for (let i = 0; i < times; i++) {
            play.read(reading.memoryUsed, reading.diskBusy, everyMs);
            assert.ok(play.active >= min && play.active <= max);
          }
        }
        changes += play.changes.length;
        for (const [i, { atMs, change }] of play.changes.entries()) {
          const before = play.changes.slice(0, i);
          const sinceAny = atMs - (before.at(-1)?.atMs ?? Number.NEGATIVE_INFINITY);
          const sinceDown =
            atMs - (before.findLast(other => other.change === 'down')?.atMs ?? Number.NEGATIVE_INFINITY);
          assert.ok(sinceAny >= windowMs);
          if (change === 'down') assert.ok(sinceDown >= downAgainMs);
          else assert.ok(sinceAny >= upAgainMs);
        }
      }),
    );
    assert.ok(changes > 20, 'there was something to see');
  });
});
