import assert from 'node:assert/strict';
import { noCounts } from '../../../src/protocol/snapshot.ts';
import { runView, type EngineReader, type RunView } from '../../../src/views/engineReader.ts';
import {
  needAttention,
  attentionText,
  runHeadline,
  statusText,
  type StatusFacts,
} from '../../../src/views/runText.ts';
import { tarDescription, tarDetails } from '../../../src/views/tarText.ts';
import {
  workerContext,
  workerDescription,
  workerDetails,
  workerLook,
  workerSummary,
  workerTrouble,
} from '../../../src/views/workerText.ts';
import { pausedByPerson } from '../../../src/protocol/workerNotes.ts';
import type { TarState, WorkerState } from '../../../src/protocol/snapshot.ts';
import { runState, tarState, workerState } from './sampleStates.ts';

const counts = { ...noCounts(), found: 37, uploaded: 34, duplicates: { own: 1, others: 2, destination: 0 } };
const failure = { code: 'TAR_DAMAGED', message: 'The header at byte 512 is damaged.' } as const;

describe('tarDescription', () => {
  const running = tarState({ phase: 'running', doneBytes: 420_000_000 });

  it('says how far a running tar is, how fast, and how long it takes', () => {
    const worker = workerState({ currentTar: 'books-1.tar', bytesPerSecond: 2_000_000, secondsLeft: 290 });
    assert.equal(tarDescription(running, worker, true), '42 % · 2 MB/s · 5 min left');
  });

  it('says nothing of the time while the rate is not known for long enough', () => {
    const worker = workerState({ currentTar: 'books-1.tar', bytesPerSecond: 2_000_000 });
    assert.equal(tarDescription(running, worker, true), '42 % · 2 MB/s');
  });

  it('leaves out a rate that is not this tar’s, or none at all', () => {
    const elsewhere = workerState({ currentTar: 'books-2.tar', bytesPerSecond: 2_000_000 });
    assert.equal(tarDescription(running, elsewhere, true), '42 %');
    assert.equal(tarDescription(running, workerState({ currentTar: 'books-1.tar' }), true), '42 %');
    assert.equal(tarDescription(running, undefined, true), '42 %');
  });

  it('shows no work going on when the engine is gone', () => {
    const worker = workerState({ currentTar: 'books-1.tar', bytesPerSecond: 2_000_000 });
    assert.equal(tarDescription(running, worker, false), 'interrupted at 42 %');
  });

  it('says how far a tar is that waits, and for whom', () => {
    const begun = tarState({ phase: 'waiting', doneBytes: 430_000_000 });
    assert.equal(tarDescription(begun, workerState({ phase: 'paused' }), true), 'paused at 43 %');
    assert.equal(tarDescription(begun, workerState({ phase: 'upload' }), true), 'waiting at 43 %');
    assert.equal(tarDescription(begun, undefined, true), 'waiting at 43 %');
    // Also of what a run left that has ended, and of whose workers nothing counts any more.
    assert.equal(tarDescription(begun, workerState({ phase: 'paused' }), false), 'stopped at 43 %');
    assert.equal(new Map(tarDetails(begun, false)).get('Read'), '430 MB (43 %)');
  });

  it('says what came of a tar', () => {
    const describeTar = (change: Parameters<typeof tarState>[0]): string =>
      tarDescription(tarState(change), undefined, true);
    assert.equal(describeTar({ phase: 'waiting' }), 'waiting · 1 GB');
    assert.equal(describeTar({ phase: 'completed', counts }), 'completed · 34 books, 3 duplicates');
    assert.equal(describeTar({ phase: 'completed' }), 'completed · no books');
    assert.equal(
      describeTar({ phase: 'completedWithErrors', counts: { ...counts, failed: 2 } }),
      '2 books failed · 34 books, 3 duplicates',
    );
    assert.equal(describeTar({ phase: 'failed', failure }), 'failed: The header at byte 512 is damaged.');
  });

  it('does not repeat the name of a tar in its reason', () => {
    const named = { ...failure, message: 'books-1.tar: the tar is cut off.' };
    assert.equal(
      tarDescription(tarState({ phase: 'failed', failure: named }), undefined, true),
      'failed: the tar is cut off.',
    );
  });

  it('tells an earlier run’s tar apart, with its counts when they were recorded', () => {
    const earlier = { phase: 'completed', earlier: true } as const;
    assert.equal(tarDescription(tarState(earlier), undefined, true), 'completed earlier');
    assert.equal(
      tarDescription(tarState({ ...earlier, counts }), undefined, true),
      'completed earlier · 34 books, 3 duplicates',
    );
  });
});

