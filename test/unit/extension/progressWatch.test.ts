import assert from 'node:assert/strict';
import type { ProgressSummary } from '../../../src/protocol/progressSummary.ts';
import { progressDescription, progressFigures } from '../../../src/views/progressText.ts';
import { ProgressWatch, type ProgressAnswer } from '../../../src/views/progressWatch.ts';
import { ManualTimers } from './manualTimers.ts';

const file: ProgressSummary = {
  worker: 1,
  path: '/state/migration_progress_worker1.json',
  sizeBytes: 4_000_000,
  savedAt: '2026-03-01T12:00:00.000Z',
  completedTars: 12,
  otherTars: 1,
  currentTar: 'books-13.tar',
  files: { uploaded: 34_000, already_exists: 567 },
  journal: { sizeBytes: 12_000, lines: 80 },
  damage: [],
  keptAside: [],
};

describe('ProgressWatch', () => {
  function parts() {
    const timers = new ManualTimers();
    const answers: ProgressAnswer[] = [];
    const state = { asked: 0, fails: false };
    const watch = new ProgressWatch(
      () => {
        state.asked++;
        return state.fails ? Promise.reject(new Error('no such folder')) : Promise.resolve([file]);
      },
      answer => answers.push(answer),
      timers,
    );
    // Lets what was answered arrive.
    const settle = () => new Promise<void>(resolve => setImmediate(resolve));
    return { timers, answers, state, watch, settle };
  }

  it('asks nobody until somebody looks, and nobody while it is hidden', async () => {
    const { timers, state, watch, settle } = parts();
    watch.setRunning(true);
    watch.refresh();
    timers.advance(120_000);
    assert.equal(state.asked, 0);
    watch.setVisible(true);
    await settle();
    assert.equal(state.asked, 1);
    watch.setVisible(false);
    timers.advance(120_000);
    watch.refresh();
    assert.equal(state.asked, 1);
    watch.setVisible(true);
    await settle();
    assert.equal(state.asked, 2);
  });

  it('asks every 30 s while a run goes on, and not at all when none does', async () => {
    const { timers, state, watch, settle } = parts();
    watch.setVisible(true);
    await settle();
    timers.advance(300_000);
    assert.equal(state.asked, 1);
    watch.setRunning(true);
    for (let second = 0; second < 90; second++) {
      timers.advance(1000);
      await settle();
    }
    assert.equal(state.asked, 4);
    watch.setRunning(false);
    timers.advance(300_000);
    assert.equal(state.asked, 4);
  });

  it('asks one question at a time, and once more for all that happened meanwhile', async () => {
    const { state, watch, settle } = parts();
    watch.setVisible(true);
    for (let times = 0; times < 5; times++) watch.refresh();
    await settle();
    await settle();
    assert.equal(state.asked, 2);
  });

  it('hands on why there is no answer', async () => {
    const { answers, state, watch, settle } = parts();
    state.fails = true;
    watch.setVisible(true);
    await settle();
    assert.deepEqual(answers, [{ kind: 'failed', message: 'no such folder' }]);
  });
});

describe('progressFigures', () => {
  const now = new Date('2026-03-01T12:05:00.000Z');
  const figuresOf = (change: Partial<ProgressSummary>): Map<string, string> =>
    new Map(progressFigures({ ...file, ...change }, now).map(({ label, value }) => [label, value]));

  it('tells tars, files by status, the last save and the journal', () => {
    assert.deepEqual(
      [...figuresOf({})],
      [
        ['Completed tars', '12, 1 not completed'],
        ['On the shelf before', '567'],
        ['New on the shelf', '34,000'],
        ['Current tar', 'books-13.tar'],
        ['Last saved', '5 min ago · 4 MB'],
        ['Journal', '80 lines · 12 kB'],
      ],
    );
    assert.equal(progressDescription(file), '12 tars · 34,567 files');
  });

  it('tells of a file that has nothing yet', () => {
    const figures = figuresOf({
      files: {},
      currentTar: null,
      savedAt: null,
      journal: { sizeBytes: 0, lines: 0 },
    });
    assert.equal(figures.get('Files on the shelf'), 'none yet');
    assert.equal(figures.get('Current tar'), 'none');
    assert.equal(figures.get('Last saved'), 'never');
    assert.equal(figures.get('Journal'), 'empty: all is in the file');
  });

  it('tells what is damaged, and what was kept aside', () => {
    const damaged = {
      damage: ['the progress file cannot be read: it is cut off'],
      keptAside: ['a.damaged-1'],
    };
    const figures = figuresOf(damaged);
    assert.equal(figures.get('Damage found'), 'the progress file cannot be read: it is cut off');
    assert.equal(figures.get('Kept aside'), 'a.damaged-1');
    assert.match(progressDescription({ ...file, ...damaged }), /damage found$/);
    assert.match(
      progressDescription({ ...file, keptAside: ['a.damaged-1'] }),
      /a damaged one is kept aside$/,
    );
  });
});
