import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Waits until something is so.
 *
 * @param what names it where it does not come in time
 * @throws what `isSo` throws, at once
 */
export async function until(
  what: string,
  isSo: () => Promise<boolean> | boolean,
  withinMs = 10_000,
): Promise<void> {
  for (const deadline = performance.now() + withinMs; !(await isSo());) {
    if (performance.now() >= deadline) assert.fail(`${what}: not within ${String(withinMs)} ms`);
    await sleep(5);
  }
}
