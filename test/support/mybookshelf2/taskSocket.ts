// The WebSocket of the backend, with its "asexor" protocol: calls come as `[id, task, payload]`, and each is answered by
// `["r", id, task id]` and then by updates `["m", id, {...}]`, or refused by `["e", id, error, null]`.
//
// A session outlives its connection when the client gave it an id: what is to be sent while nobody is connected waits for
// the next connection of the same user with the same id, for a while. A session without id ends with its connection.
import { randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocket, WebSocketServer } from 'ws';
import type { FaultKind, Faults } from './faults.ts';
import { isObject, type JsonObject } from './json.ts';
import type { MetadataTasks, TaskOutcome } from './metadataTasks.ts';
import type { RequestCounts } from './requestCounts.ts';
import type { Tokens } from './tokens.ts';

export interface TaskSocketOptions {
  readonly tokens: Tokens;
  readonly tasks: MetadataTasks;
  readonly faults: Faults;
  readonly counts: RequestCounts;
  /** Before each message. */
  readonly latencyMs: number;
  /** How long what could not be sent is kept, from the first of it. */
  readonly sessionKeepMs: number;
  /** Rejects when the server stops meanwhile. */
  readonly wait: (milliseconds: number) => Promise<void>;
}

const largestFrame = 4 * 1024 * 1024;

export class TaskSocket {
  readonly #options: TaskSocketOptions;
  readonly #server = new WebSocketServer({ noServer: true, maxPayload: largestFrame });
  readonly #sessions = new Map<string, Session>();

  constructor(options: TaskSocketOptions) {
    this.#options = options;
  }

  /** Answers the request for a WebSocket; for the `upgrade` event. */
  async upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    const { tokens, faults, counts, wait } = this.#options;
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://localhost');
    if (pathname !== '/ws') {
      refuse(socket, '404 Not Found');
      return;
    }
    const fault = faults.next('connect');
    if (fault === 'slow') await wait(faults.slowMs);
    const userId = tokens.userOfAccess(searchParams.get('token') ?? undefined);
    if (fault === 'cutBefore') socket.destroy();
    else if (fault === 'unavailable') {
      refuse(socket, '503 Service Unavailable', `Retry-After: ${String(faults.retryAfterSeconds)}\r\n`);
    } else if (fault === 'expired' || userId === undefined) refuse(socket, '401 Unauthorized');
    else {
      this.#server.handleUpgrade(request, socket, head, connection => {
        counts.socketsOpened++;
        this.#connected(connection, userId, searchParams.get('session_id') ?? undefined);
      });
    }
  }

  /** Breaks every connection, and loses every session. */
  forgetAll(): void {
    for (const connection of this.#server.clients) connection.terminate();
    for (const session of this.#sessions.values()) session.end();
    this.#sessions.clear();
  }

  /** Breaks every connection; sessions stay. */
  dropConnections(): void {
    for (const connection of this.#server.clients) connection.terminate();
  }

  #connected(connection: WebSocket, userId: number, sessionId: string | undefined): void {
    const session = this.#session(userId, sessionId);
    session.connect(connection);
    // A frame that breaks the protocol ends the connection by itself; without a listener it would end the process.
    connection.on('error', () => undefined);
    connection.on('message', (data: Buffer, isBinary) => {
      if (!isBinary) this.#received(session, data.toString());
    });
  }

  #session(userId: number, sessionId: string | undefined): Session {
    const { latencyMs, sessionKeepMs } = this.#options;
    if (sessionId === undefined) return new Session(latencyMs, 0);
    const key = JSON.stringify([userId, sessionId]);
    let session = this.#sessions.get(key);
    if (!session) {
      session = new Session(latencyMs, sessionKeepMs);
      this.#sessions.set(key, session);
    }
    return session;
  }

  #received(session: Session, text: string): void {
    const call = arrayOf(text);
    // What is no call is passed over in silence.
    if (call === undefined || call.length === 0) return;
    const [id, name, payload] = call;
    const refuseCall = (error: string): void => {
      session.post(['e', id, error, null]);
    };
    if (call.length < 3) refuseCall(`not enough values to unpack (expected 3, got ${String(call.length)})`);
    else if (call.length > 3) refuseCall('too many values to unpack (expected 3)');
    else if (name !== 'metadata') refuseCall(`Unknown task ${String(name)}`);
    else if (!isObject(payload)) refuseCall('The payload of a call is an object');
    else this.#call(session, id, Array.isArray(payload['args']) ? (payload['args'] as unknown[]) : []);
  }

  #call(session: Session, id: unknown, args: readonly unknown[]): void {
    const { tasks, faults } = this.#options;
    const fault: FaultKind | undefined = faults.next('metadata');
    if (fault === 'taskRefused') {
      session.post(['e', id, 'The queue of tasks is full', null]);
      return;
    }
    const taskId = randomBytes(16).toString('hex');
    const update = (members: JsonObject): void => {
      session.post(['m', id, { ...members, task_id: taskId }]);
    };
    session.post(['r', id, taskId]);
    tasks.submit({
      args,
      extraMs: fault === 'slow' ? faults.slowMs : 0,
      error: fault === 'taskError' ? 'Timeout after 60 seconds' : undefined,
      onStart: () => {
        update({ status: 'started' });
        if (fault === 'socketDrop') session.drop();
      },
      onEnd: outcome => {
        if (fault !== 'resultLost') update(endOf(outcome));
      },
    });
  }
}

