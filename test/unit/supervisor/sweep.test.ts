import assert from 'node:assert/strict';
import { sweepWorkers, type NotedWorker, type SweepOptions } from '../../../src/engine/supervisor/sweep.ts';
import { HandClock } from '../../support/handClock.ts';

describe('sweep of what an earlier engine left', () => {
  let clock: HandClock;
  /** Who lives: pid to start. */
  let alive: Map<number, string>;
  let done: string[];
  let stop: AbortController;

  beforeEach(() => {
    clock = new HandClock();
    alive = new Map();
    done = [];
    stop = new AbortController();
  });

  const worker = (number: number, processStart: string | null = 'then'): NotedWorker => ({
    ...{ number, pid: 100 + number, processStart },
  });

  function sweep(workers: NotedWorker[], processes: Partial<SweepOptions['processes']> = {}): Promise<void> {
    const at = (what: string, { number }: NotedWorker): void => {
      done.push(`${what} ${String(number)} at ${String(clock.now() / 1000)} s`);
    };
    return sweepWorkers(workers, {
      clock,
      signal: stop.signal,
      processes: {
        isSame: ({ pid, start }) => Promise.resolve(alive.get(pid) === start),
        killTree: ({ pid }) => {
          done.push(`kill ${String(pid)}`);
          alive.delete(pid);
          return Promise.resolve(2);
        },
        ...processes,
      },
      onGone: gone => {
        at('gone', gone);
      },
      onSwept: (swept, processesEnded) => {
        at(`swept (${String(processesEnded)})`, swept);
      },
      onLeft: left => {
        at('left', left);
      },
    });
  }

  it('lets a worker leave by itself for 15 s, and ends it then with all that it started', async () => {
    alive.set(101, 'then').set(102, 'then');
    const swept = sweep([worker(1), worker(2)]);
    await clock.pass(8000);
    assert.deepEqual(done, []);
    alive.delete(102);
    await clock.pass(20_000);
    await swept;
    assert.match(done[0]!, /^gone 2 at (8|9)\./);
    assert.equal(done[1], 'kill 101');
    assert.match(done[2]!, /^swept \(2\) 1 at 1(5|6)/);
    assert.match(done[3]!, /^gone 1 at 1(5|6)/);
    assert.equal(done.length, 4);
  });

  it('signals no process that bears the pid of a worker and began at another time', async () => {
    alive.set(101, 'later');
    await sweep([worker(1), worker(2)]);
    assert.deepEqual(done.sort(), ['gone 1 at 0 s', 'gone 2 at 0 s']);
  });

  it('lets be a worker of which the start is not known', async () => {
    alive.set(101, 'then');
    await sweep([worker(1, null)]);
    assert.deepEqual(done, ['gone 1 at 0 s']);
    assert.ok(alive.has(101));
  });

  it('says so when a worker cannot be ended, and does not wait for ever', async () => {
    alive.set(101, 'then');
    const swept = sweep([worker(1)], { killTree: () => Promise.reject(new Error('no')) });
    await clock.pass(30_000);
    await swept;
    assert.equal(done.length, 1);
    assert.match(done[0]!, /^left 1 at 2/);
    assert.equal(clock.waiting, 0);
  });

  it('takes a process for alive as long as it cannot be looked at', async () => {
    let looks = 0;
    const swept = sweep([worker(1)], {
      isSame: () => (++looks < 4 ? Promise.reject(new Error('busy')) : Promise.resolve(false)),
    });
    await clock.pass(5000);
    await swept;
    assert.match(done[0]!, /^gone 1/);
    assert.equal(looks, 4);
  });

  it('ends nobody any more once the engine itself ends', async () => {
    alive.set(101, 'then');
    const swept = sweep([worker(1)]);
    await clock.pass(5000);
    stop.abort();
    await swept;
    assert.deepEqual(done, []);
    assert.equal(clock.waiting, 0);
  });
});
