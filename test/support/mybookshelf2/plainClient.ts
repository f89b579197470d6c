// The plainest client of the server: requests and messages as they are, for the tests of the server itself.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createHash, randomBytes } from 'node:crypto';
import { WebSocket } from 'ws';
import type { MyBookshelf2Server } from './mybookshelf2Server.ts';

export interface Reply {
  readonly status: number;
  readonly headers: Headers;
  /** Undefined where the answer is no JSON. */
  readonly json: unknown;
}

export type Message = readonly unknown[];

export class PlainClient {
  readonly #server: MyBookshelf2Server;
  accessToken = '';
  refreshToken = '';

  constructor(server: MyBookshelf2Server) {
    this.#server = server;
  }

  /** One that has signed in. */
  static async signedIn(server: MyBookshelf2Server): Promise<PlainClient> {
    const client = new PlainClient(server);
    const { json } = await client.post('/login', { username: 'admin', password: 'admin' });
    const tokens = json as { access_token: string; refresh_token: string };
    client.accessToken = tokens.access_token;
    client.refreshToken = tokens.refresh_token;
    return client;
  }

  async request(path: string, init: RequestInit = {}): Promise<Reply> {
    const headers = new Headers(init.headers);
    if (this.accessToken !== '' && !headers.has('authorization')) {
      headers.set('authorization', `bearer ${this.accessToken}`);
    }
    const response = await fetch(`${this.#server.apiUrl}${path}`, { ...init, headers });
    const text = await response.text();
    const isJson = response.headers.get('content-type') === 'application/json';
    return {
      status: response.status,
      headers: response.headers,
      json: isJson ? JSON.parse(text) : undefined,
    };
  }

  async get(path: string): Promise<Reply> {
    return await this.request(path);
  }

  async post(path: string, body: unknown, headers: Record<string, string> = {}): Promise<Reply> {
    return await this.request(path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    });
  }

  async upload(bytes: Buffer, fileName: string, type = 'application/epub+zip'): Promise<Reply> {
    const form = new FormData();
    form.append('file', new Blob([new Uint8Array(bytes)], { type }), fileName);
    return await this.request('/api/upload', { method: 'POST', body: form });
  }

  /** Uploads new bytes; the name under which the server keeps them. */
  async storedFile(fileName = 'book.epub', bytes = randomBytes(100)): Promise<string> {
    const { json } = await this.upload(bytes, fileName);
    assert.ok(isStored(json), JSON.stringify(json));
    return json.file;
  }

  /** Uploads new bytes, and lets the server read their metadata; the id of the upload. */
  async uploaded(proposed: unknown = {}, bytes = randomBytes(100)): Promise<number> {
    const file = await this.storedFile('book.epub', bytes);
    const socket = await this.connect();
    const { result } = await socket.metadata(file, proposed);
    socket.close();
    return result as number;
  }

  /** Makes a book; its id. */
  async ebook(meta: Record<string, unknown> = {}): Promise<number> {
    const { json } = await this.post('/api/ebooks', { title: 'Probe Title', language: { id: 2 }, ...meta });
    return (json as { id: number }).id;
  }

  async connect(sessionId?: string): Promise<PlainSocket> {
    const session = sessionId === undefined ? '' : `&session_id=${sessionId}`;
    const socket = new PlainSocket(
      new WebSocket(`${this.#server.wsUrl}?token=${this.accessToken}${session}`),
    );
    await socket.opened();
    return socket;
  }
}

export class PlainSocket {
  readonly ws: WebSocket;
  /** As text, in the order in which they came. */
  readonly received: string[] = [];
  #lastCall = 0;
  #arrived: () => void = () => undefined;

  constructor(ws: WebSocket) {
    this.ws = ws;
    ws.on('message', (data: Buffer) => {
      this.received.push(data.toString());
      this.#arrived();
    });
  }

  async opened(): Promise<void> {
    await once(this.ws, 'open');
  }

  /** The next message, from the first that nobody has taken. */
  async next(): Promise<Message> {
    while (this.received.length === 0) {
      await new Promise<void>(resolve => {
        this.#arrived = resolve;
      });
    }
    return JSON.parse(this.received.shift()!) as Message;
  }

  send(message: unknown): void {
    this.ws.send(JSON.stringify(message));
  }

  /** Calls the metadata task; the id of the call. */
  call(file: string, proposed: unknown = {}): number {
    this.send([++this.#lastCall, 'metadata', { args: [file, proposed] }]);
    return this.#lastCall;
  }

  /** Calls the metadata task and waits for its last update; for one call at a time. */
  async metadata(file: string, proposed: unknown = {}): Promise<Record<string, unknown>> {
    this.call(file, proposed);
    for (;;) {
      const [kind, , update] = await this.next();
      if (kind !== 'm') continue;
      const { status } = update as { status: string };
      if (status !== 'started') return update as Record<string, unknown>;
    }
  }

  /** The code of the close. */
  async closed(): Promise<number> {
    const [code] = (await once(this.ws, 'close')) as [number];
    return code;
  }

  close(): void {
    this.ws.terminate();
  }
}

export function sha1(bytes: Buffer): string {
  return createHash('sha1').update(bytes).digest('hex');
}

function isStored(json: unknown): json is { file: string } {
  return typeof (json as { file?: unknown } | undefined)?.file === 'string';
}

export async function statusOf(reply: Promise<Reply>): Promise<number> {
  return (await reply).status;
}

/** The object of an answer that must have status 200. */
export async function bodyOf(reply: Promise<Reply>): Promise<Record<string, unknown>> {
  const { status, json } = await reply;
  assert.equal(status, 200);
  return json as Record<string, unknown>;
}
