import assert from 'node:assert/strict';
import { EngineLink } from '../../../src/engine/worker/engineLink.ts';
import { Activity } from '../../../src/engine/worker/activity.ts';
import { TarCounter } from '../../../src/engine/worker/tarCounter.ts';
import type { WorkerEvent } from '../../../src/protocol/workerMessages.ts';

describe('tar counter', () => {
  it('tells of extracting as a phase of its own, apart from what is done', () => {
    const told: WorkerEvent[] = [];
    const counter = new TarCounter('set.tar', new EngineLink(event => told.push(event)), new Activity());
    counter.extracted(4096, 3);
    const [event] = told;
    assert.ok(event?.type === 'tar:progress');
    assert.equal(event.phase, 'extract');
    assert.deepEqual(event.extraction, { bytes: 4096, files: 3 });
    assert.equal(event.doneBytes, 0);
  });
});
