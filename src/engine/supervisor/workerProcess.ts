import { fork, type ChildProcess } from 'node:child_process';
import * as v from 'valibot';
import {
  workerMessageSchema,
  type WorkerMessage,
  type WorkerRequest,
} from '../../protocol/workerMessages.ts';

/**
 * V8 lets the young generation grow to three times 16 MB and more, and keeps it: with it a worker that records a
 * million books takes 300 MB, without it 190 MB, in the same time.
 */
const youngGeneration = '--max-semi-space-size=4';

export interface WorkerProcessListener {
  onMessage(message: WorkerMessage): void;
  /** The process has ended and all that it sent has been heard. Called once, with a person's words for how. */
  onEnd(how: string): void;
}

/** One child process: its channel with words checked on the way in, and its end. */
export class WorkerProcess {
  readonly #child: ChildProcess;

  constructor(workerPath: string, listener: WorkerProcessListener) {
    const child = fork(workerPath, [], {
      execArgv: ['--disable-warning=ExperimentalWarning', youngGeneration],
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    this.#child = child;
    let lastWords = '';
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      lastWords = (lastWords + text).slice(-4000);
      // Whole, for whoever keeps the engine's own standard error.
      process.stderr.write(text);
    });
    child.on('message', (message: unknown) => {
      listener.onMessage(v.parse(workerMessageSchema, message));
    });
    let ended = false;
    const end = (how: string): void => {
      if (ended) return;
      ended = true;
      listener.onEnd(how);
    };
    child.on('error', error => {
      // A process that never began has no `close`.
      if (child.pid === undefined) end(error.message);
    });
    // `close` and not `exit`: the channel has been read to its end by then.
    child.on('close', (code, signal) => {
      const reason = /^\w*Error.*$/m.exec(lastWords)?.[0];
      end(reason ?? signal ?? `exit code ${String(code)}`);
    });
  }

  get pid(): number | null {
    return this.#child.pid ?? null;
  }

  send(request: WorkerRequest): void {
    if (this.#child.connected) this.#child.send(request, () => undefined);
  }
}
