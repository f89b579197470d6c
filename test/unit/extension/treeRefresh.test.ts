import assert from 'node:assert/strict';
import { TreeRefresh, type RowLook } from '../../../src/views/treeRefresh.ts';
import { ManualTimers } from './manualTimers.ts';

/** A tree of rows that VS Code draws whenever it is told to. */
function tree(names: readonly string[]) {
  const timers = new ManualTimers();
  const looks = new Map<string, RowLook>();
  const redraws: (string[] | 'all')[] = [];
  const draw = (changed: readonly string[]): void => {
    for (const name of changed) refresh.drawn(name, looks.get(name)!);
  };
  const refresh = new TreeRefresh<string>(
    changed => {
      redraws.push(changed ?? 'all');
      draw(changed ?? [...looks.keys()]);
    },
    name => looks.get(name),
    timers,
  );
  const change = (name: string, contextValue: string, description: string): void => {
    looks.set(name, { contextValue, description, hasChildren: false });
    refresh.changed(name);
  };
  for (const name of names) change(name, 'tar;running', '0 %');
  refresh.setVisible(true);
  timers.advance(5000);
  redraws.length = 0;
  return { timers, refresh, change, redraws };
}

describe('TreeRefresh', () => {
  it('redraws a row soon when its state changes', () => {
    const { timers, change, redraws } = tree(['a', 'b']);
    change('a', 'tar;completed', 'completed');
    timers.advance(300);
    assert.deepEqual(redraws, [['a']]);
  });

  it('does not redraw a row that would look the same', () => {
    const { timers, refresh, change, redraws } = tree(['a']);
    change('a', 'tar;running', '0 %');
    refresh.changed('a');
    timers.advance(10_000);
    assert.deepEqual(redraws, []);
  });

  it('redraws a row seldom when only its numbers change', () => {
    const { timers, change, redraws } = tree(['a']);
    for (let i = 1; i <= 100; i++) {
      change('a', 'tar;running', `${String(i)} %`);
      timers.advance(100);
    }
    assert.ok(redraws.length >= 4 && redraws.length <= 6, String(redraws.length));
  });

  it('leaves a row alone while its hover is open, and brings it up to date afterwards', () => {
    const { timers, refresh, change, redraws } = tree(['a', 'b']);
    refresh.hovered('a');
    for (let i = 1; i < 99; i++) {
      change('a', 'tar;running', `${String(i)} %`);
      change('b', 'tar;running', `${String(i)} %`);
      timers.advance(100);
    }
    assert.ok(redraws.every(changed => !changed.includes('a')));
    assert.ok(redraws.length > 1);
    for (let i = 0; i < 30; i++) {
      refresh.changed('a');
      timers.advance(100);
    }
    // Drawn again though its description is the one before the hover: the tooltip would be an old one else.
    assert.ok(redraws.some(changed => changed.includes('a')));
  });

  it('brings a row up to date after its hover even if nothing more of it changes', () => {
    const { timers, refresh, change, redraws } = tree(['a']);
    refresh.hovered('a');
    change('a', 'tar;running', '50 %');
    timers.advance(9000);
    assert.deepEqual(redraws, []);
    timers.advance(4000);
    assert.deepEqual(redraws, [['a']]);
    timers.advance(60_000);
    assert.equal(redraws.length, 1);
  });

  it('leaves the row above a hovered one alone, for it would be drawn with all that is below it', () => {
    const { timers, refresh, change, redraws } = tree(['worker', 'tar']);
    refresh.hovered('tar', 'worker');
    for (let i = 1; i < 99; i++) {
      change('worker', 'tar;running', `${String(i)} %`);
      timers.advance(100);
    }
    assert.deepEqual(redraws, []);
    timers.advance(3000);
    assert.deepEqual(redraws, [['worker']]);
  });

  it('redraws a hovered row when its state changes', () => {
    const { timers, refresh, change, redraws } = tree(['a']);
    refresh.hovered('a');
    change('a', 'tar;failed', 'failed');
    timers.advance(300);
    assert.deepEqual(redraws, [['a']]);
  });

  it('ignores rows that were never drawn', () => {
    const { timers, refresh, redraws } = tree(['a']);
    refresh.changed('below a closed row');
    timers.advance(10_000);
    assert.deepEqual(redraws, []);
  });

  it('stays below four redraws a second in a storm', () => {
    const names = Array.from({ length: 64 }, (_, i) => `tar ${String(i)}`);
    const { timers, change, redraws } = tree(names);
    for (let i = 0; i < 10_000; i++) {
      const state = i % 3 === 0 ? 'tar;running' : 'tar;waiting';
      change(names[i % 64]!, state, String(i));
      timers.advance(1);
    }
    assert.ok(redraws.length <= 40, String(redraws.length));
  });

  it('redraws nothing while hidden', () => {
    const { timers, refresh, change, redraws } = tree(['a']);
    refresh.setVisible(false);
    change('a', 'tar;completed', 'completed');
    refresh.changedAll();
    timers.advance(10_000);
    assert.deepEqual(redraws, []);
    refresh.setVisible(true);
    timers.advance(300);
    assert.deepEqual(redraws, ['all']);
  });
});
