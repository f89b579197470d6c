import assert from 'node:assert/strict';
import { exitCodeOfError, exitCodeOfRun } from '../../../src/cli/exitCodes.ts';
import type { Summary } from '../../../src/protocol/snapshot.ts';
import { runState } from './states.ts';

const fine: Summary = {
  tars: { total: 2, completed: 2, failed: 0 },
  books: { found: 5, uploaded: 3, duplicates: 2, failed: 0 },
  skipped: 0,
  bytes: 1,
  seconds: 1,
};
const finished = (summary: Summary | null) => exitCodeOfRun(runState({ phase: 'finished', summary }));

describe('exit codes', () => {
  it('are 0 only when everything is done', () => {
    assert.equal(finished(fine), 0);
    assert.equal(finished({ ...fine, tars: { total: 2, completed: 1, failed: 1 } }), 1);
    assert.equal(finished({ ...fine, tars: { total: 2, completed: 1, failed: 0 } }), 1);
    assert.equal(finished({ ...fine, books: { ...fine.books, failed: 1 } }), 1);
    assert.equal(finished(null), 1);
    assert.equal(finished({ ...fine, tars: { total: 9, completed: 2, failed: 1, notInRun: 6 } }), 1);
    // Nobody asked for the others.
    assert.equal(finished({ ...fine, tars: { total: 9, completed: 2, failed: 0, notInRun: 7 } }), 0);
    assert.equal(finished({ ...fine, tars: { total: 9, completed: 2, failed: 0, notInRun: 6 } }), 1);
  });

  it('are 130 for a run that was stopped, but 1 when a failure stopped it', () => {
    assert.equal(exitCodeOfRun(runState({ phase: 'stopped', summary: fine })), 130);
    const failure = { code: 'LIBRARY_NOT_WRITABLE', message: 'The disk is full.' } as const;
    assert.equal(exitCodeOfRun(runState({ phase: 'stopped', summary: fine, failure })), 1);
  });

  it('are 2 for wrong usage and 1 for other errors', () => {
    assert.equal(exitCodeOfError('USAGE'), 2);
    assert.equal(exitCodeOfError('SOURCE_MISSING'), 2);
    assert.equal(exitCodeOfError('ENGINE_DIED'), 1);
    assert.equal(exitCodeOfError('INTERNAL'), 1);
  });
});
