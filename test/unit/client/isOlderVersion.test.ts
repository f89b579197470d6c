import assert from 'node:assert/strict';
import { isOlderVersion } from '../../../src/client/isOlderVersion.ts';

describe('versions', () => {
  it('are in the order of semver.org', () => {
    const inOrder = [
      ...['0.0.0-source', '0.1.0', '0.2.0', '0.10.0', '1.0.0-alpha', '1.0.0-alpha.1', '1.0.0-alpha.beta'],
      ...['1.0.0-beta', '1.0.0-beta.2', '1.0.0-beta.11', '1.0.0-rc.1', '1.0.0', '1.0.1', '2.0.0'],
    ];
    for (const [a, first] of inOrder.entries()) {
      for (const [b, second] of inOrder.entries())
        assert.equal(isOlderVersion(first, second), a < b, `${first} and ${second}`);
    }
  });

  it('that differ in their build alone are the same', () => {
    assert.equal(isOlderVersion('1.0.0+a', '1.0.0+b'), false);
    assert.equal(isOlderVersion('1.0.0+b', '1.0.0+a'), false);
  });

  it('that are none are not older than anything', () => {
    for (const text of ['', 'next', '1.0', 'v1.0.0', '1.0.0.0']) {
      assert.equal(isOlderVersion(text, '9.0.0'), false);
      assert.equal(isOlderVersion('0.0.1', text), false);
    }
  });
});
