import assert from 'node:assert/strict';
import type { Failure } from '../../../src/protocol/errors.ts';
import { Patience } from '../../../src/engine/worker/patience.ts';

const full: Failure = { code: 'DESTINATION_UNUSABLE', message: 'full' };
const always = (): Failure => full;

function listen(): { told: string[]; onWaiting(failure: Failure): void; onResumed(): void } {
  const told: string[] = [];
  return {
    told,
    onWaiting: failure => told.push(failure.message),
    onResumed: () => told.push('resumed'),
  };
}

describe('patience', () => {
  it('does a task once when nothing is wrong', async () => {
    const listener = listen();
    const patience = new Patience(new AbortController().signal, listener);
    assert.equal(await patience.persist(() => Promise.resolve(7), always), 7);
    assert.deepEqual(listener.told, []);
  });

  it('goes on when the cause is gone, and tells both once', async () => {
    const listener = listen();
    const patience = new Patience(new AbortController().signal, listener);
    let attempts = 0;
    const task = (): Promise<string> =>
      ++attempts < 2 ? Promise.reject(new Error('no space')) : Promise.resolve('stored');
    assert.equal(await patience.persist(task, always), 'stored');
    assert.equal(attempts, 2);
    assert.deepEqual(listener.told, ['full', 'resumed']);
  });

  it('tells once for several tasks that wait for the same', async () => {
    const listener = listen();
    const stop = new AbortController();
    const patience = new Patience(stop.signal, listener);
    const tasks = [1, 2, 3].map(() => patience.persist(() => Promise.reject(new Error('no space')), always));
    setTimeout(() => {
      stop.abort();
    }, 50);
    const outcomes = await Promise.allSettled(tasks);
    assert.deepEqual(
      outcomes.map(outcome => outcome.status),
      ['rejected', 'rejected', 'rejected'],
    );
    assert.deepEqual(listener.told, ['full', 'resumed']);
  });

  it('passes on at once what cannot pass', async () => {
    const listener = listen();
    const patience = new Patience(new AbortController().signal, listener);
    await assert.rejects(
      patience.persist(
        () => Promise.reject(new Error('a bug')),
        () => null,
      ),
      /a bug/,
    );
    assert.deepEqual(listener.told, []);
  });
});
