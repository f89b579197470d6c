import { createHash, timingSafeEqual } from 'node:crypto';
import { lstat } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import * as v from 'valibot';
import {
  clientFrameSchema,
  type ClientFrame,
  type ClientRequest,
  type EngineAnswer,
  type EngineFrame,
  type WhenLeft,
} from '../../../protocol/clientMessages.ts';
import { clientProtocolVersion } from '../../../protocol/engineFile.ts';
import { systemCode, TarshelfError, toFailure } from '../../../protocol/errors.ts';
import { sentence } from '../../../protocol/sentences.ts';
import type { ThroughputHistory } from '../../../protocol/throughput.ts';
import type { Clock } from '../../system/clock.ts';
import type { EventStream } from './eventStream.ts';
import { FrameLines } from './frameLines.ts';
import { newSocketAddress } from './socketAddress.ts';

/*
 * What lives in this folder: how clients find an engine, and how they are told. It promises that only who has the token
 * is heard, that all clients hear the same events in the same order, and that one that does not listen costs nothing.
 */

/** Time for whoever connects to say who they are. */
const helloWithinMs = 5000;
/** No sound hello is longer; who has not said the token yet is to cost no memory. */
const largestHelloBytes = 64 * 1024;
const largestFrameBytes = 16 * 1024 * 1024;
/** With so much unsent a client gets no events, but the whole state once it has taken what is under way to it. */
const slowAtBytes = 4 * 1024 * 1024;
/** With so much unsent, answers all of it, it never reads, and is let go. */
const hopelessAtBytes = 64 * 1024 * 1024;
/** Time for clients to take what is under way to them when the engine ends. */
const flushWithinMs = 2000;

/** What the engine itself answers; the rest is between the server and the client. */
export type EngineRequest = Exclude<
  ClientRequest,
  { type: 'client:hello' | 'snapshot:get' | 'throughput:get' }
>;

export interface ClientServerOptions {
  /** Must be said first. */
  readonly token: string;
  /** Of the program. */
  readonly version: string;
  readonly stream: EventStream;
  readonly clock: Clock;
  /**
   * Does what a client asks for. Resolves with one line for a person, or null; what it throws becomes an answer, too.
   *
   * @param others how many clients are attached beside the one that asks.
   */
  readonly answer: (request: EngineRequest, others: number) => Promise<string | null>;
  /** What is known of the throughput of the present or the last run. */
  readonly throughput: () => ThroughputHistory | null;
  readonly onAttached: (whenLeft: WhenLeft | null) => void;
  readonly onLeft: () => void;
  /** Something that an engine can live with. */
  readonly onProblem: (message: string) => void;
  /** Where the folder of the sockets is made; the system's temporary folder, but in tests. */
  readonly temporaryFolder?: string;
}

/**
 * Who is at the other end of a connection:
 *
 *   unknown ──hello, right token──▶ attached   (gets a snapshot, and all events from there)
 *    │   └──the same, other protocol──▶ stranger   (may ask the engine to end, which no version changes)
 *    └──anything else, or nothing for 5 s──▶ gone
 *
 * A connection ends with the first line that cannot be understood: nothing behind it would be either.
 */
interface Connection {
  readonly socket: Socket;
  readonly lines: FrameLines;
  peer: 'unknown' | 'attached' | 'stranger';
  /** It was too slow for some event and will get a snapshot. */
  isBehind: boolean;
  cancelHello: () => void;
}

/** The local socket, or named pipe, on which an engine speaks with its clients. */
export class ClientServer {
  readonly #options: ClientServerOptions;
  readonly #connections = new Set<Connection>();
  /** Requests that are not answered yet. */
  readonly #answering = new Set<Promise<void>>();
  readonly #endListening: () => void;
  #server: Server | null = null;
  #address = '';
  #hasEnded = false;

