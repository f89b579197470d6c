import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createServer as createHttpServer, request, type Server } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { connect, createServer as createTcpServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { startTarshelf, type Finished, type RunningCommand } from '../../support/commandLine.ts';
import { makeTar, run } from '../../support/gnuTar.ts';
import { useIngest } from '../../support/ingestFixture.ts';
import { MyBookshelf2Server } from '../../support/mybookshelf2/mybookshelf2Server.ts';

describe('connections to a destination', function () {
  this.timeout(60_000);
  const { folder, source, args } = useIngest();
  const opened: { close(): unknown }[] = [];
  let server: MyBookshelf2Server;

  beforeEach(async () => {
    server = await MyBookshelf2Server.start();
    await makeTar(join(source(), 'a.tar'), 'gnu', { 'one.txt': Buffer.from('One.\n') });
  });
  afterEach(async () => {
    for (const one of opened.splice(0)) one.close();
    await server.close();
  });

  function start(apiUrl: string, webSocketUrl: string, env: Record<string, string>): RunningCommand {
    return startTarshelf(
      args(
        ...['--destination', 'mybookshelf2', '--server', apiUrl, '--websocket', webSocketUrl],
        ...['--user', 'admin', '--language', 'en'],
      ),
      { env: { TARSHELF_PASSWORD: 'admin', ...env } },
    );
  }

  function ingest(apiUrl: string, webSocketUrl: string, env: Record<string, string>): Promise<Finished> {
    return start(apiUrl, webSocketUrl, env).finished;
  }

  /** Passes everything on to a port, whatever it is. */
  function tunnel(from: Duplex, head: Buffer, port: number): void {
    const to = connect(port, '127.0.0.1');
    for (const socket of [from, to]) socket.on('error', () => socket.destroy());
    to.write(head);
    from.pipe(to).pipe(from);
  }

  function portOf(url: string): number {
    return Number(new URL(url).port);
  }

  async function listen(listener: Server): Promise<number> {
    await new Promise<void>(resolve => listener.listen(0, '127.0.0.1', resolve));
    opened.push({ close: () => (listener.closeAllConnections(), listener.close()) });
    return (listener.address() as AddressInfo).port;
  }

  describe('by TLS', () => {
    let port: number;
    let certificate: string;

    /** A web server with a certificate of its own making, in front of the server. */
    beforeEach(async () => {
      certificate = join(folder(), 'certificate.pem');
      const key = join(folder(), 'key.pem');
      run('openssl', [
        ...['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=localhost'],
        ...['-addext', 'subjectAltName=DNS:localhost', '-keyout', key, '-out', certificate],
      ]);
      const front = createHttpsServer(
        { key: readFileSync(key), cert: readFileSync(certificate) },
        (incoming, outgoing) => {
          const onward = request(
            `${server.apiUrl}${incoming.url ?? ''}`,
            { method: incoming.method ?? 'GET', headers: incoming.headers },
            answer => {
              outgoing.writeHead(answer.statusCode ?? 0, answer.headers);
              answer.pipe(outgoing);
            },
          );
          incoming.pipe(onward);
        },
      );
      front.on('upgrade', (incoming, socket, head) => {
        const lines = incoming.rawHeaders.reduce(
          (text, value, i) => text + value + (i % 2 === 0 ? ': ' : '\r\n'),
          `GET ${incoming.url ?? ''} HTTP/1.1\r\n`,
        );
        tunnel(socket, Buffer.concat([Buffer.from(`${lines}\r\n`), head]), portOf(server.wsUrl));
      });
      port = await listen(front);
    });

    const addresses = () =>
      [
        `https://localhost:${String(port)}`,
        `wss://localhost:${String(port)}${new URL(server.wsUrl).pathname}`,
      ] as const;

    it('are refused where nobody vouches for the certificate, with the word where to name who does', async () => {
      const { code, stderr } = await ingest(...addresses(), {});
      assert.equal(code, 1);
      assert.match(
        stderr,
        /^tarshelf: The certificate of https:.* is not accepted .*NODE_EXTRA_CA_CERTS\.\n$/,
      );
      assert.equal(server.sources.length, 0);
    });

    it('are made where NODE_EXTRA_CA_CERTS vouches for it', async () => {
      const { code, stderr } = await ingest(...addresses(), { NODE_EXTRA_CA_CERTS: certificate });
      assert.equal(code, 0, stderr);
      assert.equal(server.sources.length, 1);
    });
  });

  describe('through a proxy', () => {
    let seen: { requests: string[]; tunnels: string[] };
    let proxy: string;

    beforeEach(async () => {
      seen = { requests: [], tunnels: [] };
      const between = createHttpServer((incoming, outgoing) => {
        seen.requests.push(incoming.url ?? '');
        const onward = request(
          incoming.url ?? '',
          { method: incoming.method ?? 'GET', headers: incoming.headers },
          answer => {
            outgoing.writeHead(answer.statusCode ?? 0, answer.headers);
            answer.pipe(outgoing);
          },
        );
        incoming.pipe(onward);
      });
      between.on('connect', (incoming, socket, head) => {
        seen.tunnels.push(incoming.url ?? '');
        socket.write('HTTP/1.1 200 Connection Established\r\n\r\n');
        tunnel(socket, head, Number(incoming.url?.split(':').at(-1)));
      });
      proxy = `http://127.0.0.1:${String(await listen(between))}`;
    });

    it('are made where the environment names one', async () => {
      const { code, stderr } = await ingest(server.apiUrl, server.wsUrl, { HTTP_PROXY: proxy, NO_PROXY: '' });
      assert.equal(code, 0, stderr);
      assert.equal(server.sources.length, 1);
      assert.ok(seen.requests.some(url => url.endsWith('/api/upload')));
      assert.ok(seen.tunnels.some(place => place.endsWith(`:${String(portOf(server.wsUrl))}`)));
    });

    it('are made without it where the environment excepts the server', async () => {
      const { code, stderr } = await ingest(server.apiUrl, server.wsUrl, {
        HTTP_PROXY: proxy,
        NO_PROXY: '127.0.0.1,localhost',
      });
      assert.equal(code, 0, stderr);
      assert.deepEqual(seen, { requests: [], tunnels: [] });
    });
  });

  describe('on which nothing is said', () => {
    /** Whoever connects is heard and never answered. Returns its address, and what comes with the first connection. */
    async function silence(): Promise<{ place: string; met: Promise<void> }> {
      const met = Promise.withResolvers<undefined>();
      const silent = createTcpServer(socket => {
        socket.on('error', () => undefined).resume();
        opened.push({ close: () => socket.destroy() });
        met.resolve(undefined);
      });
      await new Promise<void>(resolve => silent.listen(0, '127.0.0.1', resolve));
      opened.push(silent);
      return { place: `127.0.0.1:${String((silent.address() as AddressInfo).port)}`, met: met.promise };
    }

    async function stopsAtOnce(command: RunningCommand): Promise<void> {
      const asked = performance.now();
      command.child.kill('SIGINT');
      const { code, stderr } = await command.finished;
      assert.equal(code, 130, stderr);
      assert.ok(performance.now() - asked < 10_000, 'it waited on');
    }

    it('let a run be stopped before it has begun', async () => {
      const { place, met } = await silence();
      const command = start(`http://${place}`, `ws://${place}/ws`, {});
      await met;
      await stopsAtOnce(command);
    });

    it('let a run be stopped while its WebSocket is made', async () => {
      const { place, met } = await silence();
      const command = start(server.apiUrl, `ws://${place}/ws`, {});
      await met;
      await stopsAtOnce(command);
    });

    it('let a run be stopped while a proxy makes no tunnel', async () => {
      const { place, met } = await silence();
      const proxy = { HTTPS_PROXY: `http://${place}`, NO_PROXY: '' };
      const command = start('https://books.example', 'wss://books.example/ws', proxy);
      await met;
      await stopsAtOnce(command);
    });
  });
});
