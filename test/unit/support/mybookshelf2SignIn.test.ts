import assert from 'node:assert/strict';
import { bodyOf, statusOf } from '../../support/mybookshelf2/plainClient.ts';
import { useMyBookshelf2 } from '../../support/mybookshelf2/useMyBookshelf2.ts';

describe('MyBookshelf2 server', () => {
  const shelf = useMyBookshelf2();

  describe('signing in', () => {
    it('takes the user by name or by e-mail address', async () => {
      for (const who of [{ username: 'admin' }, { email: 'admin@example.com' }]) {
        const json = await bodyOf(shelf.client.post('/login', { ...who, password: 'admin' }));
        assert.deepEqual(Object.keys(json as object), ['access_token', 'refresh_token']);
      }
      assert.equal(shelf.server.requests.logins, 3);
    });

    it('answers a wrong name or password with an error of status 200, and names by their case', async () => {
      for (const [username, password] of [
        ['admin', 'wrong'],
        ['Admin', 'admin'],
      ]) {
        assert.deepEqual(await bodyOf(shelf.client.post('/login', { username, password })), {
          error: 'Invalid Login',
        });
      }
    });

    it('answers 400 when a name or a password is missing', async () => {
      for (const part of [{}, { username: 'admin' }, { password: 'admin' }]) {
        assert.equal(await statusOf(shelf.client.post('/login', part)), 400);
      }
    });

    it('takes any content type but plain JSON for the login form', async () => {
      const credentials = { username: 'admin', password: 'admin' };
      const reply = await shelf.client.post('/login', credentials, {
        'content-type': 'application/json; charset=utf-8',
      });
      assert.deepEqual([reply.status, reply.json], [200, undefined]);
    });

    it('refreshes with the refresh token and the access token, also an expired one, and gives no new refresh token', async () => {
      shelf.server.expireTokens();
      assert.equal(await statusOf(shelf.client.get('/api/ebooks/1')), 401);
      const json = await bodyOf(shelf.client.post('/login', { refresh_token: shelf.client.refreshToken }));
      assert.deepEqual(Object.keys(json as object), ['access_token']);
      shelf.client.accessToken = (json as { access_token: string }).access_token;
      assert.equal(await statusOf(shelf.client.get('/api/ebooks/1')), 404);
      assert.equal(shelf.server.requests.refreshes, 1);
    });

    it('answers 400 to a refresh without access token, and to one with a wrong token', async () => {
      const refresh = { refresh_token: shelf.client.refreshToken };
      assert.equal(await statusOf(shelf.client.post('/login', refresh, { authorization: '' })), 400);
      assert.equal(
        await statusOf(shelf.client.post('/login', refresh, { authorization: 'Bearer x.y.z' })),
        400,
      );
      assert.equal(
        await statusOf(shelf.client.post('/login', { refresh_token: shelf.client.accessToken })),
        400,
      );
    });

    it('takes the token in a header of any case, or in the query', async () => {
      const { accessToken } = shelf.client;
      for (const authorization of [`Bearer ${accessToken}`, `BEARER ${accessToken}`]) {
        assert.equal(
          await statusOf(shelf.client.request('/api/ebooks/1', { headers: { authorization } })),
          404,
        );
      }
      shelf.client.accessToken = '';
      assert.equal(await statusOf(shelf.client.get(`/api/ebooks/1?bearer_token=${accessToken}`)), 404);
    });

    it('answers 401 without a token and with a bad one', async () => {
      for (const token of ['', 'rubbish', shelf.client.refreshToken, `${shelf.client.accessToken}x`]) {
        shelf.client.accessToken = token;
        assert.equal(await statusOf(shelf.client.get('/api/ebooks/1')), 401);
        assert.equal(await statusOf(shelf.client.post('/api/upload/check', {})), 401);
      }
    });

    it('has no /api/auth/login', async () => {
      assert.equal(
        await statusOf(shelf.client.post('/api/auth/login', { username: 'admin', password: 'admin' })),
        404,
      );
    });
  });
});