  constructor(options: ClientServerOptions) {
    this.#options = options;
    this.#endListening = options.stream.listen(event => {
      // Made once for all: with many clients this is most of the work.
      const line = lineOf({ type: 'event', event });
      for (const connection of this.#connections) this.#sendEvent(connection, line);
    });
  }

  /** How many clients are attached. */
  get clients(): number {
    let clients = 0;
    for (const { peer } of this.#connections) if (peer === 'attached') clients++;
    return clients;
  }

  /**
   * @returns the address at which clients find it.
   * @throws TarshelfError `STATE_NOT_WRITABLE` where it can have none.
   */
  async listen(): Promise<string> {
    const address = await newSocketAddress(this.#options.temporaryFolder);
    const server = createServer(socket => {
      this.#connect(socket);
    });
    await new Promise<void>((resolve, reject) => {
      server.once('error', thrown => {
        reject(
          new TarshelfError(
            'STATE_NOT_WRITABLE',
            `Cannot make the socket ${address} (${thrown.message}). Set TMPDIR to a folder that can be written.`,
            { cause: thrown },
          ),
        );
      });
      server.listen(address, resolve);
    });
    server.removeAllListeners('error').on('error', thrown => {
      this.#options.onProblem(`clients could not be heard: ${thrown.message}`);
    });
    // Who is connected stays so; only new ones come by the new way.
    this.#server?.close();
    this.#server = server;
    this.#address = address;
    // The end may have come while the system made the socket.
    if (this.#hasEnded) server.close();
    return address;
  }

  /**
   * Temporary folders are cleaned of what is old, and a run lasts for weeks: where the socket is gone, another is made.
   *
   * @returns the new address, or null where the old one is still good.
   * @throws TarshelfError `STATE_NOT_WRITABLE`
   */
  async listenAnewIfGone(): Promise<string | null> {
    if (process.platform === 'win32' || this.#hasEnded) return null;
    try {
      await lstat(this.#address);
      return null;
    } catch (thrown) {
      if (systemCode(thrown) !== 'ENOENT') return null;
    }
    return await this.listen();
  }

  /** Nobody can connect any more; the socket's file is gone with that. Who is attached stays so. */
  stopListening(): void {
    this.#hasEnded = true;
    this.#server?.close();
    for (const { peer, socket } of this.#connections) if (peer === 'unknown') socket.destroy();
  }

  /** Sends what is under way, the answers to all that was asked among it, and lets everybody go. */
  async hangUp(): Promise<void> {
    this.stopListening();
    const { clock } = this.#options;
    const cancel = clock.after(flushWithinMs, () => {
      for (const { socket } of this.#connections) socket.destroy();
    });
    const allGone = [...this.#connections].map(
      ({ socket }) =>
        new Promise<void>(resolve => {
          if (socket.closed) resolve();
          else socket.once('close', resolve);
        }),
    );
    void Promise.allSettled(this.#answering).then(() => {
      for (const { socket } of this.#connections) socket.end();
    });
    await Promise.all(allGone);
    cancel();
    this.#endListening();
  }

  #connect(socket: Socket): void {
    if (this.#hasEnded) {
      socket.destroy();
      return;
    }
    const connection: Connection = {
      socket,
      lines: new FrameLines(largestHelloBytes),
      peer: 'unknown',
      isBehind: false,
      cancelHello: this.#options.clock.after(helloWithinMs, () => {
        socket.destroy();
      }),
    };
    this.#connections.add(connection);
    socket.on('data', (chunk: Buffer) => {
      this.#read(connection, chunk);
    });
    socket.on('drain', () => {
      if (!connection.isBehind) return;
      connection.isBehind = false;
      this.#sendEvent(connection, lineOf({ type: 'event', event: this.#options.stream.snapshot() }));
    });
    // A client may be killed at any moment; `close` comes after.
    socket.on('error', () => undefined);
    socket.on('close', () => {
      connection.cancelHello();
      this.#connections.delete(connection);
      if (connection.peer === 'attached') this.#options.onLeft();
    });
  }

  #read(connection: Connection, chunk: Buffer): void {
    const lines = connection.lines.take(chunk);
    while (!connection.socket.destroyed) {
      let frame: ClientFrame;
      try {
        const next = lines.next();
        if (next.done) return;
        frame = v.parse(clientFrameSchema, JSON.parse(next.value));
      } catch {
        // Too long, no JSON, or nothing that this version knows.
        connection.socket.destroy();
        return;
      }
      this.#receive(connection, frame);
    }
  }

  #receive(connection: Connection, frame: ClientFrame): void {
    const { id, request } = frame;
    switch (connection.peer) {
      case 'unknown':
        if (request.type === 'client:hello' && isSameToken(request.token, this.#options.token))
          this.#welcome(connection, id, request);
        else connection.socket.destroy();
        break;
      case 'stranger':
        if (request.type === 'engine:end') {
          connection.cancelHello();
          this.#ask(connection, id, request);
        } else {
          this.#answer(connection, id, { type: 'request:failed', failure: this.#otherVersion() });
          connection.socket.end();
        }
        break;
      case 'attached':
        if (request.type === 'client:hello') {
          connection.socket.destroy();
        } else if (request.type === 'snapshot:get') {
          // Who is behind gets one anyway, as soon as there is room for it.
          if (!connection.isBehind)
            this.#sendEvent(connection, lineOf({ type: 'event', event: this.#options.stream.snapshot() }));
          this.#answer(connection, id, { type: 'done', message: null });
        } else if (request.type === 'throughput:get') {
          this.#answer(connection, id, { type: 'throughput', history: this.#options.throughput() });
        } else {
          this.#ask(connection, id, request);
        }
        break;
      default:
        connection.peer satisfies never;
    }
  }

  #welcome(
    connection: Connection,
    id: number,
    { protocol, whenLeft }: Extract<ClientRequest, { type: 'client:hello' }>,
  ): void {
    const { onAttached, stream, version } = this.#options;
    connection.lines.largestBytes = largestFrameBytes;
    if (protocol !== clientProtocolVersion) {
      // The time for the hello goes on: it is the time in which it may ask for the end.
      connection.peer = 'stranger';
      this.#answer(connection, id, { type: 'request:failed', failure: this.#otherVersion() });
      return;
    }
    connection.cancelHello();
    connection.peer = 'attached';
    this.#answer(connection, id, {
      type: 'welcome',
      protocol: clientProtocolVersion,
      version,
      pid: process.pid,
    });
    this.#sendEvent(connection, lineOf({ type: 'event', event: stream.snapshot() }));
    onAttached(whenLeft);
  }

  #otherVersion(): ReturnType<TarshelfError['toFailure']> {
    return new TarshelfError(
      'ENGINE_OTHER_VERSION',
      sentence('engineOfOtherVersion', this.#options.version),
    ).toFailure();
  }

  #ask(connection: Connection, id: number, request: EngineRequest): void {
    const others = this.clients - (connection.peer === 'attached' ? 1 : 0);
    const answering = this.#options
      .answer(request, others)
      .then(
        (message): EngineAnswer => ({ type: 'done', message }),
        (thrown: unknown): EngineAnswer => ({ type: 'request:failed', failure: toFailure(thrown) }),
      )
      .then(answer => {
        this.#answer(connection, id, answer);
      })
      .finally(() => this.#answering.delete(answering));
    this.#answering.add(answering);
  }

  /** Answers are always sent: somebody waits for each, and nothing repeats it. */
  #answer({ socket }: Connection, id: number, answer: EngineAnswer): void {
    if (!socket.writable) return;
    socket.write(lineOf({ type: 'answer', id, answer }));
    if (socket.writableLength > hopelessAtBytes) socket.destroy();
  }

  #sendEvent(connection: Connection, line: Buffer): void {
    const { socket } = connection;
    if (connection.peer !== 'attached' || connection.isBehind || !socket.writable) return;
    if (socket.writableLength > slowAtBytes) connection.isBehind = true;
    else socket.write(line);
  }
}

function lineOf(frame: EngineFrame): Buffer {
  return Buffer.from(`${JSON.stringify(frame)}\n`);
}

/** Takes as long for any wrong token, so that none can be found piece by piece. */
function isSameToken(said: string, token: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(said), digest(token));
}
