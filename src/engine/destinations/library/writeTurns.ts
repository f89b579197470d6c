import { setTimeout as sleep } from 'node:timers/promises';
import pLimit from 'p-limit';
import { isBusy } from '../../system/sqliteErrors.ts';

/**
 * How long a call of SQLite's may wait for its turn: nothing else can be done in this process meanwhile, not even to say
 * that it lives.
 */
export const blockedMs = 100;
const pauseMs = 10;

/**
 * Waits for the turn of this process to write to a database that others write to as well. SQLite gives turns in no order: of
 * eight workers on a slow disk some wait for seconds.
 */
export class WriteTurns {
  readonly #patienceMs: number;
  /** One asks again at a time, so that what all of them together block stays short. */
  readonly #asking = pLimit(1);

  /** @param patienceMs none of our own processes writes for so long */
  constructor(patienceMs: number) {
    this.#patienceMs = patienceMs;
  }

  /**
   * @param write done again from its beginning for as long as it finds others writing
   * @throws what it throws; that others are writing, once the patience has ended
   */
  async take<T>(write: () => T | Promise<T>): Promise<T> {
    const begunAt = performance.now();
    try {
      return await write();
    } catch (thrown) {
      if (!isBusy(thrown)) throw thrown;
    }
    return await this.#asking(async () => {
      for (;;) {
        await sleep(pauseMs);
        try {
          return await write();
        } catch (thrown) {
          if (!isBusy(thrown) || performance.now() - begunAt >= this.#patienceMs) throw thrown;
        }
      }
    });
  }
}
