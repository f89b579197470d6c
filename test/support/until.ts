import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Waits until something is so; what it throws meanwhile means that it is not so yet.
 *
 * @param what names it where it does not come in time
 */
export async function until(
  what: string,
  isSo: () => Promise<boolean> | boolean,
  withinMs = 10_000,
): Promise<void> {
  const deadline = performance.now() + withinMs;
  let thrown: unknown;
  for (;;) {
    try {
      if (await isSo()) return;
      thrown = undefined;
    } catch (failure) {
      thrown = failure;
    }
    if (performance.now() >= deadline)
      assert.fail(
        `${what}: not within ${String(withinMs)} ms${thrown === undefined ? '' : `: ${String(thrown)}`}`,
      );
    await sleep(20);
  }
}
