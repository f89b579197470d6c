import { spawn, type ChildProcess } from 'node:child_process';
import type { EventEmitter } from 'node:events';
import { Socket } from 'node:net';
import * as v from 'valibot';
import { engineStartSchema, type EngineStart } from '../protocol/clientMessages.ts';
import { TarshelfError } from '../protocol/errors.ts';
import { sentence } from '../protocol/sentences.ts';
import { deferred } from './deferred.ts';
import { nodeFor, type EngineLaunch } from './engineLaunch.ts';
import { settlesWithin } from './settlesWithin.ts';

/** So much of what an engine wrote last is kept, to say why it died. */
const keptCharacters = 2000;

/**
 * An engine process that we started. It outlives us: once it has said that it can be found, neither its channel
 * nor its standard error keeps this process alive, nor the other way round.
 *
 *   started ─▶ ready ─▶ ended
 *      ├─────▶ refused ─▶ ended
 *      └─────▶ ended        (it died before it said anything)
 */
export class EngineProcess {
  readonly #child: ChildProcess;
  readonly #word = deferred<EngineStart | null>();
  readonly #ended = deferred<undefined>();
  #hasEnded = false;
  #lastWords = '';

  constructor(launch: EngineLaunch, stateFolder: string, sourceFolders: readonly string[]) {
    const { execPath, execArgv, env } = nodeFor(launch);
    this.#child = spawn(
      execPath,
      [
        ...[...execArgv, launch.enginePath, '--state-folder', stateFolder],
        ...sourceFolders.flatMap(folder => ['--source-folder', folder]),
      ],
      {
        env,
        // A session of its own: a Ctrl-C or a closed terminal is for its clients to understand.
        detached: true,
        windowsHide: true,
        stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
        serialization: 'json',
      },
    );
    const child = this.#child;
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#lastWords = (this.#lastWords + text).slice(-keptCharacters);
      launch.onStderr?.(text);
    });
    child.on('message', (message: unknown) => {
      const parsed = v.safeParse(engineStartSchema, message);
      if (!parsed.success) return;
      this.#word.resolve(parsed.output);
      this.#letLive();
    });
    // All that it wrote and said has been read by then. Not by `close`: with the channel closed from here there is none.
    void Promise.all([
      told(child, 'exit'),
      told(child, 'disconnect'),
      child.stderr ? told(child.stderr, 'close') : null,
    ]).then(() => {
      this.#end();
    });
    child.on('error', () => {
      // Without a process there is none of them.
      if (child.pid === undefined) this.#end();
    });
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** What it said about its start; null where it ended without a word. */
  get word(): Promise<EngineStart | null> {
    return this.#word.promise;
  }

  /** Waits until it has ended; returns whether it has, in time. Keeps this process alive meanwhile. */
  untilEnded(timeoutMs: number): Promise<boolean> {
    return settlesWithin(this.#ended.promise, timeoutMs);
  }

  /** Ends it without waiting for the books in hand. Only ever the process that we started. */
  kill(): void {
    if (!this.#hasEnded) this.#child.kill('SIGKILL');
  }

  /** Says that it ended unasked, and why, as far as its last words tell. */
  died(): TarshelfError {
    const why = /^\w*Error.*$/m.exec(this.#lastWords)?.[0];
    return engineDied(why);
  }

  #letLive(): void {
    if (this.#child.connected) this.#child.disconnect();
    this.#child.unref();
    // A pipe is a socket underneath.
    if (this.#child.stderr instanceof Socket) this.#child.stderr.unref();
  }

  #end(): void {
    this.#hasEnded = true;
    this.#word.resolve(null);
    this.#ended.resolve(undefined);
  }
}

function told(emitter: EventEmitter, event: string): Promise<void> {
  return new Promise(resolve => {
    emitter.once(event, () => {
      resolve();
    });
  });
}

export function engineDied(why?: string): TarshelfError {
  return new TarshelfError(
    'ENGINE_DIED',
    why === undefined ? sentence('engineEnded') : sentence('engineEndedWith', why),
  );
}
