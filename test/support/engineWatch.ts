import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { EngineClient } from '../../src/client/engineClient.ts';
import type { HistoryEntry } from '../../src/protocol/history.ts';
import type { WorkerState } from '../../src/protocol/snapshot.ts';

const lookEveryMs = 10;

/** Looks on at the engine of a state folder, as a window does. */
export class EngineWatch {
  readonly client: EngineClient;

  private constructor(client: EngineClient) {
    this.client = client;
  }

  /** Attaches as soon as there is an engine. */
  static async attach(stateFolder: string, timeoutMs = 20_000): Promise<EngineWatch> {
    const enginePath = join(import.meta.dirname, '../../dist/engine.js');
    const client = new EngineClient({ enginePath, whenLeft: null });
    const deadline = performance.now() + timeoutMs;
    while (!(await client.attach(stateFolder))) {
      if (performance.now() > deadline) throw new Error(`no engine came in ${stateFolder}`);
      await sleep(lookEveryMs);
    }
    watches.add(client);
    return new EngineWatch(client);
  }

  /** The first worker that is so, as soon as there is one. */
  async worker(
    isSo: (worker: WorkerState) => boolean,
    what: string,
    timeoutMs = 30_000,
  ): Promise<WorkerState> {
    return await this.#until(() => this.client.store.workers.find(isSo), what, timeoutMs);
  }

  /** The first entry of the history that is so, as soon as there is one. */
  async history(
    isSo: (entry: HistoryEntry) => boolean,
    what: string,
    timeoutMs = 60_000,
  ): Promise<HistoryEntry> {
    return await this.#until(() => this.client.store.history.find(isSo), what, timeoutMs);
  }

  async until(isSo: () => boolean, what: string, timeoutMs = 30_000): Promise<void> {
    await this.#until(() => (isSo() ? true : undefined), what, timeoutMs);
  }

  async #until<T>(look: () => T | undefined, what: string, timeoutMs: number): Promise<T> {
    const deadline = performance.now() + timeoutMs;
    for (;;) {
      const found = look();
      if (found !== undefined) return found;
      if (performance.now() > deadline) {
        const workers = this.client.store.workers.map(
          ({ number, phase, note }) => `${String(number)} ${phase} ${note ?? ''}`,
        );
        throw new Error(`not seen in time: ${what}; workers: ${workers.join(', ')}`);
      }
      await sleep(lookEveryMs);
    }
  }
}

const watches = new Set<EngineClient>();

afterEach(() => {
  for (const client of watches) client.dispose();
  watches.clear();
});
