import assert from 'node:assert/strict';
import { UploadWindow } from '../../../src/engine/worker/uploadWindow.ts';
import { ManualClock } from './manualClock.ts';

/** A destination that shares its time among the uploads once there are more than it can serve. */
interface Destination {
  capacity: number;
  baseMs: number;
  /** Of the time, for each MiB. */
  perMiBMs: number;
  /** It answers nobody as it should. */
  failing: boolean;
}

function simulate(max: number): {
  window: UploadWindow;
  destination: Destination;
  /** The sizes that the window had, and for how many uploads each. */
  readonly play: (ms: number) => Map<number, number>;
} {
  const clock = new ManualClock();
  let seed = 7;
  const random = (): number => (seed = (seed * 48_271) % 2_147_483_647) / 2_147_483_647;
  let resize = (): void => undefined;
  const window = new UploadWindow(max, clock, () => {
    resize();
  });
  const destination: Destination = { capacity: 4, baseMs: 100, perMiBMs: 50, failing: false };
  let underWay = 0;
  let sizes = new Map<number, number>();
  const fill = (): void => {
    while (underWay < window.size) begin();
  };
  const begin = (): void => {
    const begunAt = window.begin();
    underWay++;
    // From 4 KiB to 16 MiB, small ones as often as large ones.
    const sizeBytes = Math.floor(2 ** (12 + random() * 12));
    const crowded = Math.max(1, underWay / destination.capacity);
    const cleanMs = destination.baseMs + (destination.perMiBMs * sizeBytes) / 1024 ** 2;
    clock.after(cleanMs * crowded * (0.8 + 0.4 * random()), () => {
      underWay--;
      sizes.set(window.size, (sizes.get(window.size) ?? 0) + 1);
      if (destination.failing) {
        window.ended(begunAt);
        window.trouble();
      } else {
        window.uploaded(begunAt, sizeBytes);
      }
      fill();
    });
  };
  resize = fill;
  fill();
  return {
    window,
    destination,
    play: ms => {
      sizes = new Map();
      clock.pass(ms);
      return sizes;
    },
  };
}

function mean(sizes: ReadonlyMap<number, number>): number {
  let sum = 0;
  let count = 0;
  for (const [size, times] of sizes) {
    sum += size * times;
    count += times;
  }
  return sum / count;
}

const minuteMs = 60_000;

describe('upload window', () => {
  it('begins with two, stays at one where one is all that is allowed, and tells each change', () => {
    const told: number[] = [];
    const window = new UploadWindow(10, new ManualClock(), size => told.push(size));
    assert.equal(window.size, 2);
    window.trouble();
    assert.deepEqual(told, [2, 1]);
    assert.deepEqual([...simulate(1).play(minuteMs).keys()], [1]);
  });

  it('comes near the capacity of the destination and stays there', () => {
    for (const capacity of [2, 4, 6]) {
      const { destination, play } = simulate(10);
      destination.capacity = capacity;
      play(2 * minuteMs);
      const size = mean(play(5 * minuteMs));
      assert.ok(size >= capacity * 0.7 && size <= capacity * 2, `${size.toFixed(1)} for ${String(capacity)}`);
    }
  });

  it('reaches what is allowed where the destination bears it', () => {
    const { destination, play, window } = simulate(10);
    destination.capacity = 1000;
    play(2 * minuteMs);
    assert.equal(window.size, 10);
    assert.deepEqual([...play(minuteMs).keys()], [10]);
  });

  it('backs off to one while the destination fails, and comes back when it is well again', () => {
    const { destination, play, window } = simulate(10);
    destination.capacity = 8;
    play(2 * minuteMs);
    assert.ok(window.size >= 5);
    destination.failing = true;
    play(minuteMs);
    const failing = mean(play(1000));
    assert.equal(failing, 1);
    destination.failing = false;
    play(2 * minuteMs);
    assert.ok(window.size >= 5, String(window.size));
  });

  it('backs off from a destination that became slow, and learns what is usual there', () => {
    const { destination, play, window } = simulate(10);
    destination.capacity = 8;
    play(2 * minuteMs);
    destination.baseMs *= 8;
    destination.perMiBMs *= 8;
    assert.ok(play(minuteMs).has(1));
    play(10 * minuteMs);
    assert.ok(window.size >= 5, String(window.size));
  });

  it('is halved once for whatever goes wrong in one round trip', () => {
    const clock = new ManualClock();
    const window = new UploadWindow(10, clock);
    const upload = (): void => {
      const begun = Array.from({ length: window.size }, () => window.begin());
      clock.pass(100);
      for (const at of begun) window.uploaded(at, 1000);
    };
    while (window.size < 8) upload();
    const begun = Array.from({ length: 8 }, () => window.begin());
    clock.pass(50);
    for (let n = 0; n < 8; n++) window.trouble();
    assert.equal(window.size, 4);
    clock.pass(50);
    for (const at of begun) window.ended(at);
    window.trouble();
    assert.equal(window.size, 4, 'they had begun before');
    const later = window.begin();
    clock.pass(1);
    window.ended(later);
    window.trouble();
    assert.equal(window.size, 2);
  });

  it('does not grow where it was never used up', () => {
    const clock = new ManualClock();
    const window = new UploadWindow(10, clock);
    for (let n = 0; n < 100; n++) {
      const at = window.begin();
      clock.pass(100);
      window.uploaded(at, 1000);
    }
    assert.equal(window.size, 2);
  });
});