describe('tarDetails', () => {
  it('tells duplicates apart by who knew them', () => {
    const rows = new Map(tarDetails(tarState({ phase: 'completed', counts }), true));
    assert.equal(rows.get('New books'), '34 books');
    assert.equal(rows.get('Duplicates'), '3 books (1 of this worker, 2 of others)');
  });
});

describe('workerContext', () => {
  it('is the same from step to step of the work, and another when something else can be done', () => {
    const steps = ['idle', 'index', 'extract', 'scan', 'hash', 'upload', 'wait'] as const;
    assert.deepEqual([...new Set(steps.map(workerContext))], ['worker;working']);
    const others = ['starting', 'stopping', 'paused', 'stopped', 'finished', 'died'] as const;
    assert.deepEqual(
      others.map(workerContext),
      others.map(look => `worker;${look}`),
    );
  });
});

describe('workerDescription', () => {
  it('says what a worker does and how fast, and no more than a narrow side bar shows', () => {
    const worker = workerState({
      ...{ phase: 'upload', currentTar: 'books-1.tar', bytesPerSecond: 12_000_000, memoryBytes: 180_000_000 },
    });
    assert.equal(workerDescription(worker, 'upload'), 'uploading · 12 MB/s');
    assert.equal(workerDescription(worker, 'idle'), 'idle');
    assert.equal(workerDescription(worker, 'stopped'), 'stopped');
  });

  it('says what is wrong in the place of what the worker does', () => {
    const troubles = [
      ['slow', 'nothing moves'],
      ['stuck', 'stuck, restarting'],
      ['silent', 'no answer, restarting'],
    ] as const;
    for (const [health, text] of troubles) {
      const worker = workerState({
        phase: 'upload',
        currentTar: 'books-1.tar',
        health,
        bytesPerSecond: 1000,
      });
      assert.equal(workerDescription(worker, 'upload'), text);
      assert.equal(workerTrouble(worker, 'upload'), health);
      assert.equal(workerTrouble(worker, 'stopped'), undefined);
    }
  });

  it('tells a worker that a person paused from one that was started again too often', () => {
    const asked = workerState({ phase: 'paused', note: pausedByPerson });
    assert.equal(workerDescription(asked, 'paused'), 'paused');
    const givenUp = workerState({ phase: 'paused', note: 'paused after 10 restarts in a day', restarts: 10 });
    assert.equal(workerDescription(givenUp, 'paused'), 'too many restarts · ↻ 10');
    assert.equal(workerSummary(givenUp, 'paused'), 'paused · started again too often · 10 restarts');
  });

  it('counts restarts, if there were any', () => {
    assert.equal(workerDescription(workerState({ restarts: 1 }), 'idle'), 'idle · ↻ 1');
    assert.equal(workerSummary(workerState({ restarts: 1 }), 'idle'), 'idle · 1 restart');
    assert.equal(workerSummary(workerState({ restarts: 2 }), 'idle'), 'idle · 2 restarts');
  });
});

describe('workerSummary', () => {
  it('says on which tar a worker is, how fast, and what memory its process has', () => {
    const worker = workerState({
      ...{ phase: 'upload', currentTar: 'books-1.tar', bytesPerSecond: 12_000_000, memoryBytes: 180_000_000 },
    });
    assert.equal(workerSummary(worker, 'upload'), 'uploading · books-1.tar · 12 MB/s · 180 MB memory');
    assert.equal(workerSummary(worker, 'finished'), 'finished');
    assert.deepEqual(new Map(workerDetails(worker, 'upload', true)).get('Memory'), '180 MB');
    assert.equal(new Map(workerDetails(worker, 'stopped', false)).has('Memory'), false);
  });

  it('says how far an extraction is; so do the hover of the worker, and the row of its tar', () => {
    const extraction = { bytes: 500_000_000, files: 1234 };
    const worker = workerState({ phase: 'extract', currentTar: 'books-1.tar', extraction });
    assert.equal(workerSummary(worker, 'extract'), 'extracting · books-1.tar · 500 MB, 1,234 files');
    assert.equal(new Map(workerDetails(worker, 'extract', true)).get('Extracted'), '500 MB, 1,234 files');
    const tar = tarState({ phase: 'running', doneBytes: 0 });
    assert.equal(tarDescription(tar, worker, true), 'extracting · 500 MB of 1 GB, 1,234 files');
    const elsewhere = tarState({ name: 'books-2.tar', phase: 'running', doneBytes: 0 });
    assert.equal(tarDescription(elsewhere, worker, true), '0 %');
  });

  it('says what is wrong with a worker before where it is', () => {
    const stuck = workerState({ phase: 'upload', currentTar: 'books-1.tar', health: 'stuck' });
    assert.equal(workerSummary(stuck, 'upload'), 'uploading · stuck, being started again · books-1.tar');
  });
});

