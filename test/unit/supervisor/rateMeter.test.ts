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

  it('begins anew after a standstill, which is no part of how fast it goes now', () => {
    const meter = new RateMeter();
    for (let ms = 0; ms <= 10_000; ms += 100) meter.add(100, ms);
    for (let ms = 60_000; ms <= 62_000; ms += 100) meter.add(100, ms);
    const rate = meter.bytesPerSecond(62_000);
    assert.ok(Math.abs(rate - 1000) < 70, String(rate));
  });

  it('is steady when something has moved for some seconds, and not right after a start or a standstill', () => {
    const meter = new RateMeter();
    assert.ok(!meter.isSteady(0));
    for (let ms = 0; ms <= 4900; ms += 100) {
      meter.add(100, ms);
      assert.ok(!meter.isSteady(ms), String(ms));
    }
    meter.add(100, 5000);
    assert.ok(meter.isSteady(5000));
    assert.ok(!meter.isSteady(60_000), 'nothing moves any more');
    meter.add(100, 60_000);
    assert.ok(!meter.isSteady(60_000));
    meter.add(100, 65_000);
    assert.ok(meter.isSteady(65_000));
  });
});
