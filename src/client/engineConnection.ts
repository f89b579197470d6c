import { connect, type Socket } from 'node:net';
import * as v from 'valibot';
import {
  engineFrameSchema,
  type ClientFrame,
  type ClientRequest,
  type EngineAnswer,
  type EngineEvent,
  type EngineFrame,
  type WhenLeft,
} from '../protocol/clientMessages.ts';
import { clientProtocolVersion, type EngineFile } from '../protocol/engineFile.ts';
import { oneLine, systemCode, TarshelfError } from '../protocol/errors.ts';
import { sentence } from '../protocol/sentences.ts';
import type { Snapshot } from '../protocol/snapshot.ts';
import type { ThroughputHistory } from '../protocol/throughput.ts';
import { programVersion } from '../protocol/version.ts';
import { deferred, type Deferred } from './deferred.ts';
import { Emitter, type Subscription } from './emitter.ts';
import { LineSplitter } from './lineSplitter.ts';

/** Where an engine is, by its note, and what it must be told first. */
export interface EngineAddress {
  readonly stateFolder: string;
  readonly note: EngineFile;
  readonly token: string;
}

export interface ConnectionOptions {
  /** What the engine is told about a run whose last client leaves; null for no opinion. */
  readonly whenLeft: WhenLeft | null;
  readonly signal?: AbortSignal | undefined;
  /** Time for the engine to take the connection, to say hello and to tell its state, in milliseconds. */
  readonly answersWithinMs?: number;
  /** What the engine said was not understood: only programs of different versions can disagree so. */
  readonly onStrange?: (() => void) | undefined;
}

/**
 * Why there is no connection:
 *
 *   gone    nobody listens at the address
 *   hungUp  the engine took the connection and ended it before it said hello: it is ending, or the token is
 *           another one by now
 */
export type NoConnection = 'gone' | 'hungUp';

const defaultAnswersWithinMs = 5000;
/** For answers that come at once from an engine that is well. */
const requestWithinMs = 30_000;

/**
 * One connection to an engine: frames, requests with ids and their answers, events.
 *
 *   connecting ─▶ greeting ─▶ open ─▶ closed
 *        └───────────┴── no answer in time, aborted, gone, hung up ─▶ closed
 *
 * It is open once the engine has told its whole state; what it told before is part of that. Events that come
 * before somebody listens are kept.
 */
export class EngineConnection {
  readonly stateFolder: string;
  readonly pid: number;
  /** Of the engine's program. */
  readonly version: string;
  /** ISO 8601 in UTC: when the engine began. */
  readonly startedAt: string;
  readonly #socket: Socket;
  readonly #onStrange: () => void;
  readonly #answers = new Map<number, Deferred<EngineAnswer>>();
  readonly #events = new Emitter<EngineEvent>();
  readonly #closed = deferred<undefined>();
  #nextId = 1;
  #isClosed = false;
  /** The first state, and what came after it as long as nobody listens. */
  #kept: EngineEvent[] | null = [];
  readonly #hasState = deferred<undefined>();
  #snapshot: Snapshot | undefined;

  private constructor({ stateFolder, note }: EngineAddress, socket: Socket, onStrange: () => void) {
    this.stateFolder = stateFolder;
    this.pid = note.pid;
    this.version = note.version;
    this.startedAt = note.startedAt;
    this.#socket = socket;
    this.#onStrange = onStrange;
    // Nobody waits for a snapshot that a failed greeting never asked for.
    this.#hasState.promise.catch(() => undefined);
    const lines = new LineSplitter(line => {
      this.#receive(line);
    });
    socket.setEncoding('utf8').on('data', (text: string) => {
      lines.push(text);
    });
    socket.on('close', () => {
      this.#close();
    });
    // What went wrong with an open connection is told by its close.
    socket.on('error', () => undefined);
  }

