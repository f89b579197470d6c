import assert from 'node:assert/strict';
import { dealRoundRobin } from '../../../src/engine/supervisor/crew/assignment.ts';

describe('assignment', () => {
  it('deals 28 tars to 4 workers as documented', () => {
    const tars = Array.from({ length: 28 }, (_, index) => `tar${String(index + 1)}`);
    const { tarsOf } = dealRoundRobin(tars, 4);
    assert.deepEqual(tarsOf[0], ['tar1', 'tar5', 'tar9', 'tar13', 'tar17', 'tar21', 'tar25']);
    assert.deepEqual(tarsOf[3], ['tar4', 'tar8', 'tar12', 'tar16', 'tar20', 'tar24', 'tar28']);
    assert.deepEqual(new Set(tarsOf.flat()), new Set(tars));
  });

  it('has no worker without a tar', () => {
    assert.deepEqual(dealRoundRobin(['a', 'b'], 4).tarsOf, [['a'], ['b']]);
  });
});
