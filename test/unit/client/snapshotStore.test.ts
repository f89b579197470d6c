import assert from 'node:assert/strict';
import { SnapshotStore, type StoreChange } from '../../../src/client/snapshotStore.ts';
import type { HistoryEntry } from '../../../src/protocol/history.ts';
import type { RunState, Snapshot } from '../../../src/protocol/snapshot.ts';
import { runState, tarState, workerState } from '../cli/states.ts';

const entry = (message: string): HistoryEntry => ({
  at: '2026-03-01T12:00:00.000Z',
  kind: 'died',
  worker: 1,
  tar: null,
  message,
});

describe('snapshot store', () => {
  let store: SnapshotStore;
  let changes: StoreChange['kind'][];

  beforeEach(() => {
    store = new SnapshotStore();
    changes = [];
    store.onChange(({ kind }) => changes.push(kind));
  });

  const snapshot = (sequence: number, change: Partial<Snapshot> = {}): boolean =>
    store.apply({
      type: 'snapshot',
      sequence,
      snapshot: { sequence, run: runState(), options: null, tars: [], workers: [], history: [], ...change },
    });

  it('says when events were missed, and goes on behind a snapshot', () => {
    snapshot(7);
    assert.equal(store.apply({ type: 'tar:changed', sequence: 8, tar: tarState('a.tar') }), true);
    assert.equal(store.apply({ type: 'tar:changed', sequence: 10, tar: tarState('b.tar') }), false);
    assert.equal(store.tars.length, 2, 'it carries the whole state of its tar all the same');
    snapshot(10);
    assert.equal(store.apply({ type: 'notice', sequence: 11, message: 'x' }), true);
  });

  it('does not go back to what a snapshot has outdated', () => {
    snapshot(7, { tars: [tarState('a.tar', { phase: 'completed' })] });
    assert.equal(
      store.apply({ type: 'tar:changed', sequence: 6, tar: tarState('a.tar', { phase: 'running' }) }),
      true,
    );
    assert.equal(store.tar('a.tar')?.phase, 'completed');
  });

  it('knows that an engine which has no run yet has none', () => {
    snapshot(0, { run: null });
    assert.equal(store.run, null);
  });

  it('keeps the last 200 entries of the history', () => {
    snapshot(1, { history: [entry('first')] });
    changes = [];
    for (let n = 0; n < 200; n++)
      store.apply({ type: 'history:added', sequence: n + 2, entry: entry(String(n)) });
    assert.equal(store.history.length, 200);
    assert.deepEqual([store.history[0]?.message, store.history.at(-1)?.message], ['0', '199']);
    assert.deepEqual(new Set(changes), new Set(['history']));
  });

  it('asks for a snapshot when a run begins: nothing else takes the tars of the last one away', () => {
    snapshot(1, { run: runState({ phase: 'finished' }), tars: [tarState('old.tar')] });
    assert.equal(
      store.apply({ type: 'run:changed', sequence: 2, run: runState({ phase: 'starting' }) }),
      false,
    );
    assert.equal(
      store.apply({ type: 'run:changed', sequence: 3, run: runState({ phase: 'running' }) }),
      true,
    );
  });

  it('shows no run while a new one is expected, until a snapshot has it', () => {
    const ended = runState({ phase: 'finished' });
    snapshot(1, { run: ended, tars: [tarState('old.tar')], history: [entry('first')] });
    store.expectNewRun();
    assert.deepEqual([store.run, store.tars.length, store.history.length], [null, 0, 1]);
    store.apply({ type: 'tar:changed', sequence: 2, tar: tarState('old.tar') });
    store.apply({ type: 'run:changed', sequence: 3, run: ended });
    snapshot(3, { run: ended, tars: [tarState('old.tar')] });
    assert.deepEqual([store.run, store.tars.length], [null, 0]);
    snapshot(4, { tars: [tarState('new.tar')], workers: [workerState(1)] });
    assert.deepEqual([store.run?.phase, store.tars[0]?.name], ['running', 'new.tar']);
  });

  it('takes a run that ended at once for the new one, when it is told that this is it', () => {
    store.expectNewRun();
    snapshot(1, { run: runState({ phase: 'finished' }) });
    assert.equal(store.run, null);
    store.takeAnyRun();
    snapshot(1, { run: runState({ phase: 'finished' }) });
    assert.equal((store.run as RunState | null)?.phase, 'finished');
  });
});
