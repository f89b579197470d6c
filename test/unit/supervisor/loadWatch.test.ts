import assert from 'node:assert/strict';
import type { LoadReading } from '../../../src/engine/supervisor/load/loadMeter.ts';
import { LoadWatch, type Staff } from '../../../src/engine/supervisor/load/loadWatch.ts';
import { WorkerScaler } from '../../../src/engine/supervisor/load/workerScaler.ts';
import { HandClock } from '../../support/handClock.ts';

class Workers implements Staff {
  readonly said: string[] = [];
  active: number;
  hasSpare = true;

  constructor(active: number) {
    this.active = active;
  }

  retire(reason: string): boolean {
    this.said.push(`retire: ${reason}`);
    if (this.hasSpare) this.active--;
    return this.hasSpare;
  }

  employ(reason: string): boolean {
    this.said.push(`employ: ${reason}`);
    this.active++;
    return true;
  }
}

describe('the watch over the load', () => {
  let clock: HandClock;
  let end: AbortController;
  let off: string[];
  let reads: number;

  beforeEach(() => {
    clock = new HandClock();
    end = new AbortController();
    off = [];
    reads = 0;
  });

  function watch(staff: Staff, read: () => LoadReading | Promise<LoadReading>, checkSeconds = 10): void {
    const meter = {
      read: async () => {
        reads++;
        return await read();
      },
    };
    const scaler = new WorkerScaler(clock, { min: 1, max: 4 });
    const onOff = (line: string): void => {
      off.push(line);
    };
    new LoadWatch({ meter, scaler, staff, clock, checkSeconds, onOff }).start(end.signal);
  }

  it('retires and employs workers by what is read, in its time', async () => {
    const workers = new Workers(4);
    let memoryUsed = 0.9;
    watch(workers, () => ({ memoryUsed, diskBusy: 0.1, off: [] }));
    await clock.pass(59_000);
    assert.deepEqual(workers.said, []);
    await clock.pass(122_000);
    assert.deepEqual(workers.said, Array(2).fill('retire: memory at 90 %, above 85 %'));
    memoryUsed = 0.3;
    await clock.pass(320_000);
    assert.deepEqual(workers.said.slice(2), [
      'employ: memory at 30 %, below 70 %, disks at 10 %, below 50 %',
    ]);
    assert.equal(workers.active, 3);
  });

  it('asks again at the next look when no worker could be spared', async () => {
    const workers = new Workers(4);
    workers.hasSpare = false;
    watch(workers, () => ({ memoryUsed: 0.9, diskBusy: null, off: [] }));
    await clock.pass(80_000);
    assert.equal(workers.said.length, 3);
  });

  it('looks as often as it is told, but not at moments', async () => {
    watch(new Workers(1), () => ({ memoryUsed: null, diskBusy: null, off: [] }), 60);
    await clock.pass(60_000);
    assert.equal(reads, 2);
    end.abort();
    end = new AbortController();
    reads = 0;
    watch(new Workers(1), () => ({ memoryUsed: null, diskBusy: null, off: [] }), 1);
    await clock.pass(60_000);
    assert.equal(reads, 7);
  });

  it('tells once which rules are off', async () => {
    let rules = ['disks are off'];
    watch(new Workers(1), () => ({ memoryUsed: null, diskBusy: null, off: rules }));
    await clock.pass(30_000);
    rules = ['memory is off', 'disks are off'];
    await clock.pass(30_000);
    assert.deepEqual(off, ['disks are off', 'memory is off']);
  });

  it('leaves no timer when it ends, and changes nothing after', async () => {
    const workers = new Workers(4);
    watch(workers, () => ({ memoryUsed: 0.9, diskBusy: 0.1, off: [] }));
    await clock.pass(55_000);
    assert.equal(clock.waiting, 1);
    end.abort();
    assert.equal(clock.waiting, 0);
    await clock.pass(600_000);
    assert.deepEqual(workers.said, []);
    assert.equal(reads, 6);
  });

  it('ends in the midst of a look, too, and does not begin when it is over', async () => {
    const workers = new Workers(4);
    let answer: (reading: LoadReading) => void = () => undefined;
    const slow = (): Promise<LoadReading> =>
      new Promise(resolve => {
        answer = resolve;
      });
    watch(workers, slow);
    await clock.pass(30_000);
    assert.equal(reads, 1, 'one look at a time');
    end.abort();
    answer({ memoryUsed: 0.9, diskBusy: 0.9, off: ['too late'] });
    await clock.pass(600_000);
    assert.deepEqual([off, clock.waiting, reads], [[], 0, 1]);
    watch(workers, slow);
    await clock.pass(30_000);
    assert.equal(reads, 1);
  });

  it('goes on after whatever goes wrong, and tells that once', async () => {
    const workers = new Workers(4);
    watch(workers, () => {
      if (reads <= 3) throw new Error('the meter is broken\nat its root');
      return { memoryUsed: 0.9, diskBusy: 0.1, off: [] };
    });
    await clock.pass(90_000);
    assert.deepEqual(off, ['the load of the machine is not watched: the meter is broken']);
    assert.equal(workers.said.length, 1);
  });
});
