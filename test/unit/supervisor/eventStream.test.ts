import assert from 'node:assert/strict';
import { EventStream, type StreamedState } from '../../../src/engine/supervisor/clients/eventStream.ts';
import type { EngineEvent } from '../../../src/protocol/clientMessages.ts';
import { runState, tarState } from '../cli/states.ts';

describe('event stream', () => {
  const state: StreamedState = {
    run: runState(),
    options: null,
    tars: [tarState('a.tar')],
    workers: [],
    history: [],
  };

  it('numbers events one by one, the same for all who listen', () => {
    const stream = new EventStream(() => state);
    const first: EngineEvent[] = [];
    const second: EngineEvent[] = [];
    stream.listen(event => first.push(event));
    stream.post({ type: 'notice', message: 'one' });
    stream.listen(event => second.push(event));
    stream.post({ type: 'tar:changed', tar: tarState('a.tar') });
    stream.post({ type: 'notice', message: 'three' });
    assert.deepEqual(
      first.map(event => [event.sequence, event.type]),
      [
        [1, 'notice'],
        [2, 'tar:changed'],
        [3, 'notice'],
      ],
    );
    assert.deepEqual(second, first.slice(1));
  });

  it('gives a snapshot the number of the last event, and none of its own', () => {
    const stream = new EventStream(() => state);
    assert.deepEqual(stream.snapshot(), {
      type: 'snapshot',
      sequence: 0,
      snapshot: { sequence: 0, ...state },
    });
    const heard: EngineEvent[] = [];
    stream.post({ type: 'notice', message: 'one' });
    stream.listen(event => heard.push(event));
    stream.tellSnapshot();
    stream.post({ type: 'notice', message: 'two' });
    assert.deepEqual(
      heard.map(event => [event.sequence, event.type]),
      [
        [1, 'snapshot'],
        [2, 'notice'],
      ],
    );
  });

  it('tells no more to one who has ended the listening', () => {
    const stream = new EventStream(() => state);
    const heard: EngineEvent[] = [];
    const end = stream.listen(event => heard.push(event));
    end();
    stream.post({ type: 'notice', message: 'one' });
    assert.deepEqual(heard, []);
  });
});
