// A server that speaks the protocol of MyBookshelf2 (the fork that the tar scripts upload to): its REST interface, its
// WebSocket with the metadata task, and what it stores, so that uploads are tested over real connections. What it answers
// is written from what the real server was seen to answer; where only the status of an answer counts, its text is ours.
//
//   restRequests.ts   one request, with the fault that it meets      taskSocket.ts      the WebSocket and its sessions
//   routes.ts         the routes; the files that end in Routes       metadataTasks.ts   the task behind it
//   multipart.ts      files pass through, no byte is kept            bookTables.ts      what outlives a restart
//   faults.ts         which faults there are, and what each means    tokens.ts          who may ask
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import {
  BookTables,
  type Ebook,
  type Source,
  type SourceSeed,
  type Upload,
  type Author,
  type Series,
} from './bookTables.ts';
import { Faults, type FaultKind, type FaultOptions, type FaultPlace, type faultKinds } from './faults.ts';
import { extractNothing, MetadataTasks, type Extract } from './metadataTasks.ts';
import { RequestCounts } from './requestCounts.ts';
import { answerRequest } from './restRequests.ts';
import type { RestServer } from './routes.ts';
import { TaskSocket } from './taskSocket.ts';
import { Tokens } from './tokens.ts';

export interface MyBookshelf2Options {
  readonly userName?: string;
  readonly email?: string;
  readonly password?: string;
  /** Before the answer to each request, and before each message of the WebSocket. */
  readonly latencyMs?: number;
  /** How many metadata tasks run at once. */
  readonly cores?: number;
  /** How long one takes. */
  readonly taskMs?: number;
  /** How long adding a file to a book takes; two at once to one book end with a 500. */
  readonly addUploadMs?: number;
  /** Whether there is a route for checks in batches. */
  readonly checkBatch?: boolean;
  /** Whether the WebSocket can be reached; else nothing listens at its address. */
  readonly webSocket?: boolean;
  /** The largest file and the largest body. */
  readonly maxBytes?: number;
  /** How long a session keeps what it could not send. */
  readonly sessionKeepMs?: number;
  /** What the metadata task reads out of a file. */
  readonly extract?: Extract;
  readonly faults?: FaultOptions;
}

export class MyBookshelf2Server {
  readonly #tables = new BookTables();
  readonly #tokens = new Tokens();
  readonly #faults = new Faults();
  readonly #tasks: MetadataTasks;
  readonly #taskSocket: TaskSocket;
  readonly #rest: Listener;
  readonly #backend: Listener;
  readonly #webSocket: boolean;
  /** Aborted by stopping; whatever waits then ends without an effect. */
  #life = new AbortController();
  readonly requests = new RequestCounts(this.#faults);

  /** Starts one on free ports of this machine. */
  static async start(options: MyBookshelf2Options = {}): Promise<MyBookshelf2Server> {
    const server = new MyBookshelf2Server(options);
    await server.start();
    // Only now is a port known where nothing listens.
    if (!server.#webSocket) await server.#backend.stop();
    return server;
  }

  private constructor(options: MyBookshelf2Options) {
    const { latencyMs = 0, userName = 'admin', password = 'admin' } = options;
    const wait = async (milliseconds: number): Promise<void> => {
      const { signal } = this.#life;
      if (milliseconds > 0) await delay(milliseconds, undefined, { signal, ref: false });
      signal.throwIfAborted();
    };
    const rest: RestServer = {
      tables: this.#tables,
      tokens: this.#tokens,
      user: { id: 1, userName, password, email: options.email ?? 'admin@example.com' },
      maxBytes: options.maxBytes ?? 524_288_000,
      checkBatch: options.checkBatch ?? true,
      addUploadMs: options.addUploadMs ?? 5,
      wait,
    };
    const shared = { faults: this.#faults, counts: this.requests, latencyMs };
    this.#tasks = new MetadataTasks({
      tables: this.#tables,
      counts: this.requests,
      cores: options.cores ?? 2,
      taskMs: options.taskMs ?? 5,
      extract: options.extract ?? extractNothing,
    });
    this.#taskSocket = new TaskSocket({
      ...shared,
      tokens: this.#tokens,
      tasks: this.#tasks,
      sessionKeepMs: options.sessionKeepMs ?? 60_000,
      wait,
    });
    this.#webSocket = options.webSocket ?? true;
    this.#faults.set(options.faults ?? {});

