import { fork, type ChildProcess } from 'node:child_process';
import * as v from 'valibot';
import {
  engineMessageSchema,
  type ClientRequest,
  type EngineEvent,
  type EngineReply,
} from '../protocol/clientMessages.ts';
import { TarshelfError } from '../protocol/errors.ts';
import type { DestinationOptions, IngestOptions } from '../protocol/ingestOptions.ts';
import type { FailedTar } from '../protocol/progressFile.ts';
import type { Secrets } from '../protocol/secrets.ts';
import type { RunState } from '../protocol/snapshot.ts';
import { Emitter, type Subscription } from './emitter.ts';
import { SnapshotStore, type SnapshotReader } from './snapshotStore.ts';

/** How to start an engine. */
export interface EngineLaunch {
  /** Absolute path of the engine's bundle. */
  readonly enginePath: string;
  /** The Node to run it on; this process's own when absent. */
  readonly execPath?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** Lines that the engine or a worker wrote to standard error: what no event could say any more. */
  readonly onStderr?: (text: string) => void;
}

/**
 * A client's hold on one engine: starts it, sends requests, and keeps a store of what its events say.
 *
 * The engine is this process's child and listens on the channel between them. When the channel closes, by
 * `dispose` or by this process's death, the engine lets its workers finish the book in hand, saves, and ends:
 * nothing has to be killed, and nothing is orphaned.
 */
export class EngineClient {
  readonly #launch: EngineLaunch;
  readonly #store = new SnapshotStore();
  readonly #events = new Emitter<EngineEvent>();
  #child: ChildProcess | undefined;
  /** The last that the engine wrote to standard error. */
  #lastWords = '';
  #onReply: (reply: EngineReply) => void = () => undefined;
  #exited: Promise<void> = Promise.resolve();

  constructor(launch: EngineLaunch) {
    this.#launch = launch;
  }

  get store(): SnapshotReader {
    return this.#store;
  }

  /** Whether an engine of ours is alive. */
  get isRunning(): boolean {
    return this.#child !== undefined;
  }

  onEvent(listener: (event: EngineEvent) => void): Subscription {
    return this.#events.on(listener);
  }

