import assert from 'node:assert/strict';
import { jsonHappening, jsonProgress, jsonSummary } from '../../../src/cli/jsonLines.ts';
import type { IngestOptions } from '../../../src/protocol/ingestOptions.ts';
import { runState, tarState, workerState } from './states.ts';

const options: IngestOptions = {
  sourceFolders: ['/tars'],
  stateFolder: '/state',
  workers: 4,
  batchSize: 1000,
  parallelUploads: 1,
  mode: 'auto',
  afterCompletion: 'keep',
  metadataReader: 'auto',
  destination: { kind: 'library', folder: '/state/library' },
};
const counts = {
  found: 10,
  uploaded: 4,
  duplicates: { own: 1, others: 2, destination: 0 },
  failed: 3,
  skipped: 5,
};
const failure = { code: 'TAR_DAMAGED', message: 'Cut off.' } as const;

// Programs read these lines: a test that fails here is a change that breaks them.
describe('JSON lines', () => {
  it('begin with what the run is', () => {
    const tars = [tarState('a.tar', { phase: 'completed', earlier: true }), tarState('b.tar')];
    assert.deepEqual(jsonHappening({ kind: 'started', run: runState({ totalBytes: 7 }), tars }, options), {
      type: 'started',
      sourceFolders: ['/tars'],
      stateFolder: '/state',
      destination: { kind: 'library', folder: '/state/library' },
      workers: 4,
      tars: { total: 2, completedEarlier: 1 },
      totalBytes: 7,
    });
  });

  it('tell the end of a tar, with its failure', () => {
    const tar = tarState('a.tar', {
      phase: 'failed',
      worker: 2,
      sizeBytes: 9,
      doneBytes: 5,
      counts,
      failure,
    });
    assert.deepEqual(jsonHappening({ kind: 'tarEnded', tar }, options), {
      type: 'tar',
      name: 'a.tar',
      result: 'failed',
      worker: 2,
      sizeBytes: 9,
      doneBytes: 5,
      books: { found: 10, uploaded: 4, duplicates: 3, failed: 3 },
      skipped: 5,
      skippedBy: {},
      failure: { code: 'TAR_DAMAGED', message: 'Cut off.' },
    });
  });

  it('tell failed books and notices', () => {
    assert.deepEqual(jsonHappening({ kind: 'bookFailed', tar: 'a.tar', member: 'x', failure }, options), {
      type: 'bookFailed',
      tar: 'a.tar',
      member: 'x',
      failure: { code: 'TAR_DAMAGED', message: 'Cut off.' },
    });
    assert.deepEqual(jsonHappening({ kind: 'notice', message: 'Kept aside.' }, options), {
      type: 'notice',
      message: 'Kept aside.',
    });
  });

  it('tell how far the run is, and each worker in it', () => {
    const tars = [
      tarState('a.tar', { phase: 'completedWithErrors' }),
      tarState('b.tar', { phase: 'running', sizeBytes: 9, doneBytes: 5 }),
      tarState('c.tar', { phase: 'completed' }),
    ];
    const workers = [
      workerState(1, { currentTar: 'b.tar', bytesPerSecond: 2, extraction: { bytes: 7, files: 3 } }),
      workerState(2, { phase: 'idle' }),
    ];
    const well = { restarts: 0, health: 'well', note: null, memoryBytes: null };
    const run = runState({ counts, doneBytes: 5, totalBytes: 9, bytesPerSecond: 2, secondsLeft: 2 });
    assert.deepEqual(jsonProgress(run, tars, workers), {
      type: 'progress',
      tars: { total: 3, completed: 1, failed: 1 },
      books: { found: 10, uploaded: 4, duplicates: 3, failed: 3 },
      skipped: 5,
      doneBytes: 5,
      totalBytes: 9,
      bytesPerSecond: 2,
      secondsLeft: 2,
      workers: [
        {
          ...{ number: 1, phase: 'upload', tar: 'b.tar', doneBytes: 5, sizeBytes: 9, bytesPerSecond: 2 },
          extraction: { bytes: 7, files: 3 },
          ...well,
        },
        {
          ...{ number: 2, phase: 'idle', tar: null, doneBytes: 0, sizeBytes: 0, bytesPerSecond: 0 },
          extraction: null,
          ...well,
        },
      ],
    });
  });

  it('end with the summary, its type first', () => {
    const summary = {
      tars: { total: 2, completed: 1, failed: 1 },
      books: { found: 10, uploaded: 4, duplicates: 3, failed: 3 },
      skipped: 5,
      bytes: 100,
      seconds: 1.5,
    };
    assert.equal(
      JSON.stringify(jsonSummary(summary)),
      '{"type":"summary","tars":{"total":2,"completed":1,"failed":1},' +
        '"books":{"found":10,"uploaded":4,"duplicates":3,"failed":3},"skipped":5,"bytes":100,"seconds":1.5}',
    );
  });
});
