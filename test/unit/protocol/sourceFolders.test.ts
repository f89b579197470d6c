import assert from 'node:assert/strict';
import * as v from 'valibot';
import type { RunState } from '../../../src/protocol/snapshot.ts';
import { statusFileSchema } from '../../../src/protocol/statusFile.ts';
import { runState } from '../cli/states.ts';

describe('what an older version says of its one source folder', () => {
  const statusOf = (run: object, options: object | null): unknown => ({
    ...{ version: 1, pid: 7, host: 'here' },
    startedAt: '2026-01-02T03:04:05.678Z',
    savedAt: '2026-01-02T03:04:05.678Z',
    snapshot: { sequence: 1, run, options, tars: [], workers: [] },
  });
  const options = {
    ...{ stateFolder: '/state', workers: 1, batchSize: 1, parallelUploads: 1 },
    destination: { kind: 'none' },
  };

  it('is read as a list of it, in the status of a run and in what that was asked for', () => {
    const run: Partial<RunState> = runState();
    delete run.sourceFolders;
    const old = statusOf({ ...run, sourceFolder: '/tars' }, { ...options, sourceFolder: '/tars' });
    const { snapshot } = v.parse(statusFileSchema, old);
    assert.deepEqual(snapshot.run.sourceFolders, ['/tars']);
    assert.deepEqual(snapshot.options?.sourceFolders, ['/tars']);
    assert.ok(!('sourceFolder' in snapshot.run));
  });

  it('is missed where there is neither, and where the list is empty', () => {
    const run: Partial<RunState> = runState();
    delete run.sourceFolders;
    for (const wrong of [run, { ...run, sourceFolders: [] }, { ...run, sourceFolder: 7 }])
      assert.equal(v.safeParse(statusFileSchema, statusOf(wrong, null)).success, false);
  });
});
