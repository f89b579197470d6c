import assert from 'node:assert/strict';
import { noCounts } from '../../../src/protocol/snapshot.ts';
import { runView, type EngineReader, type RunView } from '../../../src/views/engineReader.ts';
import { statusText } from '../../../src/views/runText.ts';
import { tarDescription, tarDetails } from '../../../src/views/tarText.ts';
import { workerDescription, workerLook } from '../../../src/views/workerText.ts';
import { runState, tarState, workerState } from './sampleStates.ts';

const counts = { ...noCounts(), found: 37, uploaded: 34, duplicates: { own: 1, others: 2, destination: 0 } };
const failure = { code: 'TAR_DAMAGED', message: 'The header at byte 512 is damaged.' } as const;

describe('tarDescription', () => {
  const running = tarState({ phase: 'running', doneBytes: 420_000_000 });

  it('says how far a running tar is, how fast, and how long it takes', () => {
    const worker = workerState({ currentTar: 'books-1.tar', bytesPerSecond: 2_000_000 });
    assert.equal(tarDescription(running, worker, true), '42 % · 2 MB/s · 5 min left');
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

  it('says what came of a tar', () => {
    const describeTar = (change: Parameters<typeof tarState>[0]): string =>
      tarDescription(tarState(change), undefined, true);
    assert.equal(describeTar({ phase: 'waiting' }), 'waiting');
    assert.equal(describeTar({ phase: 'completed', counts }), 'completed · 34 books, 3 duplicates');
    assert.equal(describeTar({ phase: 'completed' }), 'completed · no books');
    assert.equal(
      describeTar({ phase: 'completedWithErrors', counts: { ...counts, failed: 2 } }),
      'completed with errors · 34 books, 3 duplicates, 2 failed',
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

describe('workerDescription', () => {
  it('says what a worker does, on which tar and how fast', () => {
    const worker = workerState({ phase: 'upload', currentTar: 'books-1.tar', bytesPerSecond: 12_000_000 });
    assert.equal(workerDescription(worker, 'upload'), 'uploading · books-1.tar · 12 MB/s');
    assert.equal(workerDescription(worker, 'stopped'), 'stopped');
  });

  it('says how far an extraction is, at its worker and at its tar', () => {
    const extraction = { bytes: 500_000_000, files: 1234 };
    const worker = workerState({ phase: 'extract', currentTar: 'books-1.tar', extraction });
    assert.equal(workerDescription(worker, 'extract'), 'extracting · books-1.tar · 500 MB, 1,234 files');
    const tar = tarState({ phase: 'running', doneBytes: 0 });
    assert.equal(tarDescription(tar, worker, true), 'extracting · 500 MB of 1 GB, 1,234 files');
    const elsewhere = tarState({ name: 'books-2.tar', phase: 'running', doneBytes: 0 });
    assert.equal(tarDescription(elsewhere, worker, true), '0 %');
  });

  it('counts restarts, if there were any', () => {
    assert.equal(workerDescription(workerState({ restarts: 1 }), 'idle'), 'idle · 1 restart');
    assert.equal(workerDescription(workerState({ restarts: 2 }), 'idle'), 'idle · 2 restarts');
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
    assert.equal(workerLook(workerState({ phase: 'died' }), 'lost'), 'died');
  });
});

describe('statusText', () => {
  const completed = tarState({ phase: 'completed', counts });
  const tars = [completed, tarState({ name: 'books-2.tar', phase: 'running' })];

  it('is silent before a run, and after one that was refused', () => {
    assert.equal(statusText({ kind: 'none' }, []), undefined);
  });

  it('spins while a run goes on', () => {
    const run = runState({ bytesPerSecond: 45_000_000, secondsLeft: 300 });
    assert.equal(statusText({ kind: 'running', run }, tars)?.text, '$(sync~spin) 1/2 · 45 MB/s · 5 min left');
    assert.equal(statusText({ kind: 'running', run: runState() }, tars)?.text, '$(sync~spin) 1/2');
  });

  it('sums up a run that went well, without a warning', () => {
    const view: RunView = { kind: 'finished', run: runState({ phase: 'finished', counts }) };
    assert.deepEqual(statusText(view, [completed]), {
      text: '$(check) 1/1 tars · 34 books',
      spoken: '1/1 tars · 34 books',
      warn: false,
    });
    const nothingNew: RunView = { kind: 'finished', run: runState({ phase: 'finished' }) };
    assert.equal(statusText(nothingNew, [completed])?.text, '$(check) 1/1 tars · no new books');
  });

  it('warns of what failed', () => {
    const failed = tarState({ name: 'books-2.tar', phase: 'failed', failure });
    const run = runState({ phase: 'finished', counts: { ...counts, failed: 1 } });
    const status = statusText({ kind: 'finished', run }, [completed, failed]);
    assert.equal(status?.text, '$(warning) 1/2 tars · 34 books · 1 incomplete');
    assert.equal(status.warn, true);
  });

  it('warns of an engine that went without a word', () => {
    assert.equal(statusText({ kind: 'lost' }, tars)?.warn, true);
  });

  it('never spins once a run has ended', () => {
    const ended: RunView[] = [
      { kind: 'finished', run: runState({ phase: 'finished' }) },
      { kind: 'stopped', run: runState({ phase: 'stopped' }) },
      { kind: 'lost' },
    ];
    for (const view of ended) assert.doesNotMatch(statusText(view, tars)?.text ?? '', /spin/, view.kind);
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
