import assert from 'node:assert/strict';
import { RefreshBatch } from '../../../src/views/refreshBatch.ts';
import { ManualTimers } from './manualTimers.ts';

function watched(): {
  timers: ManualTimers;
  batch: RefreshBatch<string>;
  redraws: (string[] | 'all')[];
} {
  const timers = new ManualTimers();
  const redraws: (string[] | 'all')[] = [];
  const batch = new RefreshBatch<string>(
    changed => {
      redraws.push(changed === 'all' ? 'all' : [...changed]);
    },
    250,
    timers,
  );
  return { timers, batch, redraws };
}

/** One whose first full redraw is behind it. */
function shown(): ReturnType<typeof watched> {
  const all = watched();
  all.batch.setVisible(true);
  all.timers.advance(1000);
  all.redraws.length = 0;
  return all;
}

describe('RefreshBatch', () => {
  it('redraws all when the view is shown', () => {
    const { timers, batch, redraws } = watched();
    batch.add('a');
    batch.setVisible(true);
    timers.advance(0);
    assert.deepEqual(redraws, ['all']);
  });

  it('redraws the first change at once and gathers those that follow', () => {
    const { timers, batch, redraws } = shown();
    batch.add('a');
    timers.advance(0);
    for (const key of ['b', 'c', 'b']) batch.add(key);
    timers.advance(249);
    assert.deepEqual(redraws, [['a']]);
    timers.advance(1);
    assert.deepEqual(redraws, [['a'], ['b', 'c']]);
  });

  it('redraws once in an interval at most, however many changes come', () => {
    const { timers, batch, redraws } = shown();
    for (let i = 0; i < 999; i++) {
      batch.add(`tar ${String(i % 50)}`);
      timers.advance(1);
    }
    assert.ok(redraws.length <= 4, String(redraws.length));
    timers.advance(250);
    assert.deepEqual(new Set(redraws.flat()).size, 50);
  });

  it('takes a change of all over changes of some', () => {
    const { timers, batch, redraws } = shown();
    batch.add('a');
    batch.addAll();
    batch.add('b');
    timers.advance(250);
    assert.deepEqual(redraws, ['all']);
  });

  it('does nothing while hidden, and forgets what was waiting', () => {
    const { timers, batch, redraws } = shown();
    batch.add('a');
    batch.setVisible(false);
    batch.add('b');
    batch.addAll();
    timers.advance(10_000);
    assert.deepEqual(redraws, []);
    batch.setVisible(true);
    timers.advance(250);
    assert.deepEqual(redraws, ['all']);
  });

  it('does nothing once disposed of', () => {
    const { timers, batch, redraws } = shown();
    batch.add('a');
    batch.dispose();
    batch.add('b');
    timers.advance(1000);
    assert.deepEqual(redraws, []);
  });
});
