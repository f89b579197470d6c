import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import { WebSocket } from 'ws';
import { faultKinds, type FaultKind, type FaultPlace } from '../../support/mybookshelf2/faults.ts';
import type { PlainClient } from '../../support/mybookshelf2/plainClient.ts';
import { useMyBookshelf2 } from '../../support/mybookshelf2/useMyBookshelf2.ts';

describe('MyBookshelf2 server, faults', () => {
  const shelf = useMyBookshelf2();

  const makeBook = (): ReturnType<PlainClient['post']> =>
    shelf.client.post('/api/ebooks', { title: 'Probe Title', language: { id: 2 } });
  const upload = (size = 1000): ReturnType<PlainClient['upload']> =>
    shelf.client.upload(randomBytes(size), 'a.epub');

  describe('of a request', () => {
    it('slow: the answer is right, and late', async () => {
      shelf.server.setFaults({ slowMs: 40 });
      shelf.server.failNext('POST /api/ebooks', 'slow');
      const begin = performance.now();
      assert.equal((await makeBook()).status, 200);
      assert.ok(performance.now() - begin >= 39);
    });

    it('error500: nothing has happened', async () => {
      shelf.server.failNext('POST /api/ebooks', 'error500', 2);
      assert.deepEqual([(await makeBook()).status, (await makeBook()).status], [500, 500]);
      assert.equal(shelf.server.ebooks.length, 0);
      assert.equal((await makeBook()).status, 200);
      assert.equal(shelf.server.requests.faults('error500'), 2);
    });

    it('error500After: it has happened', async () => {
      shelf.server.failNext('POST /api/ebooks', 'error500After');
      assert.equal((await makeBook()).status, 500);
      assert.equal(shelf.server.ebooks.length, 1);
    });

    it('cutBefore: the connection breaks, and nothing has happened', async () => {
      shelf.server.failNext('POST /api/upload', 'cutBefore');
      await assert.rejects(upload(300_000));
      assert.equal(shelf.server.tables.storedFiles.size, 0);
      shelf.server.failNext('GET /api/ebooks/<id>', 'cutBefore');
      await assert.rejects(shelf.client.get('/api/ebooks/1'));
    });

    it('cutBefore breaks before the last byte of a body is there', async () => {
      shelf.server.failNext('POST /api/upload', 'cutBefore');
      const socket = connect(Number(new URL(shelf.server.apiUrl).port), '127.0.0.1');
      socket.on('error', () => undefined);
      const closed = once(socket, 'close');
      socket.write(`POST /api/upload HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n${'x'.repeat(60)}`);
      await closed;
    });

    it('cutAfter: the connection breaks, and it has happened', async () => {
      shelf.server.failNext('POST /api/upload', 'cutAfter');
      await assert.rejects(upload());
      assert.equal(shelf.server.tables.storedFiles.size, 1);
    });

    it('unavailable: 503, and when to come again', async () => {
      shelf.server.failNext('POST /api/upload', 'unavailable');
      const first = await upload();
      assert.deepEqual([first.status, first.headers.get('retry-after')], [503, '1']);
      shelf.server.setFaults({ retryAfterSeconds: 7 });
      shelf.server.failNext('POST /login', 'unavailable');
      assert.equal((await shelf.client.post('/login', {})).headers.get('retry-after'), '7');
      assert.equal(shelf.server.tables.storedFiles.size, 0);
    });

    it('expired: 401 once, with a token that is good', async () => {
      shelf.server.failNext('POST /api/ebooks', 'expired');
      assert.deepEqual([(await makeBook()).status, (await makeBook()).status], [401, 200]);
      assert.equal(shelf.server.ebooks.length, 1);
    });

    it('tooLarge: 413', async () => {
      shelf.server.failNext('POST /api/upload', 'tooLarge');
      assert.equal((await upload()).status, 413);
      assert.equal(shelf.server.tables.storedFiles.size, 0);
    });

    it('duplicateMeanwhile: somebody else was faster', async () => {
      const [ebook, uploadId] = [await shelf.client.ebook(), await shelf.client.uploaded()];
      shelf.server.failNext('POST /api/ebooks/<id>/add-upload', 'duplicateMeanwhile');
      const path = `/api/ebooks/${String(ebook)}/add-upload`;
      const { json } = await shelf.client.post(path, { upload_id: uploadId });
      assert.equal((json as { error: string }).error, 'File already exists');
      assert.equal(shelf.server.sources.length, 1);
      assert.notEqual(shelf.server.sources[0]!.ebookId, ebook);
    });
  });

  describe('of a task', () => {
    it('slow: the result is right, and late', async () => {
      shelf.server.setFaults({ slowMs: 40 });
      shelf.server.failNext('metadata', 'slow');
      const socket = await shelf.client.connect();
      const { result, duration } = await socket.metadata(await shelf.client.storedFile());
      assert.equal(result, 1);
      assert.ok((duration as number) >= 0.039);
      socket.close();
    });

    it('taskRefused: there is no task', async () => {
      shelf.server.failNext('metadata', 'taskRefused');
      const socket = await shelf.client.connect();
      const call = socket.call(await shelf.client.storedFile());
      const [kind, id] = await socket.next();
      assert.deepEqual([kind, id], ['e', call]);
      assert.equal(shelf.server.requests.tasksStarted, 0);
      socket.close();
    });

    it('taskError: an error, and no upload', async () => {
      shelf.server.failNext('metadata', 'taskError');
      const socket = await shelf.client.connect();
      const file = await shelf.client.storedFile();
      assert.equal((await socket.metadata(file))['status'], 'error');
      assert.equal(shelf.server.uploads.length, 0);
      assert.equal((await socket.metadata(file))['status'], 'success');
      socket.close();
    });

    it('resultLost: the upload is there, and nobody is told', async () => {
      await shelf.serve({ cores: 1 });
      shelf.server.failNext('metadata', 'resultLost');
      const socket = await shelf.client.connect();
      const file = await shelf.client.storedFile();
      socket.call(file);
      // On one core the second task ends after the first, whose result would have come before.
      assert.equal((await socket.metadata(file))['result'], 2);
      assert.deepEqual(socket.received, []);
      socket.close();
    });

    it('socketDrop: the connection breaks, and the result waits for the session', async () => {
      shelf.server.failNext('metadata', 'socketDrop');
      const first = await shelf.client.connect('s1');
      const closed = first.closed();
      const call = first.call(await shelf.client.storedFile());
      assert.equal(await closed, 1006);
      const second = await shelf.client.connect('s1');
      const [kind, id, update] = await second.next();
      assert.deepEqual([kind, id], ['m', call]);
      assert.equal((update as { result: unknown }).result, 1);
      second.close();
    });
  });

  it('of a handshake refuse it, or break the connection', async () => {
    const outcome = (kind: 'expired' | 'unavailable' | 'cutBefore'): Promise<unknown> => {
      shelf.server.failNext('connect', kind);
      const ws = new WebSocket(`${shelf.server.wsUrl}?token=${shelf.client.accessToken}`);
      return new Promise(resolve => {
        ws.on('unexpected-response', (_request, response) => {
          resolve(response.statusCode);
          ws.terminate();
        });
        ws.on('error', () => {
          resolve('broken');
        });
      });
    };
    const outcomes = [await outcome('expired'), await outcome('unavailable'), await outcome('cutBefore')];
    assert.deepEqual(outcomes, [401, 503, 'broken']);
    shelf.server.failNext('connect', 'slow');
    (await shelf.client.connect()).close();
  });

  it('are refused where they do not apply', () => {
    const everyKind = new Set(Object.values<readonly FaultKind[]>(faultKinds).flat());
    for (const [place, kinds] of Object.entries(faultKinds) as [FaultPlace, readonly FaultKind[]][]) {
      for (const kind of everyKind) {
        const scripted = (): void => {
          shelf.server.failNext(place, kind);
        };
        if (kinds.includes(kind)) scripted();
        else assert.throws(scripted);
      }
    }
  });

  describe('at a rate', () => {
    const statuses = async (requests: number): Promise<number[]> => {
      const seen: number[] = [];
      while (seen.length < requests) seen.push((await shelf.client.get('/api/ebooks/1')).status);
      return seen;
    };

    it('come in the same order with the same seed, and in another with another', async () => {
      const faults = { rate: 0.3, kinds: ['error500', 'unavailable'] as const };
      shelf.server.setFaults({ ...faults, seed: 7 });
      const first = await statuses(60);
      shelf.server.setFaults({ ...faults, seed: 7 });
      assert.deepEqual(await statuses(60), first);
      shelf.server.setFaults({ ...faults, seed: 8 });
      assert.notDeepEqual(await statuses(60), first);
      assert.deepEqual([...new Set(first)].sort(), [404, 500, 503]);
      const share = first.filter(status => status !== 404).length / first.length;
      assert.ok(share > 0.15 && share < 0.45, String(share));
    });

    it('come only at the places that are named, and end', async () => {
      shelf.server.setFaults({ rate: 1, kinds: ['error500'], places: ['POST /api/ebooks'] });
      assert.deepEqual(await statuses(2), [404, 404]);
      assert.equal((await makeBook()).status, 500);
      shelf.server.setFaults({});
      assert.equal((await makeBook()).status, 200);
    });
  });
});
