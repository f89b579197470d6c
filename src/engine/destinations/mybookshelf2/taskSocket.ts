import type { Agent } from 'node:http';
import { randomUUID } from 'node:crypto';
import * as v from 'valibot';
import { WebSocket, type RawData } from 'ws';
import { DestinationUnusable } from '../destination.ts';
import { PassingFailure } from '../retry.ts';
import { agentFor, shownAddress } from './addresses.ts';
import { connectionFailure } from './httpClient.ts';
import type { Login } from './login.ts';
import { parseJson } from './login.ts';

export interface TaskTimes {
  readonly handshakeMs: number;
  /** Between two pings; a connection that has not answered the last one by the next is gone. */
  readonly pingMs: number;
  /** From a task's start: the longest that the server lets it take, and some. */
  readonly longestTaskMs: number;
  /** The shortest time after which a result is taken for lost, however quick all tasks were so far. */
  readonly shortestPatienceMs: number;
  /** From the call on: other clients' tasks may come first. */
  readonly longestQueueMs: number;
}

const usualTimes: TaskTimes = {
  handshakeMs: 10_000,
  pingMs: 20_000,
  longestTaskMs: 70_000,
  shortestPatienceMs: 5000,
  longestQueueMs: 300_000,
};

/** A result is taken for lost after so many times the longest that a task took so far. */
const patienceFactor = 10;
/** Only so often: what never answers is not to be asked for ever. */
const mostSendings = 3;

const updateSchema = v.variant('status', [
  v.object({ status: v.literal('started') }),
  v.object({ status: v.literal('progress') }),
  v.object({ status: v.literal('success'), result: v.unknown() }),
  v.object({ status: v.literal('error'), error: v.string() }),
]);
const messageSchema = v.union([
  v.tuple([v.literal('r'), v.number(), v.unknown()]),
  v.tuple([v.literal('e'), v.number(), v.string(), v.unknown()]),
  v.tuple([v.literal('m'), v.number(), updateSchema]),
]);

/** The task itself failed on the server. The message is the server's. */
export class TaskFailed extends Error {
  override readonly name = 'TaskFailed';
}

interface Call {
  readonly task: string;
  readonly args: readonly unknown[];
  readonly resolve: (result: unknown) => void;
  readonly reject: (reason: unknown) => void;
  /** Of all its sendings: whichever answers first counts. */
  readonly ids: number[];
  startedAt: number | null;
  /** When it is sent again, if its result does not come over a new connection; null while there was no break. */
  sendAgainAt: number | null;
  deadline: NodeJS.Timeout | undefined;
}

/**
 * The connection over which the server runs tasks, one for a process's life. It is made when it is needed, and made
 * again when it breaks while calls wait.
 *
 *   call ──▶ sent ──▶ (accepted, started) ──▶ result
 *              ▲               │
 *              └──── connection lost, or nothing heard for ten times as long as any task took
 *
 * Under its session the server keeps for a minute what it could not deliver, so a short break loses nothing. What a
 * long one lost, or a restart of the server, is called again: tasks may be run twice, as `metadata` may.
 */
export class TaskSocket {
  readonly #url: URL;
  readonly #agent: Agent;
  readonly #login: Login;
  readonly #times: TaskTimes;
  readonly #session = randomUUID();
  readonly #calls = new Set<Call>();
  readonly #callOf = new Map<number, Call>();
  #socket: WebSocket | null = null;
  /** The one whose handshake is on. */
  #opening: WebSocket | null = null;
  #connecting: Promise<WebSocket> | null = null;
  #lastId = 0;
  #longestTaskMs = 0;
  #closed = false;

  constructor(url: URL, login: Login, times: Partial<TaskTimes> = {}) {
    this.#url = url;
    this.#login = login;
    this.#times = { ...usualTimes, ...times };
    this.#agent = agentFor(url, this.#times.handshakeMs);
  }