describe('workerLook', () => {
  it('is the worker’s phase while the run goes on', () => {
    assert.equal(workerLook(workerState({ phase: 'scan' }), 'running'), 'scan');
    assert.equal(workerLook(workerState({ phase: 'stopping' }), 'stopping'), 'stopping');
  });

  it('tells one that has nothing left to do from one that was stopped', () => {
    const worker = workerState({ phase: 'stopped' });
    assert.equal(workerLook(worker, 'running'), 'finished');
    assert.equal(workerLook(worker, 'finished'), 'finished');
    assert.equal(workerLook(worker, 'stopped'), 'stopped');
  });

  it('shows no worker at work when its engine is gone', () => {
    assert.equal(workerLook(workerState({ phase: 'scan' }), 'lost'), 'stopped');
  });

  it('shows one that died as being started again only while somebody is there who does it', () => {
    const died = workerState({ phase: 'died' });
    const shown = (run: RunView['kind']): string => workerDescription(died, workerLook(died, run));
    assert.equal(shown('running'), 'starting again');
    for (const run of ['stopping', 'stopped', 'finished', 'lost', 'none'] as const)
      assert.equal(shown(run), 'ended unexpectedly', run);
  });
});

const facts = (
  tars: readonly TarState[],
  workers: readonly WorkerState[] = [],
  silentSeconds: number | null = null,
): StatusFacts => ({ tars, workers, silentSeconds });

describe('statusText', () => {
  const completed = tarState({ phase: 'completed', counts });
  const tars = [completed, tarState({ name: 'books-2.tar', phase: 'running' })];

  it('is silent before a run, and after one that was refused', () => {
    assert.equal(statusText({ kind: 'none' }, facts([])), undefined);
  });

  it('spins while a run goes on', () => {
    const run = runState({ bytesPerSecond: 45_000_000, secondsLeft: 300 });
    assert.equal(
      statusText({ kind: 'running', run }, facts(tars))?.text,
      '$(sync~spin) 1/2 · 45 MB/s · 5 min left',
    );
    assert.equal(statusText({ kind: 'running', run: runState() }, facts(tars))?.text, '$(sync~spin) 1/2');
  });

  it('sums up a run that went well, without a warning', () => {
    const view: RunView = { kind: 'finished', run: runState({ phase: 'finished', counts }) };
    assert.deepEqual(statusText(view, facts([completed])), {
      text: '$(check) 1/1 tars · 34 books',
      spoken: '1/1 tars · 34 books',
      warn: false,
    });
    const nothingNew: RunView = { kind: 'finished', run: runState({ phase: 'finished' }) };
    assert.equal(statusText(nothingNew, facts([completed]))?.text, '$(check) 1/1 tars · no new books');
  });

  it('warns of what failed', () => {
    const failed = tarState({ name: 'books-2.tar', phase: 'failed', failure });
    const run = runState({ phase: 'finished', counts: { ...counts, failed: 1 } });
    const status = statusText({ kind: 'finished', run }, facts([completed, failed]));
    assert.equal(status?.text, '$(warning) 1/2 tars · 34 books · 1 incomplete');
    assert.equal(status.warn, true);
  });

  it('warns of what failed while the run goes on, and of nothing else', () => {
    const view: RunView = { kind: 'running', run: runState() };
    assert.equal(statusText(view, facts(tars))?.warn, false);
    const failed = tarState({ name: 'books-3.tar', phase: 'completedWithErrors' });
    const status = statusText(view, facts([...tars, failed]));
    assert.equal(status?.text, '$(sync~spin) 2/3 · 1 incomplete');
    assert.equal(status.warn, true);
  });

  it('says that it is paused where all workers are, and warns where none of them will go on by itself', () => {
    const view: RunView = { kind: 'running', run: runState({ secondsLeft: 300 }) };
    const paused = workerState({ phase: 'paused', note: pausedByPerson });
    const stopped = workerState({ number: 2, phase: 'stopped' });
    const status = statusText(view, facts(tars, [paused, stopped]));
    assert.deepEqual([status?.text, status?.warn], ['$(debug-pause) 1/2 · paused', false]);
    const atWork = workerState({ number: 2, phase: 'upload' });
    assert.match(statusText(view, facts(tars, [paused, atWork]))?.text ?? '', /spin.* 5 min left/);
    const givenUp = workerState({ phase: 'paused', note: 'paused after 10 restarts in a day' });
    assert.equal(statusText(view, facts(tars, [givenUp, atWork]))?.warn, true);
  });

  it('does not go on showing a rate when the engine has fallen silent', () => {
    const view: RunView = {
      kind: 'running',
      run: runState({ bytesPerSecond: 45_000_000, secondsLeft: 300 }),
    };
    const status = statusText(view, facts(tars, [], 8));
    assert.equal(status?.text, '$(question) 1/2 · no word for 8 s');
    assert.match(runHeadline(view, facts(tars, [], 8)), /^The engine has said nothing for 8 s\./);
    for (const kind of ['starting', 'stopping'] as const) {
      const text = statusText(
        kind === 'starting' ? { kind } : { kind, run: runState() },
        facts(tars, [], 8),
      )?.text;
      assert.match(text ?? '', /no word for 8 s/);
      assert.doesNotMatch(text ?? '', /spin/);
    }
  });

  it('has a state of its own for an engine that is gone', () => {
    const status = statusText({ kind: 'lost' }, facts(tars));
    assert.equal(status?.text, '$(debug-disconnect) Tarshelf: disconnected');
    assert.equal(status.warn, true);
  });

  it('never spins once a run has ended', () => {
    const ended: RunView[] = [
      { kind: 'finished', run: runState({ phase: 'finished' }) },
      { kind: 'stopped', run: runState({ phase: 'stopped' }) },
      { kind: 'lost' },
    ];
    for (const view of ended)
      assert.doesNotMatch(statusText(view, facts(tars))?.text ?? '', /spin/, view.kind);
  });
});

