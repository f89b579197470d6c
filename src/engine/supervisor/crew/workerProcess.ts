import { fork, type ChildProcess } from 'node:child_process';
import * as v from 'valibot';
import {
  encodeRequest,
  workerMessageSchema,
  type WorkerMessage,
  type WorkerRequest,
} from '../../../protocol/workerMessages.ts';
import { identify, killTree, type ProcessIdentity } from '../../system/processes.ts';

/**
 * V8 lets the young generation grow to three times 16 MB and more, and keeps it. What a worker makes is of use for a moment or for the
 * whole run, so it needs no more than this; measured, a worker takes 25 MB less than with four times as much, in the same time.
 */
const youngGeneration = '--max-semi-space-size=1';

/**
 * glibc keeps memory for each thread apart, and what one has freed no other takes. A worker has threads that ask for little and seldom:
 * with one store for all it takes 10 MB less. Other systems know no such variable.
 */
const oneStore = { MALLOC_ARENA_MAX: '1' };

/** How a process ended. */
export interface ProcessEnd {
  /** In a person's words. */
  readonly how: string;
  /** It left by itself, with all said and saved. */
  readonly isClean: boolean;
}

export interface WorkerListener {
  onMessage(message: WorkerMessage): void;
  /** The process has ended and all that it sent has been heard. Called once. */
  onEnd(end: ProcessEnd): void;
}

/** A process of a worker, as the crew has it in hand. */
export interface WorkerHandle {
  readonly pid: number | null;
  /** Who that is; null where it could not begin. */
  readonly identity: Promise<ProcessIdentity | null>;
  send(request: WorkerRequest): void;
  /** Says by a signal what `worker:stop` says, to one that may not read its channel. */
  terminate(): void;
  /** Ends it and all its descendants at once. */
  kill(): void;
}

/** Starts a process of a worker. */
export type StartWorker = (listener: WorkerListener) => WorkerHandle;

/**
 * One child process: its channel with words checked on the way in, and its end. It stays in the engine's process group:
 * its tree is told by who is whose parent, and a signal to the engine's group is meant for all.
 */
export class WorkerProcess implements WorkerHandle {
  readonly #child: ChildProcess;
  readonly identity: Promise<ProcessIdentity | null>;

  constructor(workerPath: string, listener: WorkerListener) {
    const child = fork(workerPath, [], {
      execArgv: ['--disable-warning=ExperimentalWarning', youngGeneration],
      env: { ...process.env, ...oneStore },
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    this.#child = child;
    this.identity = child.pid === undefined ? Promise.resolve(null) : identify(child.pid).catch(() => null);
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
    const end = (how: string, isClean: boolean): void => {
      if (ended) return;
      ended = true;
      listener.onEnd({ how, isClean });
    };
    child.on('error', error => {
      // A process that never began has no `close`.
      if (child.pid === undefined) end(error.message, false);
    });
    // `close` and not `exit`: the channel has been read to its end by then.
    child.on('close', (code, signal) => {
      const reason = /^\w*Error.*$/m.exec(lastWords)?.[0];
      end(reason ?? signal ?? `exit code ${String(code)}`, code === 0);
    });
  }

  get pid(): number | null {
    return this.#child.pid ?? null;
  }

  send(request: WorkerRequest): void {
    if (this.#child.connected) this.#child.send(encodeRequest(request), () => undefined);
  }

  terminate(): void {
    this.#child.kill('SIGTERM');
  }

  kill(): void {
    void this.#kill();
  }

  async #kill(): Promise<void> {
    const identity = await this.identity;
    // As long as its end was not seen, the pid is its own: the system keeps it for its parent to ask about.
    if (identity && this.#isRunning) await killTree(identity);
    // Where the tree could not be told it is ended alone.
    if (this.#isRunning) this.#child.kill('SIGKILL');
  }

  get #isRunning(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }
}
