import assert from 'node:assert/strict';
import { parseDuration } from '../../../src/cli/duration.ts';
import { TarshelfError } from '../../../src/protocol/errors.ts';

describe('a time on the command line', () => {
  const limits = { min: 1, max: 86_400 };

  it('is a number of seconds, or has its unit behind it', () => {
    for (const [text, seconds] of [
      ['90', 90],
      ['90s', 90],
      ['15m', 900],
      ['2h', 7200],
      ['24h', 86_400],
      ['1', 1],
    ] as const)
      assert.equal(parseDuration('--silent-after', text, limits), seconds);
  });

  for (const text of ['', '0', '0s', '25h', '1.5h', '-1', '1d', '15 m', '2H', 'm', '1e3', '99999999999'])
    it(`is refused as "${text}", with what it could be`, () => {
      assert.throws(
        () => parseDuration('--silent-after', text, limits),
        (thrown: unknown) =>
          thrown instanceof TarshelfError &&
          thrown.code === 'USAGE' &&
          thrown.message.includes(`from 1 to 86,400 seconds, such as 90s, 15m or 2h, not "${text}"`),
      );
    });
});
