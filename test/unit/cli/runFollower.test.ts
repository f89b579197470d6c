import assert from 'node:assert/strict';
import { RunFollower, type Happening } from '../../../src/cli/runFollower.ts';
import { SnapshotStore } from '../../../src/client/snapshotStore.ts';
import type { EngineEvent } from '../../../src/protocol/clientMessages.ts';
import { noCounts, type RunState, type TarState } from '../../../src/protocol/snapshot.ts';
import { runState, tarState } from './states.ts';

const failure = { code: 'BOOK_NOT_READABLE', message: 'Cannot be read.' } as const;

class Scene {
  readonly #store = new SnapshotStore();
  readonly follower = new RunFollower(this.#store);
  #sequence = 0;

  snapshot(run: RunState, tars: TarState[]): Happening[] {
    const snapshot = { sequence: ++this.#sequence, run, tars, workers: [], options: null, history: [] };
    return this.#tell({ type: 'snapshot', sequence: this.#sequence, snapshot });
  }

  run(run: RunState): Happening[] {
    return this.#tell({ type: 'run:changed', sequence: ++this.#sequence, run });
  }

  tar(tar: TarState): Happening[] {
    return this.#tell({ type: 'tar:changed', sequence: ++this.#sequence, tar });
  }

  book(tar: string, member: string): Happening[] {
    return this.#tell({ type: 'book:failed', sequence: ++this.#sequence, tar, member, failure });
  }

  #tell(event: EngineEvent): Happening[] {
    this.#store.apply(event);
    return this.follower.follow(event);
  }
}

const kinds = (happenings: Happening[]): string[] =>
  happenings.map(each => (each.kind === 'tarEnded' ? `${each.kind} ${each.tar.name}` : each.kind));

describe('run follower', () => {
  it('tells the start once, when the run goes on and not before', () => {
    const scene = new Scene();
    assert.deepEqual(kinds(scene.snapshot(runState({ phase: 'starting' }), [])), []);
    assert.deepEqual(kinds(scene.tar(tarState('a.tar'))), []);
    assert.deepEqual(kinds(scene.run(runState())), ['started']);
    assert.deepEqual(kinds(scene.run(runState())), []);
    assert.deepEqual(kinds(scene.snapshot(runState(), [tarState('a.tar')])), []);
  });

  it('tells nothing of a run that was refused', () => {
    const scene = new Scene();
    assert.deepEqual(
      scene.run(runState({ phase: 'refused', failure: { code: 'SOURCE_MISSING', message: 'No.' } })),
      [],
    );
  });

  it('tells the end of each tar once, however often its state comes', () => {
    const scene = new Scene();
    scene.snapshot(runState(), [tarState('a.tar', { phase: 'running' }), tarState('b.tar')]);
    const end = tarState('a.tar', { phase: 'completedWithErrors' });
    assert.deepEqual(kinds(scene.tar(end)), ['tarEnded a.tar']);
    assert.deepEqual(kinds(scene.tar(end)), []);
    assert.deepEqual(kinds(scene.snapshot(runState(), [end, tarState('b.tar')])), []);
  });

  it('tells the end of a tar that only a snapshot told of', () => {
    const scene = new Scene();
    scene.snapshot(runState(), [tarState('a.tar', { phase: 'running' })]);
    assert.deepEqual(kinds(scene.snapshot(runState(), [tarState('a.tar', { phase: 'failed' })])), [
      'tarEnded a.tar',
    ]);
  });

  it('tells the start and the end of a run so short that both come at once', () => {
    const scene = new Scene();
    scene.tar(tarState('a.tar', { phase: 'completed' }));
    assert.deepEqual(kinds(scene.run(runState({ phase: 'finished' }))), ['started', 'tarEnded a.tar']);
  });

  it('does not tell of tars that an earlier run completed', () => {
    const scene = new Scene();
    const tar = tarState('a.tar', { phase: 'completed', earlier: true });
    assert.deepEqual(kinds(scene.snapshot(runState(), [tar])), ['started']);
  });

  it('tells nothing of tars that are not in the run, and counts none of their failures to it', () => {
    const scene = new Scene();
    const other = tarState('other.tar', { phase: 'failed', inRun: false, failure });
    const mine = tarState('mine.tar', { phase: 'failed', failure });
    assert.deepEqual(kinds(scene.snapshot(runState(), [other, mine])), ['started', 'tarEnded mine.tar']);
    assert.deepEqual(scene.follower.failures(9), {
      first: [{ tar: 'mine.tar', member: null, failure }],
      count: 1,
    });
  });

  it('that comes late tells the start, and of what had ended by then nothing', () => {
    const store = new SnapshotStore();
    const follower = new RunFollower(store, { comesLate: true });
    const tell = (sequence: number, tars: TarState[]): Happening[] => {
      const state = { sequence, run: runState(), tars, workers: [], options: null, history: [] };
      const event = { type: 'snapshot', sequence, snapshot: state } as const;
      store.apply(event);
      return follower.follow(event);
    };
    const ended = tarState('a.tar', { phase: 'completed' });
    assert.deepEqual(kinds(tell(1, [ended, tarState('b.tar')])), ['started']);
    const failed = tarState('b.tar', { phase: 'failed' });
    assert.deepEqual(kinds(tell(2, [ended, failed])), ['tarEnded b.tar']);
    assert.deepEqual(kinds(tell(3, [ended, failed])), []);
  });

  it('keeps the first failures, tars before books, and counts all', () => {
    const scene = new Scene();
    const tars = [
      tarState('a.tar', { phase: 'failed', failure: { code: 'TAR_DAMAGED', message: 'Cut off.' } }),
      tarState('b.tar', { phase: 'running' }),
    ];
    for (let book = 1; book <= 30; book++) scene.book('b.tar', `${String(book)}.epub`);
    scene.snapshot(runState({ counts: { ...noCounts(), found: 40, failed: 30 } }), tars);
    const { first, count } = scene.follower.failures(4);
    assert.equal(count, 31);
    assert.deepEqual(
      first.map(note => [note.tar, note.member]),
      [
        ['a.tar', null],
        ['b.tar', '1.epub'],
        ['b.tar', '2.epub'],
        ['b.tar', '3.epub'],
      ],
    );
  });

  it('lists a book once that failed again under a worker that was started again', () => {
    const scene = new Scene();
    scene.book('b.tar', 'x.epub');
    scene.book('b.tar', 'x.epub');
    scene.snapshot(runState({ counts: { ...noCounts(), found: 1, failed: 1 } }), []);
    const { first, count } = scene.follower.failures(10);
    assert.equal(first.length, 1);
    assert.equal(count, 1);
  });
});
