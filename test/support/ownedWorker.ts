import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import * as v from 'valibot';
import type { DestinationOptions, IngestOptions } from '../../src/protocol/ingestOptions.ts';
import { noSecrets } from '../../src/protocol/secrets.ts';
import {
  workerEventSchema,
  type WorkerEvent,
  type WorkerRequest,
} from '../../src/protocol/workerMessages.ts';
import type { MyBookshelf2Server } from './mybookshelf2/mybookshelf2Server.ts';
import { untilGone } from './processTree.ts';

const pidSchema = v.object({ pid: v.number() });

type InitRequest = Extract<WorkerRequest, { type: 'worker:init' }>;

export type Health = Extract<WorkerEvent, { type: 'worker:health' }>;

/** What an engine of one worker says first, with one tar to take. */
export function firstMessage(
  folders: Pick<IngestOptions, 'sourceFolders' | 'stateFolder'>,
  destination: DestinationOptions,
  destinationId: string,
  password: string | null,
): InitRequest {
  return {
    type: 'worker:init',
    number: 1,
    options: {
      ...{ ...folders, workers: 1, batchSize: 1000, parallelUploads: 1, destination },
      ...{ mode: 'in-place', afterCompletion: 'keep', metadataReader: 'builtin' },
    },
    secrets: { ...noSecrets, password },
    destinationId,
    assignedTars: ['a.tar'],
    assignedBytes: 0,
  };
}

export function shelfOptions(
  server: MyBookshelf2Server,
): Extract<DestinationOptions, { kind: 'mybookshelf2' }> {
  return {
    ...{ kind: 'mybookshelf2', apiUrl: server.apiUrl, webSocketUrl: server.wsUrl, userName: 'admin' },
    ...{ fallbackLanguage: 'en', database: null },
  };
}

/** A worker process, and an engine of it that can be killed. */
export class OwnedWorker {
  readonly #engine: ChildProcess;
  readonly pid: number;
  /** All that the worker said, with when it was heard, in milliseconds. */
  readonly heard: { readonly event: WorkerEvent; readonly at: number }[] = [];
  #onHeard = (): void => undefined;

  private constructor(engine: ChildProcess, pid: number) {
    this.#engine = engine;
    this.pid = pid;
  }

  static async start(init: InitRequest): Promise<OwnedWorker> {
    const engine = fork(join(import.meta.dirname, 'workerOwner.ts'), [JSON.stringify(init)], {
      stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
    });
    if (!engine.stdout) throw new Error('its output is piped');
    const lines = createInterface(engine.stdout);
    const [first] = (await once(lines, 'line')) as [string];
    const owned = new OwnedWorker(engine, v.parse(pidSchema, JSON.parse(first)).pid);
    lines.on('line', line => {
      owned.heard.push({ event: v.parse(workerEventSchema, JSON.parse(line)), at: performance.now() });
      owned.#onHeard();
    });
    return owned;
  }

  get beats(): { readonly event: Health; readonly at: number }[] {
    return this.heard.flatMap(({ event, at }) => (event.type === 'worker:health' ? [{ event, at }] : []));
  }

  /** Waits until the worker has said something. */
  until(isIt: (event: WorkerEvent) => boolean): Promise<void> {
    return new Promise(resolve => {
      this.#onHeard = () => {
        if (this.heard.some(({ event }) => isIt(event))) resolve();
      };
      this.#onHeard();
    });
  }

  send(request: WorkerRequest): void {
    this.#engine.send(request);
  }

  /** The engine is gone from one moment to the next. */
  async killEngine(): Promise<void> {
    this.#engine.kill('SIGKILL');
    await once(this.#engine, 'exit');
  }

  /** Waits until the worker has ended. @returns after how many milliseconds */
  async untilGone(timeoutMs: number): Promise<number> {
    const begunAt = performance.now();
    await untilGone(this.pid, timeoutMs);
    return performance.now() - begunAt;
  }

  /** Nothing of it is left behind a test, however that ended. */
  async end(): Promise<void> {
    for (const end of [() => this.#engine.kill('SIGKILL'), () => process.kill(this.pid, 'SIGKILL')]) {
      try {
        end();
      } catch {
        // It has ended.
      }
    }
    await untilGone(this.pid, 5000);
  }
}
