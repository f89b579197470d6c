import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import * as v from 'valibot';
import {
  engineFrameSchema,
  type ClientRequest,
  type EngineAnswer,
  type EngineEvent,
} from '../../src/protocol/clientMessages.ts';
import { clientProtocolVersion, engineFileSchema, type EngineFile } from '../../src/protocol/engineFile.ts';

type Hello = Extract<ClientRequest, { type: 'client:hello' }>;

/** What an engine has left in its state folder. */
export async function readNote(stateFolder: string): Promise<EngineFile> {
  return v.parse(engineFileSchema, JSON.parse(await readFile(join(stateFolder, 'engine.json'), 'utf8')));
}

const open = new Set<EngineSocket>();

// A test that failed leaves its connections, and mocha would wait for them.
afterEach(() => {
  for (const socket of open) socket.leave();
});

/** One end of an engine's socket that says what it is told to, sense or none, and keeps all that it hears. */
export class EngineSocket {
  readonly socket: Socket;
  readonly events: EngineEvent[] = [];
  /** Resolves when the connection is gone. */
  readonly closed: Promise<void>;
  readonly #answers = new Map<number, EngineAnswer>();
  readonly #watchers = new Set<() => void>();
  #text = '';
  #lastId = 0;
  #isClosed = false;

  private constructor(socket: Socket) {
    this.socket = socket;
    open.add(this);
    socket.setEncoding('utf8').on('data', (text: string) => {
      this.#hear(text);
    });
    socket.on('error', () => undefined);
    this.closed = new Promise(resolve => {
      socket.on('close', () => {
        this.#isClosed = true;
        open.delete(this);
        for (const watch of this.#watchers) watch();
        resolve();
      });
    });
  }

  /** Connects and says nothing. */
  static async connect(address: string): Promise<EngineSocket> {
    const socket = connect(address);
    await once(socket, 'connect');
    return new EngineSocket(socket);
  }

  /** Connects to the engine of a state folder, says hello, and waits until it is attached. */
  static async attach(stateFolder: string, hello: Partial<Hello> = {}): Promise<EngineSocket> {
    const { address } = await readNote(stateFolder);
    const token = await readFile(join(stateFolder, 'engine.token'), 'utf8');
    const client = await EngineSocket.connect(address);
    const answer = await client.hello(token, hello);
    assert.equal(answer.type, 'welcome');
    await client.event(event => event.type === 'snapshot');
    return client;
  }

  hello(token: string, hello: Partial<Hello> = {}): Promise<EngineAnswer> {
    const protocol = clientProtocolVersion;
    return this.ask({ type: 'client:hello', token, protocol, version: '0.0.0', whenLeft: null, ...hello });
  }

  /** @returns the number by which its answer is known. */
  say(request: ClientRequest): number {
    const id = ++this.#lastId;
    this.socket.write(`${JSON.stringify({ id, request })}\n`);
    return id;
  }

  ask(request: ClientRequest): Promise<EngineAnswer> {
    return this.answerTo(this.say(request));
  }

  answerTo(id: number): Promise<EngineAnswer> {
    return this.#until(() => this.#answers.get(id));
  }

  /** The first event that fits, of those that came and those that come. */
  event(fits: (event: EngineEvent) => boolean): Promise<EngineEvent> {
    return this.#until(() => this.events.find(fits));
  }

  leave(): void {
    this.socket.destroy();
  }

  #until<T>(find: () => T | undefined): Promise<T> {
    return new Promise((resolve, reject) => {
      const watch = (): void => {
        const found = find();
        if (found === undefined && !this.#isClosed) return;
        this.#watchers.delete(watch);
        if (found === undefined) reject(new Error('the engine hung up'));
        else resolve(found);
      };
      this.#watchers.add(watch);
      watch();
    });
  }

  #hear(text: string): void {
    const lines = (this.#text + text).split('\n');
    this.#text = lines.pop() ?? '';
    for (const line of lines) {
      const frame = v.parse(engineFrameSchema, JSON.parse(line));
      if (frame.type === 'event') this.events.push(frame.event);
      else this.#answers.set(frame.id, frame.answer);
    }
    for (const watch of this.#watchers) watch();
  }
}
