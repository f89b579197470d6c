import assert from 'node:assert/strict';
import { once } from 'node:events';
import { WebSocket } from 'ws';
import type { Message } from '../../support/mybookshelf2/plainClient.ts';
import { useMyBookshelf2 } from '../../support/mybookshelf2/useMyBookshelf2.ts';
import { until } from '../../support/until.ts';

describe('MyBookshelf2 server, tasks', () => {
  const shelf = useMyBookshelf2();

  const update = (message: Message): Record<string, unknown> => message[2] as Record<string, unknown>;
  describe('the WebSocket', () => {
    it('is refused with 401 without a good token', async () => {
      const handshake = async (query: string): Promise<number | undefined> => {
        const ws = new WebSocket(`${shelf.server.wsUrl}${query}`);
        ws.on('error', () => undefined);
        const [, response] = (await once(ws, 'unexpected-response')) as [unknown, { statusCode?: number }];
        ws.terminate();
        return response.statusCode;
      };
      assert.deepEqual(await Promise.all(['', '?token=rubbish'].map(handshake)), [401, 401]);
      shelf.server.expireTokens();
      assert.equal(await handshake(`?token=${shelf.client.accessToken}`), 401);
      assert.equal(shelf.server.requests.socketsOpened, 0);
    });

    it('stays open when the token expires, and answers pings', async () => {
      const socket = await shelf.client.connect();
      shelf.server.expireTokens();
      socket.ws.ping('x');
      const [data] = (await once(socket.ws, 'pong')) as [Buffer];
      assert.equal(data.toString(), 'x');
      socket.close();
    });

    it('answers a call with a task id, the start, and the result', async () => {
      const file = await shelf.client.storedFile();
      const socket = await shelf.client.connect();
      const call = socket.call(file, { title: 'x' });
      const [kind, id, taskId] = await socket.next();
      assert.deepEqual([kind, id], ['r', call]);
      assert.match(String(taskId), /^[0-9a-f]{32}$/);
      assert.deepEqual(await socket.next(), ['m', call, { status: 'started', task_id: taskId }]);
      const { duration, ...rest } = update(await socket.next());
      assert.equal(typeof duration, 'number');
      assert.deepEqual(rest, { status: 'success', result: 1, task_id: taskId });
      socket.close();
    });

    it('passes over what is no call, and binary frames; refuses what is nearly one', async () => {
      const socket = await shelf.client.connect();
      for (const text of ['rubbish', '[]', '{}', '5']) socket.ws.send(text);
      socket.ws.send(Buffer.from('["id", "metadata", {"args": []}]'));
      socket.send(['a', 'metadata']);
      assert.deepEqual(await socket.next(), [
        'e',
        'a',
        'not enough values to unpack (expected 3, got 2)',
        null,
      ]);
      socket.send([7, 'no-such-task', {}]);
      const [kind, id, error] = await socket.next();
      assert.deepEqual([kind, id, typeof error], ['e', 7, 'string']);
      socket.close();
    });

    it('writes slashes with a backslash before them', async () => {
      const socket = await shelf.client.connect();
      socket.send([1, 'a/b', {}]);
      await until('a message', () => socket.received.length > 0);
      assert.ok(socket.received[0]!.includes('a\\/b'), socket.received[0]);
      socket.close();
    });

    it('ends a connection that sends more than 4 MiB in a frame', async () => {
      const socket = await shelf.client.connect();
      const closed = socket.closed();
      socket.send('x'.repeat(4 * 1024 * 1024));
      assert.equal(await closed, 1009);
    });

    it('is not there where it is switched off', async () => {
      await shelf.serve({ webSocket: false });
      const ws = new WebSocket(`${shelf.server.wsUrl}?token=${shelf.client.accessToken}`);
      const [error] = (await once(ws, 'error')) as [NodeJS.ErrnoException];
      assert.equal(error.code, 'ECONNREFUSED');
      assert.equal((await shelf.client.get('/api/ebooks/1')).status, 404);
    });
  });

  describe('the metadata task', () => {
    it('fails for a name without extension, and for an unknown file', async () => {
      const socket = await shelf.client.connect();
      const failed = await socket.metadata(await shelf.client.storedFile('Замок.epub'));
      assert.equal(failed['status'], 'error');
      assert.match(String(failed['error']), /^null value in column "format_id"/);
      assert.equal((await socket.metadata('tmp00000000/book.epub'))['status'], 'error');
      assert.equal(shelf.server.uploads.length, 0);
      socket.close();
    });

    it('makes another row when it is called again for the same file', async () => {
      const socket = await shelf.client.connect();
      const file = await shelf.client.storedFile();
      assert.equal((await socket.metadata(file))['result'], 1);
      assert.equal((await socket.metadata(file))['result'], 2);
      const files = shelf.server.uploads.map(upload => upload.file);
      assert.deepEqual(files, [file, file]);
      socket.close();
    });

    it('runs as often at once as there are cores', async () => {
      await shelf.serve({ cores: 2, taskMs: 20 });
      const socket = await shelf.client.connect();
      const file = await shelf.client.storedFile();
      for (let calls = 0; calls < 5; calls++) socket.call(file);
      await until('the uploads', () => shelf.server.uploads.length === 5);
      assert.equal(shelf.server.requests.tasksAtOnce, 2);
      assert.equal(shelf.server.requests.tasksStarted, 5);
      socket.close();
    });

    it('reads what the test lets it find in a file', async () => {
      await shelf.serve({ extract: name => ({ title: `In ${name}`, genres: [{ name: 'Cooking' }] }) });
      const id = await shelf.client.uploaded({ genres: [] });
      const { json } = await shelf.client.get(`/api/uploads-meta/${String(id)}`);
      assert.deepEqual((json as { meta: unknown }).meta, { title: 'In book.epub', genres: [] });
    });
  });

  describe('a session', () => {
    it('keeps results while nobody is connected, and delivers them to the same user and id', async () => {
      await shelf.serve({ taskMs: 30 });
      const first = await shelf.client.connect('s1');
      const call = first.call(await shelf.client.storedFile());
      await until('a task', () => shelf.server.requests.tasksStarted === 1);
      shelf.server.dropSockets();
      await until('the uploads', () => shelf.server.uploads.length === 1);

      const stranger = await shelf.client.connect('s2');
      const second = await shelf.client.connect('s1');
      let message: Message;
      do message = await second.next();
      while (message[0] === 'r' || update(message)['status'] === 'started');
      assert.deepEqual([message[0], message[1]], ['m', call]);
      assert.equal(update(message)['result'], 1);
      assert.deepEqual(stranger.received, []);
      stranger.close();
      second.close();
    });

    it('forgets them after a while', async () => {
      await shelf.serve({ taskMs: 20, sessionKeepMs: 1 });
      const first = await shelf.client.connect('s1');
      const file = await shelf.client.storedFile();
      first.call(file);
      await until('a task', () => shelf.server.requests.tasksStarted === 1);
      shelf.server.dropSockets();
      await until('the uploads', () => shelf.server.uploads.length === 1);
      await new Promise(resolve => setTimeout(resolve, 20));
      const second = await shelf.client.connect('s1');
      assert.equal((await second.metadata(file))['result'], 2);
      second.close();
    });

    it('ends an earlier connection with code 1000 when another comes', async () => {
      const first = await shelf.client.connect('s1');
      const closed = first.closed();
      const second = await shelf.client.connect('s1');
      assert.equal(await closed, 1000);
      assert.equal((await second.metadata(await shelf.client.storedFile()))['result'], 1);
      second.close();
    });

    it('without an id loses what comes while it is away', async () => {
      await shelf.serve({ taskMs: 20 });
      const first = await shelf.client.connect();
      const file = await shelf.client.storedFile();
      first.call(file);
      await until('a task', () => shelf.server.requests.tasksStarted === 1);
      shelf.server.dropSockets();
      await until('the uploads', () => shelf.server.uploads.length === 1);
      const second = await shelf.client.connect();
      assert.equal((await second.metadata(file))['result'], 2);
      assert.deepEqual(second.received, []);
      second.close();
    });
  });

  describe('a restart', () => {
    it('loses tasks and sessions, and keeps files, books, tokens and addresses', async () => {
      await shelf.serve({ taskMs: 20, cores: 1 });
      const { apiUrl, wsUrl } = shelf.server;
      const file = await shelf.client.storedFile();
      await shelf.client.ebook();
      const first = await shelf.client.connect('s1');
      const closed = first.closed();
      first.call(file);
      first.call(file);
      await until('a task', () => shelf.server.requests.tasksStarted === 1);
      await shelf.server.restart();
      assert.equal(await closed, 1006);
      assert.deepEqual([shelf.server.apiUrl, shelf.server.wsUrl], [apiUrl, wsUrl]);
      assert.equal((await shelf.client.get('/api/ebooks/1')).status, 200);

      const second = await shelf.client.connect('s1');
      assert.equal((await second.metadata(file))['result'], 1);
      assert.equal(shelf.server.uploads.length, 1);
      assert.deepEqual(second.received, []);
      second.close();
    });

    it('of the backend alone leaves REST as it is', async () => {
      const socket = await shelf.client.connect('s1');
      const closed = socket.closed();
      await shelf.server.restartBackend();
      assert.equal(await closed, 1006);
      assert.equal(await shelf.client.uploaded(), 1);
    });

    it('can be a while after the stop, and nothing answers until then', async () => {
      await shelf.serve({ latencyMs: 200 });
      const waiting = shelf.client.ebook();
      await until('an e-book', () => shelf.server.requests.of('POST /api/ebooks') === 1);
      await Promise.all([assert.rejects(waiting), shelf.server.stop()]);
      await assert.rejects(shelf.client.get('/api/ebooks/1'));
      await shelf.server.start();
      assert.equal(shelf.server.ebooks.length, 0);
      assert.equal((await shelf.client.get('/api/ebooks/1')).status, 404);
    });
  });
});
