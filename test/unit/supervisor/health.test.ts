import assert from 'node:assert/strict';
import type { WorkerPhase } from '../../../src/protocol/snapshot.ts';
import { supervisionInForce } from '../../../src/protocol/supervision.ts';
import { AwakeTime, WorkerWatch, type Heartbeat } from '../../../src/engine/supervisor/crew/health.ts';

const limits = supervisionInForce(undefined);
const minute = 60_000;

function beat(phase: WorkerPhase, more: Partial<Heartbeat> = {}): Heartbeat {
  return { phase, bytes: 0, members: 0, books: 0, memoryBytes: 1e8, parallelUploads: 1, ...more };
}

/** A heartbeat a second from one moment to another, each as `at` has it. */
function beats(watch: WorkerWatch, fromMs: number, toMs: number, at: (ms: number) => Heartbeat): void {
  for (let ms = fromMs; ms <= toMs; ms += 1000) watch.beat(at(ms), ms);
}

describe('health of a worker', () => {
  it('is slow after two thirds of the threshold of its phase, and stuck after all of it', () => {
    for (const [phase, threshold] of [
      ['index', 30],
      ['extract', 30],
      ['scan', 30],
      ['hash', 30],
      ['upload', 15],
      ['stopping', 15],
    ] as const) {
      const watch = new WorkerWatch(limits, 0);
      const at = (ms: number): string => {
        beats(watch, ms === 0 ? 0 : ms - 1000, ms, () => beat(phase));
        return watch.find(ms).health;
      };
      const slowAt = (threshold * minute * 2) / 3;
      beats(watch, 0, slowAt - 2000, () => beat(phase));
      assert.equal(at(slowAt - 1000), 'well', phase);
      assert.equal(at(slowAt), 'slow', phase);
      beats(watch, slowAt, threshold * minute - 2000, () => beat(phase));
      assert.equal(at(threshold * minute - 1000), 'slow', phase);
      assert.equal(at(threshold * minute), 'stuck', phase);
    }
  });

  it('says what is the matter in words', () => {
    const watch = new WorkerWatch(limits, 0);
    beats(watch, 0, 15 * minute, () => beat('upload'));
    assert.deepEqual(watch.find(15 * minute), {
      health: 'stuck',
      note: 'nothing has moved for 15 min (phase upload)',
    });
    assert.deepEqual(watch.find(16 * minute), { health: 'silent', note: 'it has said nothing for 1 min' });
  });

  it('is well through an extraction of hours whose bytes grow, and through hours of nothing but duplicates', () => {
    for (const [phase, counter] of [
      ['extract', 'bytes'],
      ['hash', 'members'],
      ['upload', 'books'],
    ] as const) {
      const watch = new WorkerWatch(limits, 0);
      for (let ms = 0; ms <= 180 * minute; ms += 1000) {
        watch.beat(beat(phase, { [counter]: ms }), ms);
        assert.equal(watch.find(ms).health, 'well');
      }
    }
  });

  it('is well while it waits, is idle or starts, for however long', () => {
    for (const phase of ['wait', 'idle', 'starting'] as const) {
      const watch = new WorkerWatch(limits, 0);
      beats(watch, 0, 600 * minute, () => beat(phase));
      assert.equal(watch.find(600 * minute).health, 'well', phase);
      // The time of the phase behind it begins with that.
      beats(watch, 600 * minute + 1000, 608 * minute, () => beat('upload'));
      assert.equal(watch.find(608 * minute).health, 'well', phase);
    }
  });

  it('does not begin anew with a phase: who goes from one to the other and moves nothing is stuck all the same', () => {
    const watch = new WorkerWatch(limits, 0);
    let stuckAt = 0;
    for (let ms = 0; stuckAt === 0 && ms < 60 * minute; ms += 1000) {
      watch.beat(beat((ms / 1000) % 2 === 0 ? 'hash' : 'upload'), ms);
      if (watch.find(ms).health === 'stuck') stuckAt = ms;
    }
    // Half of the time at the pace of one threshold, half at that of the other.
    assert.ok(stuckAt >= 19 * minute && stuckAt <= 21 * minute, String(stuckAt));
  });

  it('is not stuck at once when a phase of a short threshold follows one of a long threshold', () => {
    const watch = new WorkerWatch(limits, 0);
    beats(watch, 0, 18 * minute, () => beat('hash'));
    beats(watch, 18 * minute, 19 * minute, () => beat('upload'));
    assert.equal(watch.find(19 * minute).health, 'slow');
  });

  it('counts from the first report on, and not from the start of the process', () => {
    const watch = new WorkerWatch(limits, 0);
    beats(watch, 0, 40 * minute, () => beat('starting'));
    beats(watch, 40 * minute, 49 * minute, () => beat('upload'));
    assert.equal(watch.find(49 * minute).health, 'well');
  });

  it('is well again as soon as a counter moves', () => {
    const watch = new WorkerWatch(limits, 0);
    beats(watch, 0, 12 * minute, () => beat('upload'));
    assert.equal(watch.find(12 * minute).health, 'slow');
    watch.beat(beat('upload', { bytes: 1 }), 12 * minute + 1000);
    assert.deepEqual(watch.find(12 * minute + 1000), { health: 'well', note: null });
  });

  it('is silent without a word for its time, in whatever phase; any word is one', () => {
    const watch = new WorkerWatch(limits, 0);
    assert.equal(watch.find(39_000).health, 'well');
    assert.equal(watch.find(40_000).health, 'slow');
    assert.equal(watch.find(60_000).health, 'silent');
    watch.hear(60_000);
    assert.equal(watch.find(60_000).health, 'well');
    beats(watch, 61_000, 70_000, () => beat('wait'));
    assert.equal(watch.find(130_000).health, 'silent');
  });

  it('tells of too much memory when three reports in a row do', () => {
    const watch = new WorkerWatch(limits, 0);
    const much = { memoryBytes: 1025 * 1024 * 1024 };
    watch.beat(beat('scan', much), 1000);
    watch.beat(beat('scan', much), 2000);
    watch.beat(beat('scan'), 3000);
    watch.beat(beat('scan', much), 4000);
    watch.beat(beat('scan', much), 5000);
    assert.ok(!watch.isOverMemory);
    watch.beat(beat('scan', much), 6000);
    assert.ok(watch.isOverMemory);
  });
});

describe('awake time', () => {
  it('passes with the clock, but stands still while the engine could not look', () => {
    const awake = new AwakeTime(0, 1000);
    assert.equal(awake.at(900), 900);
    assert.equal(awake.at(2400), 2400, 'a little late is no gap');
    // The machine slept for eight hours.
    assert.equal(awake.at(2400 + 8 * 60 * minute), 3400);
    assert.equal(awake.at(2400 + 8 * 60 * minute + 500), 3900);
  });

  it('never goes back', () => {
    const awake = new AwakeTime(1000, 1000);
    assert.equal(awake.at(500), 0);
    assert.equal(awake.at(700), 200);
  });
});