    this.#rest = new Listener(
      createServer((request, response) => {
        answerRequest(request, response, { server: rest, ...shared }).catch((error: unknown) => {
          this.#broken(error, request.socket);
        });
      }),
    );
    const backend = createServer((_request, response) => response.writeHead(404).end());
    backend.on('upgrade', (request, socket, head) => {
      // A client that goes away while its handshake is on.
      socket.on('error', () => undefined);
      this.#taskSocket.upgrade(request, socket, head).catch((error: unknown) => {
        this.#broken(error, request.socket);
      });
    });
    this.#backend = new Listener(backend);
  }

  get apiUrl(): string {
    return `http://127.0.0.1:${String(this.#rest.port)}`;
  }

  get wsUrl(): string {
    return `ws://127.0.0.1:${String(this.#backend.port)}/ws`;
  }

  get sources(): readonly Source[] {
    return this.#tables.sources;
  }

  get ebooks(): readonly Ebook[] {
    return this.#tables.ebooks;
  }

  get authors(): readonly Author[] {
    return this.#tables.authors;
  }

  get series(): readonly Series[] {
    return this.#tables.series;
  }

  get uploads(): readonly Upload[] {
    return this.#tables.uploads;
  }

  /** The tables themselves, to prepare what a test needs. */
  get tables(): BookTables {
    return this.#tables;
  }

  seedSource(seed: SourceSeed): Source {
    return this.#tables.seedSource(seed);
  }

  /** Keys that more than one source has, as `hash|size`. */
  duplicateKeys(): string[] {
    return this.#tables.duplicateKeys();
  }

  /** Makes every access token invalid that was given so far; refresh tokens stay good. */
  expireTokens(): void {
    this.#tokens.expireAccess();
  }

  /** Lets the next requests at a place fail. */
  failNext<Place extends FaultPlace>(
    place: Place,
    kind: (typeof faultKinds)[Place][number] & FaultKind,
    times = 1,
  ): void {
    this.#faults.script(place, kind, times);
  }

  /** Replaces the faults that happen at a rate; `{}` ends them. */
  setFaults(options: FaultOptions): void {
    this.#faults.set(options);
  }

  /** Breaks every WebSocket; tasks go on, and sessions wait for their clients. */
  dropSockets(): void {
    this.#taskSocket.dropConnections();
  }

  /** Lets the server die: every connection breaks, and what was queued is lost. The tables stay. */
  async stop(): Promise<void> {
    this.#life.abort();
    this.#tasks.forgetAll();
    this.#taskSocket.forgetAll();
    await Promise.all([this.#rest.stop(), this.#backend.stop()]);
  }

  /** Starts again what was stopped, at the same addresses. */
  async start(): Promise<void> {
    this.#life = new AbortController();
    await this.#rest.start();
    if (this.#webSocket || this.#backend.port === 0) await this.#backend.start();
  }

  async restart(): Promise<void> {
    await this.stop();
    await this.start();
  }

  /** Kills and starts the backend alone: tasks, sessions and WebSockets are lost, REST goes on. */
  async restartBackend(): Promise<void> {
    this.#tasks.forgetAll();
    this.#taskSocket.forgetAll();
    await this.#backend.stop();
    await this.#backend.start();
  }

  async close(): Promise<void> {
    await this.stop();
  }

  /** A connection that broke, or a server that was stopped, is no error of the server; anything else ends the test. */
  #broken(error: unknown, socket: Socket): void {
    const expected = this.#life.signal.aborted || socket.destroyed;
    socket.destroy();
    if (!expected) throw error;
  }
}

/** An HTTP server that can be stopped at once, and started again at its port. */
class Listener {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #port = 0;

  constructor(server: Server) {
    this.#server = server;
    server.on('connection', socket => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
    });
  }

  /** 0 before the first start. */
  get port(): number {
    return this.#port;
  }

  async start(): Promise<void> {
    this.#server.listen(this.#port, '127.0.0.1');
    await once(this.#server, 'listening');
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  async stop(): Promise<void> {
    if (!this.#server.listening) return;
    const closed = once(this.#server, 'close');
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }
}
