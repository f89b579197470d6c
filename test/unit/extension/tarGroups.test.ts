import assert from 'node:assert/strict';
import type { TarState } from '../../../src/protocol/snapshot.ts';
import { groupOf, TarGroups } from '../../../src/views/tarGroups.ts';
import { tarState } from './sampleStates.ts';

describe('TarGroups', () => {
  it('puts each tar where a person looks for it', () => {
    assert.equal(groupOf(tarState({ phase: 'running' }), true), 'running');
    assert.equal(groupOf(tarState({ phase: 'running' }), false), 'waiting');
    assert.equal(groupOf(tarState({ phase: 'waiting' }), true), 'waiting');
    assert.equal(groupOf(tarState({ phase: 'failed' }), true), 'failed');
    assert.equal(groupOf(tarState({ phase: 'completedWithErrors' }), true), 'failed');
    assert.equal(groupOf(tarState({ phase: 'completed' }), true), 'completed');
  });

  it('sorts thousands of tars once, and again only when one has moved', () => {
    const tars = new Map<string, TarState>();
    for (let i = 0; i < 5000; i++) {
      const name = `books-${String(i).padStart(4, '0')}.tar`;
      tars.set(name, tarState({ name }));
    }
    let sorted = 0;
    const groups = new TarGroups(
      () => {
        sorted++;
        return [...tars.values()];
      },
      () => true,
    );
    const change = (state: TarState): boolean => {
      tars.set(state.name, state);
      return groups.hasMoved(state);
    };
    assert.equal(groups.of('waiting').length, 5000);
    assert.equal(change(tarState({ name: 'books-0007.tar', doneBytes: 1 })), false);
    assert.equal(change(tarState({ name: 'books-0007.tar', phase: 'running' })), true);
    assert.deepEqual(groups.filled(), ['running', 'waiting']);
    assert.deepEqual(groups.of('running'), ['books-0007.tar']);
    assert.equal(groups.of('waiting').length, 4999);
    assert.equal(groups.groupOf('books-0007.tar'), 'running');
    assert.equal(change(tarState({ name: 'books-0007.tar', phase: 'running', doneBytes: 1 })), false);
    assert.equal(sorted, 2);
  });

  it('keeps the order of the run within a group', () => {
    const names = ['a.tar', 'b.tar', 'c.tar'];
    let phases: TarState['phase'][] = ['failed', 'running', 'failed'];
    const groups = new TarGroups(
      () => names.map((name, index) => tarState({ name, phase: phases[index] ?? 'waiting' })),
      () => true,
    );
    assert.deepEqual(groups.of('failed'), ['a.tar', 'c.tar']);
    phases = ['failed', 'completedWithErrors', 'failed'];
    groups.forget();
    assert.deepEqual(groups.filled(), ['failed']);
    assert.deepEqual(groups.of('failed'), names);
  });

  it('has a tar in one group, and the same, from one redraw to the next', () => {
    const tars = [tarState({ name: 'a.tar', phase: 'running' }), tarState({ name: 'b.tar' })];
    const groups = new TarGroups(
      () => tars,
      () => true,
    );
    assert.deepEqual(groups.filled(), ['running', 'waiting']);
    const failed = tarState({ name: 'a.tar', phase: 'failed' });
    tars[0] = failed;
    assert.equal(groups.hasMoved(failed), true);
    assert.deepEqual([groups.of('running'), groups.of('failed')], [['a.tar'], []]);
    assert.equal(groups.groupOf('a.tar'), 'running');
    assert.deepEqual(groups.filled(), ['failed', 'waiting']);
    assert.deepEqual([groups.of('running'), groups.of('failed')], [[], ['a.tar']]);
    assert.equal(groups.groupOf('a.tar'), 'failed');
    assert.equal(groups.hasMoved(failed), false);
  });

  it('knows the group of a tar that was not there at the last redraw', () => {
    const tars = [tarState({ name: 'a.tar' })];
    const groups = new TarGroups(
      () => tars,
      () => true,
    );
    assert.deepEqual(groups.filled(), ['waiting']);
    tars.push(tarState({ name: 'b.tar', phase: 'completed' }));
    groups.forget();
    assert.equal(groups.groupOf('b.tar'), 'completed');
  });
});