describe('needAttention', () => {
  const givenUp = workerState({ phase: 'paused', note: 'paused after 10 restarts in a day' });

  it('counts tars with failures and workers that were given up', () => {
    const tars = [
      tarState({ phase: 'failed', failure }),
      tarState({ name: 'books-2.tar', phase: 'completedWithErrors' }),
      tarState({ name: 'books-3.tar', phase: 'completed' }),
    ];
    const asked = workerState({ number: 2, phase: 'paused', note: pausedByPerson });
    const attention = needAttention(tars, [givenUp, asked], true);
    assert.deepEqual(attention, { tars: 2, workers: 1 });
    assert.equal(
      attentionText(attention),
      '2 tars with failures, 1 worker paused, because it was started again too often',
    );
  });

  it('needs nobody when all is well, or when the workers are gone with their engine', () => {
    assert.equal(attentionText(needAttention([tarState()], [workerState()], true)), undefined);
    assert.equal(attentionText(needAttention([], [givenUp], false)), undefined);
  });
});

describe('runView', () => {
  const reader = (connection: EngineReader['connection'], phase?: 'running' | 'finished' | 'refused') => {
    const run = phase === undefined ? null : runState({ phase });
    const lists = { options: null, tars: [], workers: [], history: [] };
    const store = { run, ...lists, tar: unused, worker: unused, onChange: () => never };
    return {
      store,
      connection,
      isRunning: connection === 'starting' || connection === 'attached',
      onDidChangeConnection: () => never,
    };
  };
  const unused = (): undefined => undefined;
  const never = { dispose: unused };

  it('is starting until the engine speaks, whatever an earlier run left', () => {
    assert.equal(runView(reader('starting', 'finished')).kind, 'starting');
  });

  it('goes by the engine’s word while it is there', () => {
    assert.equal(runView(reader('attached', 'running')).kind, 'running');
    assert.equal(runView(reader('attached', 'finished')).kind, 'finished');
  });

  it('is lost when the engine is, though it said last that it was running', () => {
    assert.equal(runView(reader('lost', 'running')).kind, 'lost');
  });

  it('shows nothing of a run that was refused', () => {
    assert.equal(runView(reader('ended', 'refused')).kind, 'none');
  });
});
