import assert from 'node:assert/strict';
import { setImmediate as turn } from 'node:timers/promises';
import { Batch } from '../../../src/engine/worker/batch.ts';
import { BatchPipeline } from '../../../src/engine/worker/batchPipeline.ts';

interface Step {
  readonly resolve: (value: boolean) => void;
  readonly reject: (thrown: Error) => void;
}

describe('the pipeline of batches', () => {
  let told: string[];
  let steps: Map<string, Step>;
  let names: Map<Batch, string>;
  let pipeline: BatchPipeline<string>;

  beforeEach(() => {
    told = [];
    steps = new Map();
    names = new Map();
    const step = (what: string): Promise<boolean> =>
      new Promise((resolve, reject) => {
        told.push(what);
        steps.set(what, { resolve, reject });
      });
    const nameOf = (batch: Batch): string => names.get(batch) ?? '?';
    pipeline = new BatchPipeline<string>(
      {
        digest: async batch => ((await step(`digest ${nameOf(batch)}`)) ? nameOf(batch) : null),
        settle: (_, digested) => step(`settle ${digested}`),
        end: batch => told.push(`end ${nameOf(batch)}`),
        commit: async () => {
          told.push('commit');
          await turn();
        },
      },
      { batches: 3, bytes: 100 },
    );
  });

  function batch(name: string, bytes = 10): Batch {
    const made = new Batch();
    made.bytes = bytes;
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
});
