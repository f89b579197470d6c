import assert from 'node:assert/strict';
import { setImmediate as turn } from 'node:timers/promises';
import { Batch } from '../../../src/engine/worker/batch.ts';
import { BatchPipeline, type BatchStages } from '../../../src/engine/worker/batchPipeline.ts';

interface Step {
  readonly resolve: (value: boolean) => void;
  readonly reject: (thrown: Error) => void;
}

describe('the pipeline of batches', () => {
  let told: string[];
  let steps: Map<string, Step>;
  let names: Map<Batch, string>;
  let stages: BatchStages<string>;
  let pipeline: BatchPipeline<string>;
  /** How many batches may go elsewhere, and what has become of those that went. */
  let free: number;
  let elsewhere: Map<string, (left: readonly Batch[]) => void>;

  beforeEach(() => {
    told = [];
    steps = new Map();
    names = new Map();
    free = 0;
    elsewhere = new Map();
    const step = (what: string): Promise<boolean> =>
      new Promise((resolve, reject) => {
        told.push(what);
        steps.set(what, { resolve, reject });
      });
    const nameOf = (batch: Batch): string => names.get(batch) ?? '?';
    stages = {
      share: batch => {
        if (free === 0) return null;
        free--;
        told.push(`share ${nameOf(batch)}`);
        return new Promise(resolve => elsewhere.set(nameOf(batch), resolve));
      },
      digest: async batch => ((await step(`digest ${nameOf(batch)}`)) ? nameOf(batch) : null),
      settle: (_, digested) => step(`settle ${digested}`),
      end: batch => told.push(`end ${nameOf(batch)}`),
      commit: async () => {
        told.push('commit');
        await turn();
      },
    };
    pipeline = withDigests(1);
  });

  function withDigests(digests: number): BatchPipeline<string> {
    const bounds = { batches: 3, digests, bytes: 100, batchesToEnd: 2, batchesWithShared: 6 };
    return new BatchPipeline(stages, bounds);
  }

  function batch(name: string, bytes = 10): Batch {
    const made = new Batch();
    made.keptBytes = bytes;
    names.set(made, name);
    return made;
  }

  async function done(what: string, value = true): Promise<void> {
    const step = steps.get(what);
    assert.ok(step, `${what} is under way, of: ${told.join(', ')}`);
    step.resolve(value);
    await turn();
    await turn();
  }

  it('digests two at a time where that is allowed, and ends them in their order', async () => {
    pipeline = withDigests(2);
    for (const name of ['1', '2']) await pipeline.add(batch(name));
    const third = pipeline.add(batch('3'));
    assert.deepEqual(told, ['digest 1', 'digest 2']);
    await done('digest 2');
    await third;
    assert.deepEqual(told.slice(2), ['settle 2', 'digest 3']);
    await done('settle 2');
    await done('digest 1');
    await done('settle 1');
    await done('digest 3');
    await done('settle 3');
    await pipeline.drain();
    assert.deepEqual(
      told.filter(what => what.startsWith('end')),
      ['end 1', 'end 2', 'end 3'],
    );
  });

  it('digests the next batch while one is settled, and ends them in their order', async () => {
    await pipeline.add(batch('1'));
    const second = pipeline.add(batch('2'));
    await turn();
    assert.deepEqual(told, ['digest 1']);
    await done('digest 1');
    await second;
    assert.deepEqual(told, ['digest 1', 'settle 1', 'digest 2']);
    await done('digest 2');
    await done('settle 2');
    assert.ok(!told.includes('end 2'));
    await done('settle 1');
    await pipeline.drain();
    assert.deepEqual(told.slice(4), ['end 1', 'commit', 'end 2', 'commit']);
  });

  it('takes on no more than there is room for, by number and by bytes', async () => {
    await pipeline.add(batch('1', 60));
    await done('digest 1');
    let taken = false;
    const second = pipeline.add(batch('2', 60)).then(() => (taken = true));
    await turn();
    assert.equal(taken, false);
    await done('settle 1');
    await second;
    await done('digest 2');
    const large = batch('3', 1000);
    const third = pipeline.add(large);
    await turn();
    assert.ok(!told.includes('digest 3'));
    await done('settle 2');
    await third;
    assert.ok(told.includes('digest 3'), 'one that is larger than all the room goes alone');
  });

  it('takes on more while batches that are settled wait to be ended, up to a bound, and forgets their books', async () => {
    const waiting = batch('2');
    await pipeline.add(batch('1'));
    await done('digest 1');
    await pipeline.add(waiting);
    for (const name of ['2', '3', '4', '5']) {
      await done(`digest ${name}`);
      await done(`settle ${name}`);
      if (name !== '5') await pipeline.add(batch(String(Number(name) + 1)));
    }
    assert.deepEqual(waiting.books, []);
    let taken = false;
    const sixth = pipeline.add(batch('6')).then(() => (taken = true));
    await turn();
    assert.equal(taken, false);
    assert.ok(!told.some(what => what.startsWith('end')));
    await done('settle 1');
    await sixth;
    await done('digest 6');
    await done('settle 6');
    await pipeline.drain();
    assert.deepEqual(
      told.filter(what => what.startsWith('end')),
      ['end 1', 'end 2', 'end 3', 'end 4', 'end 5', 'end 6'],
    );
  });

  it('ends none behind one that was not settled', async () => {
    await pipeline.add(batch('1'));
    await done('digest 1');
    await pipeline.add(batch('2'));
    await done('digest 2');
    await done('settle 2');
    await done('settle 1', false);
    await pipeline.drain();
    assert.ok(!told.some(what => what.startsWith('end')));
  });

  it('lets what is under way come to its end when one fails, ends none behind it, and takes none on', async () => {
    await pipeline.add(batch('1'));
    await done('digest 1');
    await pipeline.add(batch('2'));
    await done('digest 2');
    steps.get('settle 1')?.reject(new Error('the disk is gone'));
    await turn();
    await assert.rejects(pipeline.add(batch('3')), /the disk is gone/);
    let idle = false;
    const waiting = pipeline.idle().then(() => (idle = true));
    await turn();
    assert.equal(idle, false);
    await done('settle 2');
    await waiting;
    await assert.rejects(pipeline.drain(), /the disk is gone/);
    assert.ok(!told.some(what => what.startsWith('end') || what.includes('3')));
  });

  function shareable(name: string): Batch {
    const made = batch(name);
    made.mayBeShared = true;
    return made;
  }

  async function cameBack(name: string, ...left: Batch[]): Promise<void> {
    elsewhere.get(name)?.(left);
    for (let turns = 0; turns < 4; turns++) await turn();
  }

  it('has a batch done elsewhere while one is digested here, and ends it in its order', async () => {
    await pipeline.add(shareable('1'));
    free = 1;
    await pipeline.add(shareable('2'));
    const third = pipeline.add(shareable('3'));
    await turn();
    assert.deepEqual(told, ['digest 1', 'share 2']);
    await done('digest 1');
    await third;
    await done('digest 3');
    await done('settle 3');
    await done('settle 1');
    assert.ok(!told.includes('end 3'), 'not before 2');
    await cameBack('2');
    await pipeline.drain();
    assert.deepEqual(
      told.filter(what => what.startsWith('end')),
      ['end 1', 'end 2', 'end 3'],
    );
  });

  it('gives a batch elsewhere as soon as somebody is free there, but none that may not be shared', async () => {
    await pipeline.add(batch('1'));
    let taken = false;
    const second = pipeline.add(shareable('2')).then(() => (taken = true));
    await turn();
    assert.equal(taken, false);
    free = 2;
    pipeline.wake();
    await second;
    const third = pipeline.add(batch('3'));
    await turn();
    assert.deepEqual(told, ['digest 1', 'share 2']);
    await done('digest 1');
    await third;
    assert.equal(told.at(-1), 'digest 3');
  });

  it('goes on here behind one that is elsewhere, up to a limit', async () => {
    free = 1;
    await pipeline.add(batch('0'));
    await pipeline.add(shareable('1'));
    await done('digest 0');
    await done('settle 0');
    // Of six under way, five wait for the first.
    for (const name of ['2', '3', '4', '5', '6']) {
      await pipeline.add(batch(name));
      await done(`digest ${name}`);
      await done(`settle ${name}`);
    }
    let taken = false;
    const last = pipeline.add(batch('7')).then(() => (taken = true));
    await turn();
    assert.equal(taken, false);
    await cameBack('1');
    await last;
    assert.ok(told.includes('digest 7'));
  });

  it('does here what comes back, part by part, and ends the whole once', async () => {
    free = 2;
    await pipeline.add(batch('0'));
    await pipeline.add(shareable('1'));
    await pipeline.add(shareable('2'));
    await done('digest 0');
    await done('settle 0');
    await cameBack('1', batch('1a'), batch('1b'));
    await cameBack('2', batch('2a'));
    assert.ok(!told.includes('digest 2a'), 'one that came back at a time');
    for (const part of ['1a', '1b', '2a']) {
      await done(`digest ${part}`);
      await done(`settle ${part}`);
      await turn();
    }
    await pipeline.drain();
    assert.deepEqual(told.filter(what => !what.startsWith('commit')).slice(5), [
      ...['digest 1a', 'settle 1a', 'digest 1b', 'settle 1b'],
      ...['digest 2a', 'end 1', 'settle 2a', 'end 2'],
    ]);
  });

  it('ends nothing behind a batch that came back and was not settled here, or failed', async () => {
    for (const becomes of ['stopped', 'failed'] as const) {
      told.length = 0;
      free = 1;
      await pipeline.add(batch('0'));
      await pipeline.add(shareable('1'));
      await done('digest 0');
      await done('settle 0');
      await cameBack('1', batch('1a'));
      if (becomes === 'stopped') await done('digest 1a', false);
      else steps.get('digest 1a')?.reject(new Error('the disk is gone'));
      await pipeline.idle();
      if (becomes === 'stopped') await pipeline.drain();
      else await assert.rejects(pipeline.drain(), /the disk is gone/);
      assert.ok(!told.includes('end 1'));
    }
  });
});