function endOf(outcome: TaskOutcome): JsonObject {
  const { seconds, ...members } = outcome;
  return { ...members, duration: seconds };
}

/** One client, connected or not. */
class Session {
  readonly #latencyMs: number;
  readonly #keepMs: number;
  #connection: WebSocket | undefined;
  #unsent: string[] = [];
  #forget: NodeJS.Timeout | undefined;
  #ended = false;

  constructor(latencyMs: number, keepMs: number) {
    this.#latencyMs = latencyMs;
    this.#keepMs = keepMs;
  }

  /** Takes the place of an earlier connection, and sends what has waited. */
  connect(connection: WebSocket): void {
    this.#connection?.close(1000);
    this.#connection = connection;
    connection.on('close', () => {
      if (this.#connection === connection) this.#connection = undefined;
    });
    clearTimeout(this.#forget);
    for (const text of this.#unsent.splice(0)) connection.send(text);
  }

  post(message: readonly unknown[]): void {
    // The server writes every slash with a backslash before it; parsers must not care.
    const text = JSON.stringify(message).replaceAll('/', '\\/');
    if (this.#latencyMs === 0) {
      this.#deliver(text);
    } else {
      setTimeout(() => {
        this.#deliver(text);
      }, this.#latencyMs).unref();
    }
  }

  /** Breaks the connection without a word. */
  drop(): void {
    this.#connection?.terminate();
    this.#connection = undefined;
  }

  end(): void {
    this.#ended = true;
    this.#unsent = [];
    clearTimeout(this.#forget);
  }

  #deliver(text: string): void {
    if (this.#connection?.readyState === WebSocket.OPEN) {
      this.#connection.send(text);
      return;
    }
    if (this.#keepMs === 0 || this.#ended) return;
    if (this.#unsent.length === 0) {
      this.#forget = setTimeout(() => {
        this.#unsent = [];
      }, this.#keepMs).unref();
    }
    this.#unsent.push(text);
  }
}

/** The array in a text, or undefined when there is none. */
function arrayOf(text: string): unknown[] | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) ? (value as unknown[]) : undefined;
  } catch {
    return undefined;
  }
}

function refuse(socket: Duplex, status: string, headers = ''): void {
  socket.end(`HTTP/1.1 ${status}\r\n${headers}Content-Length: 0\r\nConnection: close\r\n\r\n`);
}