  /**
   * Connects, says hello, and waits for the engine's state.
   *
   * @throws TarshelfError `ENGINE_SILENT` when it does not answer in time, or belongs to another user;
   *   `ENGINE_OTHER_VERSION` and others that the engine answers the hello with
   * @throws the signal's reason
   */
  static async open(
    address: EngineAddress,
    { whenLeft, signal, answersWithinMs = defaultAnswersWithinMs, onStrange }: ConnectionOptions,
  ): Promise<EngineConnection | NoConnection> {
    signal?.throwIfAborted();
    const silent = new AbortController();
    const timer = setTimeout(() => {
      silent.abort(engineSilent(address));
    }, answersWithinMs);
    const given = signal ? AbortSignal.any([signal, silent.signal]) : silent.signal;
    const socket = connect(address.note.address);
    const connection = new EngineConnection(address, socket, onStrange ?? (() => undefined));
    try {
      const problem = await connected(socket, given);
      if (problem !== null) return noConnection(problem, address);
      return (await connection.#greet(address, whenLeft, given)) ? connection : 'hungUp';
    } catch (thrown) {
      socket.destroy();
      throw thrown;
    } finally {
      clearTimeout(timer);
    }
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Resolves when the connection has ended, whoever ended it. */
  get closed(): Promise<void> {
    return this.#closed.promise;
  }

  /** The engine's whole state, as it was last told. */
  get snapshot(): Snapshot {
    if (!this.#snapshot) throw new Error('the connection is not open');
    return this.#snapshot;
  }

  /** Hands over the state that the engine told first, all events since, and those to come. */
  listen(listener: (event: EngineEvent) => void): Subscription {
    const listening = this.#events.on(listener);
    const kept = this.#kept ?? [];
    this.#kept = null;
    for (const event of kept) this.#events.emit(event);
    return listening;
  }

  /**
   * Asks for something.
   *
   * @returns what was done in one line, where the engine says it
   * @throws TarshelfError what the engine answered; `ENGINE_DIED` when the connection ended before;
   *   `ENGINE_SILENT` when no answer came in time. An ingest has all the time it needs to begin.
   */
  async request(request: ClientRequest): Promise<string | null> {
    const answer = await this.#ask(request, request.type === 'ingest:start' ? null : requestWithinMs);
    return answer.type === 'done' ? answer.message : null;
  }

  /**
   * How fast the present or else the last run was; null before the first.
   *
   * @throws TarshelfError as {@link request} does
   */
  async throughput(): Promise<ThroughputHistory | null> {
    const answer = await this.#ask({ type: 'throughput:get' }, requestWithinMs);
    return answer.type === 'throughput' ? answer.history : null;
  }

  /** Lets go of the engine, once what was said has left. */
  close(): void {
    this.#socket.destroySoon();
  }

  /** Returns false where the engine hung up in the middle of it. */
  async #greet(address: EngineAddress, whenLeft: WhenLeft | null, signal: AbortSignal): Promise<boolean> {
    const protocol = Math.min(clientProtocolVersion, address.note.protocol);
    const { token } = address;
    const aborted = deferred<never>();
    const abort = (): void => {
      aborted.reject(reasonOf(signal));
    };
    signal.addEventListener('abort', abort, { once: true });
    try {
      const version = programVersion;
      const hello = this.#ask({ type: 'client:hello', token, protocol, version, whenLeft }, null);
      await Promise.race([hello, aborted.promise]);
      const told = Promise.all([this.#ask({ type: 'snapshot:get' }, null), this.#hasState.promise]);
      await Promise.race([told, aborted.promise]);
      return true;
    } catch (thrown) {
      const isLost = thrown instanceof TarshelfError && thrown.code === 'ENGINE_DIED';
      if (this.#isClosed && isLost) return false;
      throw thrown;
    } finally {
      signal.removeEventListener('abort', abort);
    }
  }

  async #ask(request: ClientRequest, withinMs: number | null): Promise<EngineAnswer> {
    if (this.#isClosed) throw this.#lost();
    const id = this.#nextId++;
    const answered = deferred<EngineAnswer>();
    this.#answers.set(id, answered);
    const timer =
      withinMs === null
        ? undefined
        : setTimeout(() => {
            answered.reject(engineSilent({ stateFolder: this.stateFolder, note: { pid: this.pid } }));
          }, withinMs);
    try {
      this.#socket.write(`${JSON.stringify({ id, request } satisfies ClientFrame)}\n`);
      const answer = await answered.promise;
      if (answer.type === 'request:failed') {
        throw new TarshelfError(answer.failure.code, answer.failure.message);
      }
      return answer;
    } finally {
      clearTimeout(timer);
      this.#answers.delete(id);
    }
  }

  #receive(line: string): void {
    const frame = parseFrame(line);
    if (!frame) this.#onStrange();
    else if (frame.type === 'answer') this.#answers.get(frame.id)?.resolve(frame.answer);
    else this.#take(frame.event);
  }

  #take(event: EngineEvent): void {
    if (event.type === 'snapshot') {
      this.#snapshot = event.snapshot;
      this.#hasState.resolve(undefined);
    }
    // The state to come includes it.
    if (!this.#snapshot) return;
    if (this.#kept) this.#kept.push(event);
    else this.#events.emit(event);
  }

  #close(): void {
    this.#isClosed = true;
    for (const answered of this.#answers.values()) answered.reject(this.#lost());
    this.#hasState.reject(this.#lost());
    this.#closed.resolve(undefined);
  }

  #lost(): TarshelfError {
    return new TarshelfError('ENGINE_DIED', sentence('engineIsGone', this.stateFolder, this.pid));
  }
}

/** Waits until the socket is connected; returns what went wrong with that. */
async function connected(socket: Socket, signal: AbortSignal): Promise<Error | null> {
  const settled = deferred<Error | null>();
  const abort = (): void => {
    settled.reject(reasonOf(signal));
  };
  signal.addEventListener('abort', abort, { once: true });
  socket.once('connect', () => {
    settled.resolve(null);
  });
  socket.once('error', error => {
    settled.resolve(error);
  });
  try {
    return await settled.promise;
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

function noConnection(problem: Error, { stateFolder, note }: EngineAddress): NoConnection {
  switch (systemCode(problem)) {
    // A socket that nobody listens at, none, or something else by now.
    case 'ECONNREFUSED':
    case 'ENOENT':
    case 'ENOTSOCK':
      return 'gone';
    // So many connect at once that they are turned away; or the engine ended in this moment.
    case 'EAGAIN':
    case 'EBUSY':
    case 'ECONNRESET':
    case 'EPIPE':
      return 'hungUp';
    case 'EACCES':
    case 'EPERM':
      throw new TarshelfError('ENGINE_SILENT', sentence('engineOfOtherUser', stateFolder, note.pid));
    default:
      throw new TarshelfError(
        'ENGINE_SILENT',
        sentence('engineNotReached', stateFolder, note.pid, oneLine(problem)),
        { cause: problem },
      );
  }
}

/** An engine that is there and says nothing, with what a person can do about it. */
function engineSilent(at: { stateFolder: string; note: { pid: number } }): TarshelfError {
  return new TarshelfError('ENGINE_SILENT', sentence('engineIsSilent', at.stateFolder, at.note.pid));
}

function parseFrame(line: string): EngineFrame | null {
  const parsed = v.safeParse(v.pipe(v.string(), v.parseJson(), engineFrameSchema), line);
  return parsed.success ? parsed.output : null;
}

function reasonOf(signal: AbortSignal): Error {
  const reason: unknown = signal.reason;
  return reason instanceof Error ? reason : new Error(String(reason));
}
