import assert from 'node:assert/strict';
import { backOffMs, restartsInDay } from '../../../src/engine/supervisor/crew/restarts.ts';

const hourMs = 3600_000;

describe('restarts', () => {
  it('wait twice as long after each death in a row, and never longer than five minutes', () => {
    assert.deepEqual(
      [1, 2, 3, 4].map(deaths => backOffMs(deaths, 1)),
      [1000, 2000, 4000, 8000],
    );
    assert.equal(backOffMs(10, 1), 300_000);
    assert.equal(backOffMs(5000, 1), 300_000);
  });

  it('are spread by chance over half of the wait', () => {
    assert.equal(backOffMs(1, 0), 500);
    assert.equal(backOffMs(3, 0.5), 3000);
  });

  it('count for a day, to the moment', () => {
    const now = Date.UTC(2030, 0, 2);
    assert.equal(restartsInDay([now - 24 * hourMs, now - 24 * hourMs + 1, now - hourMs, now], now), 3);
  });

  it('count when the clock of the wall was put back, but not when it was a day wrong', () => {
    const now = Date.UTC(2030, 0, 2);
    assert.equal(restartsInDay([now + hourMs, now + 30 * 24 * hourMs], now), 1);
  });
});
