import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import { bodyOf, type Reply, sha1, statusOf } from '../../support/mybookshelf2/plainClient.ts';
import { useMyBookshelf2 } from '../../support/mybookshelf2/useMyBookshelf2.ts';

const epub = { mime_type: 'application/epub+zip', extension: 'epub' };
const bytes = Buffer.from('a book');
const bookKey = { size: bytes.length, hash: sha1(bytes) };

describe('MyBookshelf2 server', () => {
  const shelf = useMyBookshelf2();

  describe('checking a file', () => {
    const check = (members: object): Promise<unknown> =>
      bodyOf(shelf.client.post('/api/upload/check', { ...epub, ...bookKey, ...members }));
    const checkStatus = (members: unknown): Promise<number> =>
      statusOf(shelf.client.post('/api/upload/check', members));

    it('takes a new file', async () => {
      assert.deepEqual(await check({}), { result: 'ok' });
      assert.deepEqual(await check({ hash: null }), { result: 'ok' });
    });

    it('knows a file by hash and size together, and the hash by the case of its digits', async () => {
      shelf.server.seedSource(bookKey);
      assert.deepEqual(await check({}), { error: 'file already exists' });
      assert.deepEqual(await check({ size: 7 }), { result: 'ok' });
      assert.deepEqual(await check({ hash: bookKey.hash.toUpperCase() }), { result: 'ok' });
      assert.deepEqual(await check({ hash: null }), { result: 'ok' });
    });

    it('tests the size first, then the format, then whether the file exists', async () => {
      shelf.server.seedSource({ hash: 'h', size: 524_288_001 });
      shelf.server.seedSource({ hash: 'h', size: 5 });
      const unknown = { hash: 'h', mime_type: 'image/png', extension: 'png' };
      assert.deepEqual(await check({ ...unknown, size: 524_288_001 }), { error: 'file too big' });
      const error = 'unsupported file type image/png, extension png';
      assert.deepEqual(await check({ ...unknown, size: 5 }), { error });
      assert.deepEqual(await check({ size: 524_288_000 }), { result: 'ok' });
    });

    it('goes by the type or else by the extension, and takes rubbish of the type of chm', async () => {
      for (const file of [
        { mime_type: 'application/x-unknown', extension: 'azw3' },
        { mime_type: 'APPLICATION/EPUB+ZIP', extension: 'xyz' },
        { mime_type: '', extension: 'epub' },
        { mime_type: 'application/octet-stream', extension: 'xyz' },
      ]) {
        assert.deepEqual(await check(file), { result: 'ok' });
      }
      const error = 'unsupported file type application/x-y, extension EPUB';
      assert.deepEqual(await check({ mime_type: 'application/x-y', extension: 'EPUB' }), { error });
    });

    it('answers 400 to what is no valid request', async () => {
      assert.equal(await checkStatus({ ...epub, ...bookKey, size: 0 }), 400);
      assert.equal(await checkStatus({ ...bookKey, extension: 'epub' }), 400);
      assert.equal(await checkStatus({ ...bookKey, ...epub, mime_type: null }), 400);
      assert.equal(await checkStatus({ ...bookKey, ...epub, mime_type: 'x'.repeat(256) }), 400);
      assert.equal(await checkStatus([]), 400);
    });

    it('fails with 500 for other keys than its own, a missing hash, and a size in quotes', async () => {
      assert.equal(await checkStatus({ ...epub, ...bookKey, name: 'x' }), 500);
      assert.equal(await checkStatus({ ...epub, size: 5 }), 500);
      assert.equal(await checkStatus({ ...epub, ...bookKey, size: '5' }), 500);
    });
  });

  describe('checking in batches', () => {
    const batch = (...elements: unknown[]): Promise<Reply> =>
      shelf.client.post('/api/upload/check-batch', elements);

    it('answers for each file in their order, and goes by the size alone where there is no hash', async () => {
      shelf.server.seedSource(bookKey);
      const json = await bodyOf(
        batch(
          { ...epub, ...bookKey, anything: 1 },
          { ...epub, ...bookKey, hash: 'other' },
          { ...epub, size: bookKey.size },
          { ...epub, size: bookKey.size, hash: '' },
          { ...epub, size: bookKey.size, hash: null },
          { ...epub, size: 99 },
          { ...epub },
          { ...epub, size: 524_288_001 },
          { ...bookKey, mime_type: 'image/png', extension: 'png' },
        ),
      );
      const answer = (exists: boolean, error: string | null = null): unknown => ({ exists, error });
      assert.deepEqual(json, {
        results: [
          ...[
            answer(true),
            answer(false),
            answer(true),
            answer(true),
            answer(true),
            answer(false),
            answer(false),
          ],
          answer(false, 'file too big'),
          answer(false, 'unsupported file type image/png, extension png'),
        ],
      });
    });

    it('takes up to 200 objects', async () => {
      assert.equal(await statusOf(batch(...new Array<unknown>(200).fill(epub))), 200);
      assert.equal(await statusOf(batch(...new Array<unknown>(201).fill(epub))), 400);
      assert.equal(await statusOf(shelf.client.post('/api/upload/check-batch', epub)), 400);
      assert.equal(await statusOf(batch(epub, 5)), 500);
      assert.deepEqual(await bodyOf(batch()), { results: [] });
    });

    it('is not there where it is switched off', async () => {
      await shelf.serve({ checkBatch: false });
      assert.equal(await statusOf(batch(epub)), 404);
    });
  });

  describe('receiving a file', () => {
    const upload = (name: string, type?: string, content = bytes): Promise<unknown> =>
      bodyOf(shelf.client.upload(content, name, type));

    /** Sends text over a bare connection, and collects the answer for as long as `until` wants more. */
    async function exchange(text: string, until: (answer: string) => boolean): Promise<string> {
      const socket = connect(Number(new URL(shelf.server.apiUrl).port), '127.0.0.1');
      socket.write(text);
      let answer = '';
      while (!until(answer)) answer += ((await once(socket, 'data')) as [Buffer])[0].toString();
      socket.destroy();
      return answer;
    }

    it('keeps the file under the ASCII letters of its name', async () => {
      for (const [name, stored] of [
        ['My Book (1) p000.epub', 'My_Book_1_p000.epub'],
        ['Café.epub', 'Cafe.epub'],
        ['Замок.epub', 'epub'],
        ['Преступление и наказание.epub', 'epub'],
        ['Кафка - Замок.epub', '-_.epub'],
      ] as const) {
        const json = (await upload(name)) as { result: string; file: string };
        assert.equal(json.result, 'ok');
        assert.match(json.file, /^tmp[a-z0-9_]{8}\//);
        assert.equal(json.file.split('/')[1], stored);
      }
    });

    it('refuses what is there already, of unknown type, too big, or without a name', async () => {
      await shelf.serve({ maxBytes: 2000 });
      shelf.server.seedSource(bookKey);
      assert.deepEqual(await upload('a.epub'), { error: 'file already exists' });
      const error = 'unsupported file type image/png, extension png';
      assert.deepEqual(await upload('a.png', 'image/png'), { error });
      const nameless =
        '--b\r\nContent-Disposition: form-data; name="file"; filename=""\r\n\r\nx\r\n--b--\r\n';
      const headers = { 'content-type': 'multipart/form-data; boundary=b' };
      const reply = shelf.client.request('/api/upload', { method: 'POST', headers, body: nameless });
      assert.deepEqual(await bodyOf(reply), { error: 'no file' });
    });

    it('answers 413 to a body beyond the limit, though the file itself is within it', async () => {
      await shelf.serve({ maxBytes: 2000 });
      assert.equal(await statusOf(shelf.client.upload(Buffer.alloc(1990), 'a.epub')), 413);
      assert.equal(await statusOf(shelf.client.upload(Buffer.alloc(1500), 'a.epub')), 200);
    });

    it('says nothing about a body that is too large before it has swallowed it', async () => {
      await shelf.serve({ maxBytes: 2000 });
      const head =
        `POST /api/upload HTTP/1.1\r\nHost: x\r\nAuthorization: bearer ${shelf.client.accessToken}\r\n` +
        'Content-Type: multipart/form-data; boundary=b\r\nContent-Length: 3000\r\n\r\n';
      const socket = connect(Number(new URL(shelf.server.apiUrl).port), '127.0.0.1');
      let answer = '';
      socket.on('data', data => (answer += data.toString()));
      socket.write(head + 'x'.repeat(2999));
      // Another request made and answered meanwhile is time enough for an answer that should not come.
      await shelf.client.get('/api/ebooks/1');
      assert.equal(answer, '');
      socket.write('x');
      await once(socket, 'data');
      assert.match(answer, /^HTTP\/1\.1 413 /);
      socket.destroy();
    });

    it('answers 400 to a chunked body, and to a form without a file', async () => {
      const chunked =
        `POST /api/upload HTTP/1.1\r\nHost: x\r\nAuthorization: bearer ${shelf.client.accessToken}\r\n` +
        'Content-Type: multipart/form-data; boundary=b\r\nTransfer-Encoding: chunked\r\n\r\n';
      const part =
        '--b\r\nContent-Disposition: form-data; name="file"; filename="a.epub"\r\n\r\nx\r\n--b--\r\n';
      const chunks = `${part.length.toString(16)}\r\n${part}\r\n0\r\n\r\n`;
      assert.match(await exchange(chunked + chunks, answer => answer.includes('\n')), /^HTTP\/1\.1 400 /);
      const form = new FormData();
      form.append('other', new Blob(['x']), 'a.epub');
      form.append('file', 'a field');
      assert.equal(await statusOf(shelf.client.request('/api/upload', { method: 'POST', body: form })), 400);
      assert.equal(await statusOf(shelf.client.post('/api/upload', {})), 400);
    });

    it('fails with 500 for an empty file', async () => {
      assert.equal(await statusOf(shelf.client.upload(Buffer.alloc(0), 'a.epub')), 500);
    });

    it('hashes what passes through, whatever looks like a boundary in it', async () => {
      const content = Buffer.concat([
        randomBytes(300_000),
        Buffer.from('\r\n--\r\n\r\n----'),
        randomBytes(200_000),
      ]);
      const upload = await shelf.client.uploaded({}, content);
      const { json } = await shelf.client.get(`/api/uploads-meta/${String(upload)}`);
      const { size, hash } = json as { size: number; hash: string };
      assert.deepEqual({ size, hash }, { size: content.length, hash: sha1(content) });
    });

    it('counts how many files it receives at once', async () => {
      await shelf.serve({ latencyMs: 300 });
      await Promise.all([1, 2, 3].map(() => shelf.client.upload(randomBytes(50), 'a.epub')));
      assert.equal(shelf.server.requests.uploadsAtOnce, 3);
      assert.equal(shelf.server.requests.of('POST /api/upload'), 3);
    });
  });
});
