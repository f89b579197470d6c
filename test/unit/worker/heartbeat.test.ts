import assert from 'node:assert/strict';
import { Activity } from '../../../src/engine/worker/activity.ts';
import { Heartbeat } from '../../../src/engine/worker/heartbeat.ts';
import type { WorkerEvent } from '../../../src/protocol/workerMessages.ts';
import { ManualClock } from './manualClock.ts';

describe('heartbeat', () => {
  it('beats at once and then once a second, with what is counted by then, until it is stopped', () => {
    const clock = new ManualClock();
    const activity = new Activity();
    const told: WorkerEvent[] = [];
    const heartbeat = new Heartbeat(activity, event => told.push(event), clock);
    heartbeat.start();
    activity.doing = 'hash';
    activity.addBytes(700);
    activity.members++;
    activity.parallelUploads = 2;
    clock.pass(3500);
    assert.equal(told.length, 4);
    const [first, second] = told;
    assert.ok(first?.type === 'worker:health' && second?.type === 'worker:health');
    assert.equal(first.phase, 'starting');
    assert.ok(first.memoryBytes > 0);
    assert.deepEqual(second, {
      type: 'worker:health',
      memoryBytes: second.memoryBytes,
      ...{ phase: 'hash', bytes: 700, members: 1, books: 0, parallelUploads: 2 },
    });
    heartbeat.stop();
    clock.pass(10_000);
    assert.equal(told.length, 4);
  });
});

describe('activity', () => {
  it('is to wait while anything is waited for, and to stop whatever else it is about', () => {
    const activity = new Activity();
    activity.doing = 'upload';
    const ends = [activity.waiting(), activity.waiting()];
    assert.equal(activity.phase, 'wait');
    ends[0]?.();
    ends[0]?.();
    assert.equal(activity.phase, 'wait');
    ends[1]?.();
    assert.equal(activity.phase, 'upload');
    activity.isStopping = true;
    assert.equal(activity.phase, 'stopping');
  });
});
