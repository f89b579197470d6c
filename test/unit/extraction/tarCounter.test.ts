import assert from 'node:assert/strict';
import { EngineLink } from '../../../src/engine/worker/engineLink.ts';
import { TarCounter } from '../../../src/engine/worker/tarCounter.ts';
import type { WorkerEvent } from '../../../src/protocol/workerMessages.ts';

describe('tar counter', () => {
  it('tells of extracting as a phase of its own, with the bytes extracted', () => {
    const told: WorkerEvent[] = [];
    const counter = new TarCounter('set.tar', new EngineLink(event => told.push(event)));
    counter.extracted(4096);
    const [event] = told;
    assert.ok(event?.type === 'tar:progress');
    assert.equal(event.phase, 'extract');
    assert.equal(event.doneBytes, 4096);
  });
});
