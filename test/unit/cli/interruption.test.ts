import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { Interruption } from '../../../src/cli/interruption.ts';

describe('interruption', () => {
  let signals: EventEmitter;
  let now: number;
  let done: string[];
  let interruption: Interruption;

  beforeEach(() => {
    signals = new EventEmitter();
    now = 1000;
    done = [];
    interruption = new Interruption(
      signals,
      { stop: () => done.push('stop'), leave: () => done.push('leave') },
      () => now,
    );
  });

  it('stops at the first signal and leaves at the second', () => {
    assert.equal(interruption.hasHappened, false);
    signals.emit('SIGINT');
    assert.deepEqual(done, ['stop']);
    assert.equal(interruption.hasHappened, true);
    now += 1000;
    signals.emit('SIGINT');
    assert.deepEqual(done, ['stop', 'leave']);
  });

  it('takes SIGTERM and SIGHUP as it takes SIGINT', () => {
    signals.emit('SIGHUP');
    now += 1000;
    signals.emit('SIGTERM');
    assert.deepEqual(done, ['stop', 'leave']);
  });

  it('takes signals that come together for one', () => {
    signals.emit('SIGINT');
    now += 20;
    signals.emit('SIGINT');
    signals.emit('SIGTERM');
    assert.deepEqual(done, ['stop']);
  });

  it('stops once when it is asked to by other means, and leaves at a signal after that', () => {
    interruption.stop();
    interruption.stop();
    assert.deepEqual(done, ['stop']);
    now += 1000;
    signals.emit('SIGINT');
    assert.deepEqual(done, ['stop', 'leave']);
  });

  it('hears nothing after it was disposed of', () => {
    interruption.dispose();
    signals.emit('SIGINT');
    assert.deepEqual(done, []);
    assert.deepEqual(signals.eventNames(), []);
  });
});
