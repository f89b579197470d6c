import assert from 'node:assert/strict';
import { PassingFailure, retryAfterMs, retrying } from '../../../src/engine/destinations/retry.ts';

function clock() {
  const slept: number[] = [];
  return {
    slept,
    timing: {
      sleep: (ms: number, signal: AbortSignal) => {
        signal.throwIfAborted();
        slept.push(ms);
        return Promise.resolve();
      },
      random: () => 1,
    },
  };
}

const never = new AbortController().signal;

describe('retrying', () => {
  it('does a thing three times, with waits that grow, and throws what failed last', async () => {
    const { slept, timing } = clock();
    let attempts = 0;
    const work = () => Promise.reject(new PassingFailure('book', `failure ${String(++attempts)}`));
    await assert.rejects(retrying(work, never, timing), /failure 3/);
    assert.deepEqual(slept, [1000, 2000]);
  });

  it('shortens its waits by chance, at most by half', async () => {
    const { slept, timing } = clock();
    const work = () => Promise.reject(new PassingFailure('book', ''));
    await assert.rejects(retrying(work, never, { ...timing, random: () => 0 }));
    assert.deepEqual(slept, [500, 1000]);
  });

  it('ends with the first success', async () => {
    const { slept, timing } = clock();
    let attempts = 0;
    const work = () =>
      ++attempts < 3 ? Promise.reject(new PassingFailure('destination', '')) : Promise.resolve('done');
    assert.equal(await retrying(work, never, timing), 'done');
    assert.equal(slept.length, 2);
  });

  it('waits as long as it is asked to', async () => {
    const { slept, timing } = clock();
    const work = () => Promise.reject(new PassingFailure('destination', '', { retryAfterMs: 30_000 }));
    await assert.rejects(retrying(work, never, timing));
    assert.deepEqual(slept, [30_000, 30_000]);
  });

  it('leaves waits of more than a minute to the worker', async () => {
    const { slept, timing } = clock();
    const work = () => Promise.reject(new PassingFailure('destination', '', { retryAfterMs: 61_000 }));
    await assert.rejects(retrying(work, never, timing));
    assert.deepEqual(slept, []);
  });

  it('does not try again what cannot pass', async () => {
    const { slept, timing } = clock();
    await assert.rejects(
      retrying(() => Promise.reject(new Error('for good')), never, timing),
      /for good/,
    );
    assert.deepEqual(slept, []);
  });

  it('ends its waiting with the signal, and throws what failed', async () => {
    const stop = new AbortController();
    const started = performance.now();
    const failing = retrying(() => Promise.reject(new PassingFailure('book', 'as it was')), stop.signal);
    setTimeout(() => {
      stop.abort();
    }, 20);
    await assert.rejects(failing, /as it was/);
    assert.ok(performance.now() - started < 450, 'it waited on after the signal');
  });
});

describe('Retry-After', () => {
  const now = new Date('2026-01-01T00:00:00Z');

  it('is a number of seconds, or a date', () => {
    assert.equal(retryAfterMs('120', now), 120_000);
    assert.equal(retryAfterMs('Thu, 01 Jan 2026 00:01:00 GMT', now), 60_000);
  });

  it('is no more than an hour: no timer is set for months, and a wrong clock is soon another', () => {
    for (const header of ['3601', '2147484', '31536000', '99999999999999', 'Fri, 01 Jan 2100 00:00:00 GMT']) {
      assert.equal(retryAfterMs(header, now), 3_600_000, header);
    }
  });

  it('is nothing where it is absent, past, or makes no sense', () => {
    assert.equal(retryAfterMs(undefined, now), 0);
    assert.equal(retryAfterMs('Wed, 31 Dec 2025 00:00:00 GMT', now), 0);
    assert.equal(retryAfterMs('soon', now), 0);
  });
});