  /**
   * Starts an engine and an ingest in it.
   *
   * @returns the run's last state: `finished`, or `stopped` after {@link stop}.
   * @throws TarshelfError the code of the refusal when the engine would not begin; `ENGINE_BUSY` when one of
   *   ours is running already; `ENGINE_DIED` when it ended without saying how the run ended.
   */
  async ingest(options: IngestOptions, secrets: Secrets): Promise<RunState> {
    if (this.#child) {
      throw busy();
    }
    this.#start();
    // Not the store's run: an engine that dies at once leaves there what an earlier one said.
    let run: RunState | undefined;
    const listening = this.#events.on(event => {
      if (event.type === 'run:changed') run = event.run;
      else if (event.type === 'snapshot') run = event.snapshot.run;
    });
    this.#store.expectNewEngine();
    this.#send({ type: 'ingest:start', options, secrets });
    await this.#exited;
    listening.dispose();
    if (run?.phase === 'finished' || run?.phase === 'stopped') return run;
    if (run?.phase === 'refused' && run.failure)
      throw new TarshelfError(run.failure.code, run.failure.message);
    throw this.#died();
  }

  /** Asks the engine to finish the books in hand, save and end; resolves when it has. */
  async stop(): Promise<void> {
    this.#send({ type: 'ingest:stop' });
    await this.#exited;
  }

  /** Ends the engine without waiting for the books in hand: they are uploaded again by the next run. */
  kill(): void {
    this.#child?.kill('SIGKILL');
  }

  /** Lets go of the engine, which drains and ends by itself. */
  dispose(): void {
    if (this.#child?.connected) this.#child.disconnect();
  }

  /**
   * Asks an engine of its own what has failed in a state folder.
   *
   * @throws TarshelfError `PROGRESS_NOT_READABLE`, `ENGINE_BUSY`, `ENGINE_DIED`
   */
  async listFailures(stateFolder: string): Promise<FailedTar[]> {
    const answer = await this.#ask({ type: 'failures:list', stateFolder });
    if (answer?.type === 'failures') return answer.tars;
    throw this.#noAnswer(answer);
  }

  /**
   * Asks an engine of its own whether a destination could take books now. Nothing is changed there.
   *
   * @returns one line for a person: what was found
   * @throws TarshelfError `DESTINATION_UNUSABLE` with what is in the way; `ENGINE_BUSY`, `ENGINE_DIED`
   * @throws the signal's reason as soon as it comes; the engine gives up then, and ends by itself
   */
  async checkDestination(
    options: DestinationOptions,
    secrets: Secrets,
    signal?: AbortSignal,
  ): Promise<string> {
    const answer = await this.#ask({ type: 'destination:check', options, secrets }, signal);
    if (answer?.type === 'destination:checked') return answer.message;
    throw this.#noAnswer(answer);
  }

  /** Puts one question to an engine that is there for nothing else. */
  async #ask(request: ClientRequest, signal?: AbortSignal): Promise<EngineReply | undefined> {
    if (this.#child) throw busy();
    signal?.throwIfAborted();
    this.#start();
    let answer: EngineReply | undefined;
    this.#onReply = reply => {
      answer = reply;
    };
    this.#send(request);
    const aborted = Promise.withResolvers<undefined>();
    const leave = (): void => {
      this.dispose();
      aborted.resolve(undefined);
    };
    signal?.addEventListener('abort', leave, { once: true });
    await Promise.race([this.#exited, aborted.promise]);
    signal?.removeEventListener('abort', leave);
    signal?.throwIfAborted();
    return answer;
  }

  #noAnswer(answer: EngineReply | undefined): TarshelfError {
    return answer?.type === 'request:failed'
      ? new TarshelfError(answer.failure.code, answer.failure.message)
      : this.#died();
  }

  #start(): void {
    const child = fork(this.#launch.enginePath, [], {
      execPath: this.#launch.execPath ?? process.execPath,
      // node:sqlite still announces itself as experimental on Node 22 and 24.
      execArgv: ['--disable-warning=ExperimentalWarning'],
      // Desktop VS Code's process.execPath is Electron, which is a Node only when told so.
      env: { ...(this.#launch.env ?? process.env), ELECTRON_RUN_AS_NODE: '1' },
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      serialization: 'json',
    });
    this.#child = child;
    // A death after the channel closed leaves nothing that could be sent; the exit event tells it.
    child.on('error', () => undefined);
    this.#lastWords = '';
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#lastWords = (this.#lastWords + text).slice(-2000);
      this.#launch.onStderr?.(text);
    });
    child.on('message', (message: unknown) => {
      this.#receive(message);
    });
    this.#exited = new Promise(resolve => {
      child.once('close', () => {
        this.#child = undefined;
        resolve();
      });
      // Without a process there is no `close`.
      if (child.pid === undefined)
        child.once('error', () => {
          this.#child = undefined;
          resolve();
        });
    });
  }

  #died(): TarshelfError {
    const why = /^\w*Error.*$/m.exec(this.#lastWords)?.[0];
    return new TarshelfError(
      'ENGINE_DIED',
      `The engine ended unexpectedly${why === undefined ? '' : ` (${why})`}. Nothing is lost: launch again to go on.`,
    );
  }

  #send(request: ClientRequest): void {
    if (!this.#child?.connected) return;
    // A failing send means that the child is gone; its exit says so to whoever waits.
    this.#child.send(request, () => undefined);
  }

  #receive(message: unknown): void {
    const parsed = v.safeParse(engineMessageSchema, message);
    if (!parsed.success) {
      // Only bundles of different versions can disagree; a person finds it in the log.
      this.#launch.onStderr?.(
        'The engine sent an event that is not understood. Build or install Tarshelf anew.\n',
      );
      return;
    }
    if (!('sequence' in parsed.output)) {
      this.#onReply(parsed.output);
      return;
    }
    if (!this.#store.apply(parsed.output)) this.#send({ type: 'snapshot:get' });
    this.#events.emit(parsed.output);
  }
}

function busy(): TarshelfError {
  return new TarshelfError('ENGINE_BUSY', 'An ingest is running already. Stop it, or wait for its end.');
}
