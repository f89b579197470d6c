import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { Emitter } from '../../../src/client/emitter.ts';
import { RunWatch, type SeenView } from '../../../src/session/runWatch.ts';

class View implements SeenView {
  readonly #changes = new Emitter<undefined>();
  visible = false;

  onDidChangeVisibility(listener: () => void): { dispose(): void } {
    return this.#changes.on(listener);
  }

  show(visible: boolean): void {
    this.visible = visible;
    this.#changes.emit(undefined);
  }
}

const everyMs = 20;

describe('RunWatch', () => {
  let tars: View;
  let workers: View;
  let looks: number;
  let watch: RunWatch;
  let look: () => Promise<void>;

  beforeEach(() => {
    [tars, workers, looks] = [new View(), new View(), 0];
    look = () => Promise.resolve();
    watch = new RunWatch(
      () => {
        looks++;
        return look();
      },
      [tars, workers],
      everyMs,
    );
  });

  afterEach(() => {
    watch.dispose();
  });

  it('looks at once when a view comes into sight, and again and again while one is', async () => {
    tars.show(true);
    assert.equal(looks, 1);
    workers.show(true);
    tars.show(false);
    const before = looks;
    await sleep(20 * everyMs);
    assert.ok(looks >= before + 3, String(looks));
  });

  it('does nothing while no view is seen, but looks once when the window is come back to', async () => {
    await sleep(3 * everyMs);
    tars.show(true);
    await sleep(0);
    tars.show(false);
    const before = looks;
    await sleep(5 * everyMs);
    assert.equal(looks, before);
    watch.lookNow();
    await sleep(5 * everyMs);
    assert.equal(looks, before + 1);
  });

  it('waits for the end of a look before the next one', async () => {
    const slow = Promise.withResolvers<undefined>();
    look = () => slow.promise;
    tars.show(true);
    watch.lookNow();
    await sleep(5 * everyMs);
    const meanwhile = looks;
    slow.resolve(undefined);
    await sleep(10 * everyMs);
    assert.equal(meanwhile, 1);
    assert.ok(looks > meanwhile, String(looks));
  });

  it('looks no more when it is disposed of, also in the middle of a look', async () => {
    const slow = Promise.withResolvers<undefined>();
    look = () => slow.promise;
    tars.show(true);
    watch.dispose();
    slow.resolve(undefined);
    await sleep(5 * everyMs);
    assert.equal(looks, 1);
  });
});
