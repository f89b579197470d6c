import assert from 'node:assert/strict';
import { logWorkerEvent } from '../../../src/engine/worker/workerLog.ts';
import { noCounts } from '../../../src/protocol/snapshot.ts';
import type { WorkerEvent } from '../../../src/protocol/workerMessages.ts';

function logged(event: WorkerEvent): string[] {
  const lines: string[] = [];
  const at = (level: string) => (text: string) => {
    lines.push(`${level} ${text}`);
  };
  logWorkerEvent(event, { info: at('INFO'), warn: at('WARNING'), error: at('ERROR') });
  return lines;
}

describe('the log of a worker', () => {
  const ended: Extract<WorkerEvent, { type: 'tar:ended' }> = {
    type: 'tar:ended',
    name: 'a.tar',
    result: 'completed',
    doneBytes: 3_400_000,
    counts: {
      ...noCounts(),
      found: 12,
      uploaded: 9,
      duplicates: { own: 1, others: 1, destination: 0 },
      failed: 1,
      skipped: 2,
    },
    failure: null,
  };

  it('tells the end of a tar with its counts', () => {
    assert.deepEqual(logged(ended), [
      'INFO tar a.tar completed; 3.4 MB read; 12 books found: 9 uploaded, 2 already there, 1 failed; 2 files skipped',
    ]);
  });

  it('tells the failure of a tar with its reason, as an error', () => {
    const failure = { code: 'TAR_DAMAGED', message: 'a.tar: cut off at byte 512.' } as const;
    const [line] = logged({ ...ended, result: 'failed', failure });
    assert.match(line!, /^ERROR tar a\.tar failed; .*; a\.tar: cut off at byte 512\.$/);
  });

  it('tells a failed book by tar, member and reason', () => {
    const failure = { code: 'UPLOAD_FAILED', message: 'no space' } as const;
    assert.deepEqual(logged({ type: 'book:failed', tar: 'a.tar', member: 'x/y.epub', failure }), [
      'WARNING book failed: a.tar › x/y.epub: no space',
    ]);
  });

  it('does not tell the claims and the steps, of which there are thousands', () => {
    assert.deepEqual(logged({ type: 'claim:request', id: 1, keys: [] }), []);
    const step = {
      name: 'a.tar',
      phase: 'scan',
      doneBytes: 1,
      counts: noCounts(),
      extraction: null,
    } as const;
    assert.deepEqual(logged({ type: 'tar:progress', ...step }), []);
  });
});