  /**
   * Connects, if it is not connected.
   *
   * @throws PassingFailure, DestinationUnusable
   */
  async connect(): Promise<void> {
    await this.#open();
  }

  /**
   * Runs a task that does no harm when it is run twice.
   *
   * @throws TaskFailed, PassingFailure, DestinationUnusable, or the signal's reason
   */
  async call(task: string, args: readonly unknown[], signal: AbortSignal): Promise<unknown> {
    signal.throwIfAborted();
    return await new Promise((resolve, reject) => {
      const end = (): void => {
        signal.removeEventListener('abort', abort);
        clearTimeout(call.deadline);
        this.#calls.delete(call);
        for (const id of call.ids) this.#callOf.delete(id);
      };
      const call: Call = {
        task,
        args,
        ids: [],
        startedAt: null,
        sendAgainAt: null,
        deadline: undefined,
        resolve: result => {
          end();
          resolve(result);
        },
        reject: reason => {
          end();
          reject(reason instanceof Error ? reason : new Error(String(reason)));
        },
      };
      const abort = (): void => {
        call.reject(signal.reason);
      };
      signal.addEventListener('abort', abort, { once: true });
      this.#calls.add(call);
      void this.#send(call);
    });
  }

  close(): void {
    this.#closed = true;
    for (const call of [...this.#calls]) call.reject(new Error('closed'));
    this.#opening?.terminate();
    this.#socket?.close();
    this.#socket = null;
    this.#agent.destroy();
  }

  async #send(call: Call): Promise<void> {
    try {
      const socket = await this.#open();
      if (!this.#calls.has(call)) return;
      if (call.ids.length === mostSendings) {
        throw new PassingFailure(
          'destination',
          `${shownAddress(this.#url)} takes tasks and gives no results. See the log of the server’s backend.`,
        );
      }
      // New for each sending, also after a break: what a session kept comes under the old ones.
      const id = ++this.#lastId;
      call.ids.push(id);
      call.startedAt = null;
      call.sendAgainAt = null;
      this.#callOf.set(id, call);
      this.#setDeadline(call, this.#times.longestQueueMs);
      socket.send(JSON.stringify([id, call.task, { args: call.args }]));
    } catch (thrown) {
      call.reject(thrown);
    }
  }

  #setDeadline(call: Call, ms: number): void {
    clearTimeout(call.deadline);
    call.deadline = setTimeout(() => void this.#send(call), ms);
  }

  /** So long a task that has started is waited for. */
  get #patienceMs(): number {
    const { longestTaskMs, shortestPatienceMs } = this.#times;
    if (this.#longestTaskMs === 0) return longestTaskMs;
    return Math.min(longestTaskMs, Math.max(shortestPatienceMs, patienceFactor * this.#longestTaskMs));
  }

  async #open(): Promise<WebSocket> {
    if (this.#closed) throw new DestinationUnusable('The connection to MyBookshelf2 was closed.');
    if (this.#socket?.readyState === WebSocket.OPEN) return this.#socket;
    this.#connecting ??= this.#connect().finally(() => {
      this.#connecting = null;
    });
    return await this.#connecting;
  }

  async #connect(): Promise<WebSocket> {
    let token = await this.#login.token();
    for (let renewed = false; ; renewed = true) {
      const refusal = await this.#handshake(token);
      if (typeof refusal !== 'number') return refusal;
      const place = shownAddress(this.#url);
      if (refusal !== 401) {
        const message = `${place} is no WebSocket of MyBookshelf2 (HTTP ${String(refusal)}). Correct the WebSocket address.`;
        throw refusal >= 500 ? new PassingFailure('destination', message) : new DestinationUnusable(message);
      }
      if (renewed) {
        throw new DestinationUnusable(
          `The WebSocket ${place} refuses what the server of the login gave us (HTTP 401). Use addresses of one server.`,
        );
      }
      token = await this.#login.token(token);
    }
  }

  /** @returns the open socket, or the status with which the server refused */
  #handshake(token: string): Promise<WebSocket | number> {
    const url = new URL(this.#url);
    url.searchParams.set('token', token);
    url.searchParams.set('session_id', this.#session);
    return new Promise((resolve, reject) => {
      const socket = new WebSocket(url, {
        agent: this.#agent,
        handshakeTimeout: this.#times.handshakeMs,
        perMessageDeflate: false,
      });
      this.#opening = socket;
      // A response to which nobody listens would become an error without its status.
      socket.once('unexpected-response', (_, response) => {
        response.resume();
        resolve(response.statusCode ?? 0);
        socket.terminate();
      });
      socket.on('error', thrown => {
        const failure = connectionFailure(thrown, this.#url);
        reject(
          failure instanceof PassingFailure
            ? new PassingFailure(
                'destination',
                `The WebSocket of MyBookshelf2 is closed to us: ${failure.message}`,
                { cause: thrown },
              )
            : failure,
        );
      });
      socket.once('open', () => {
        this.#opening = null;
        if (this.#closed) {
          socket.close();
          reject(new DestinationUnusable('The connection to MyBookshelf2 was closed.'));
          return;
        }
        this.#attend(socket);
        resolve(socket);
      });
    });
  }

  #attend(socket: WebSocket): void {
    this.#socket = socket;
    let answered = true;
    const pinging = setInterval(() => {
      if (!answered) {
        socket.terminate();
        return;
      }
      answered = false;
      socket.ping();
    }, this.#times.pingMs);
    pinging.unref();
    socket.on('pong', () => {
      answered = true;
    });
    socket.on('message', (data, isBinary) => {
      if (!isBinary) this.#hear(data);
    });
    socket.once('close', () => {
      clearInterval(pinging);
      if (this.#socket === socket) this.#socket = null;
      void this.#afterBreak();
    });
    // Calls that an earlier connection was lost under, so that their results may come by this one, if anyone keeps them.
    for (const call of this.#calls) {
      if (call.ids.length === 0) continue;
      // Counted from the first break: where one follows another, it would never come to that.
      call.sendAgainAt ??= performance.now() + this.#times.shortestPatienceMs;
      this.#setDeadline(call, Math.max(0, call.sendAgainAt - performance.now()));
    }
  }

  /** Connects again for those who wait; they fail where that does not go. */
  async #afterBreak(): Promise<void> {
    if (this.#closed || this.#calls.size === 0) return;
    try {
      await this.#open();
    } catch (thrown) {
      for (const call of [...this.#calls]) call.reject(thrown);
    }
  }

  #hear(data: RawData): void {
    const parsed = v.safeParse(messageSchema, parseJson(textOf(data)));
    // Of calls that we have forgotten, and of kinds that we do not know, nothing is to be done.
    if (!parsed.success) return;
    const message = parsed.output;
    const call = this.#callOf.get(message[1]);
    if (!call) return;
    switch (message[0]) {
      case 'r':
        break;
      case 'e':
        call.reject(
          new PassingFailure(
            'destination',
            `MyBookshelf2 takes no task (${message[2]}). See the log of its backend.`,
          ),
        );
        break;
      case 'm':
        this.#update(call, message[2]);
        break;
      default:
        message satisfies never;
    }
  }

  #update(call: Call, update: v.InferOutput<typeof updateSchema>): void {
    switch (update.status) {
      case 'started':
      case 'progress':
        call.startedAt ??= performance.now();
        this.#setDeadline(call, this.#patienceMs);
        break;
      case 'success':
        if (call.startedAt !== null) {
          this.#longestTaskMs = Math.max(this.#longestTaskMs, performance.now() - call.startedAt);
        }
        call.resolve(update.result);
        break;
      case 'error':
        call.reject(new TaskFailed(update.error));
        break;
      default:
        update satisfies never;
    }
  }
}

function textOf(data: RawData): string {
  return Buffer.isBuffer(data) ? data.toString('utf8') : '';
}
