import assert from 'node:assert/strict';
import { createServer, type RequestListener } from 'node:http';
import { createServer as createTcpServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { HttpClient } from '../../../../src/engine/destinations/mybookshelf2/httpClient.ts';
import { PassingFailure } from '../../../../src/engine/destinations/retry.ts';

describe('a request to a server', function () {
  this.timeout(10_000);
  const longestSilenceMs = 200;
  const never = new AbortController().signal;
  const get = { method: 'GET', path: '/' } as const;
  const opened: (() => void)[] = [];
  afterEach(() => {
    for (const close of opened.splice(0)) close();
  });

  /** Returns its port. */
  async function listen(server: Server): Promise<number> {
    const sockets = new Set<Socket>();
    server.on('connection', socket => {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.once('close', () => sockets.delete(socket));
    });
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
    opened.push(() => {
      server.close();
      for (const socket of sockets) socket.destroy();
    });
    return (server.address() as AddressInfo).port;
  }

  function clientFor(address: string, silenceMs = longestSilenceMs): HttpClient {
    const client = new HttpClient(new URL(address), silenceMs);
    opened.push(() => {
      client.close();
    });
    return client;
  }

  async function clientOf(answer: RequestListener): Promise<HttpClient> {
    return clientFor(`http://127.0.0.1:${String(await listen(createServer(answer)))}`);
  }

  /** Through a proxy that takes connections and says nothing. */
  async function clientBehindSilentProxy(
    silenceMs?: number,
  ): Promise<{ client: HttpClient; tunnels: () => number }> {
    let tunnels = 0;
    const proxy = createTcpServer(socket => {
      tunnels++;
      socket.resume().once('close', () => tunnels--);
    });
    const before = process.env['https_proxy'];
    process.env['https_proxy'] = `http://127.0.0.1:${String(await listen(proxy))}`;
    try {
      return { client: clientFor('https://books.example', silenceMs), tunnels: () => tunnels };
    } finally {
      if (before === undefined) delete process.env['https_proxy'];
      else process.env['https_proxy'] = before;
    }
  }

  it('fails when nothing is said', async () => {
    const client = await clientOf(() => undefined);
    await assert.rejects(client.send(get, never), PassingFailure);
  });

  it('fails when an answer does not end, though it moves', async () => {
    const client = await clientOf((_, response) => {
      response.writeHead(200);
      const dripping = setInterval(() => response.write(' '), 30);
      response.once('close', () => {
        clearInterval(dripping);
      });
    });
    await assert.rejects(client.send(get, never), PassingFailure);
  });

  it('fails when a proxy takes the connection and says nothing, and leaves none open', async () => {
    const { client, tunnels } = await clientBehindSilentProxy();
    await assert.rejects(client.send(get, never), (thrown: unknown) => {
      return thrown instanceof PassingFailure && /proxy/.test(thrown.message);
    });
    while (tunnels() > 0) await sleep(10);
  });

  it('ends with its signal at once, also while a proxy says nothing', async () => {
    const { client, tunnels } = await clientBehindSilentProxy(5000);
    const stop = new AbortController();
    const sending = client.send(get, stop.signal);
    while (tunnels() === 0) await sleep(1);
    stop.abort(new Error('stopped'));
    const stopped = performance.now();
    await assert.rejects(sending, /stopped/);
    assert.ok(performance.now() - stopped < 2500, 'it waited on after the signal');
  });

  it('sends a body for as long as that moves', async () => {
    const client = await clientOf((request, response) => {
      request.resume().once('end', () => response.end('all of it'));
    });
    const parts = 30;
    const started = performance.now();
    const { text } = await client.send(
      {
        ...get,
        method: 'POST',
        body: {
          contentType: 'text/plain',
          bytes: parts,
          async *chunks() {
            for (let n = 0; n < parts; n++) {
              await sleep(longestSilenceMs / 8);
              yield Buffer.from('x');
            }
          },
        },
      },
      never,
    );
    assert.equal(text, 'all of it');
    assert.ok(performance.now() - started > 3 * longestSilenceMs);
  });
});
