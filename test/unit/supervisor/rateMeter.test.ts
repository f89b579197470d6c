import assert from 'node:assert/strict';
import { RateMeter } from '../../../src/engine/supervisor/rateMeter.ts';

describe('rate meter', () => {
  it('is nothing before the first bytes', () => {
    assert.equal(new RateMeter().bytesPerSecond(1000), 0);
  });

  it('gives the mean of a steady flow', () => {
    const meter = new RateMeter();
    for (let ms = 0; ms <= 20_000; ms += 100) meter.add(100, ms);
    const rate = meter.bytesPerSecond(20_000);
    assert.ok(Math.abs(rate - 1000) < 70, String(rate));
  });

  it('falls to nothing when the flow ends', () => {
    const meter = new RateMeter();
    meter.add(1_000_000, 0);
    assert.equal(meter.bytesPerSecond(20_000), 0);
  });

  it('does not make a great rate of the first fraction of a second', () => {
    const meter = new RateMeter();
    meter.add(1000, 0);
    assert.equal(meter.bytesPerSecond(10), 1000);
  });
});
