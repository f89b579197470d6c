import { failure, html, json, type Answer } from './answers.ts';
import { isObject, type JsonObject } from './json.ts';
import type { Call, RestServer } from './routes.ts';
import { bearerToken } from './tokens.ts';

/** `POST /login`: with a name or an e-mail address and a password, or with a refresh token. */
export function login(call: Call, server: RestServer): Answer {
  // Exactly this type: with a charset behind it the request counts as the form of the login page.
  if (call.headers['content-type'] !== 'application/json') return html('<title>Login</title><form></form>');
  if (!isObject(call.json)) return failure(400);
  return 'refresh_token' in call.json ? refreshed(call.json, call, server) : signedIn(call.json, server);
}

export function isSignIn(json: unknown): 'login' | 'refresh' {
  return isObject(json) && 'refresh_token' in json ? 'refresh' : 'login';
}

function signedIn(body: JsonObject, { user, tokens }: RestServer): Answer {
  const byName = 'username' in body;
  const who = byName ? body['username'] : body['email'];
  const password = body['password'];
  if (typeof who !== 'string' || who === '' || typeof password !== 'string' || password === '')
    return failure(400);
  const known = who === (byName ? user.userName : user.email) && password === user.password;
  if (!known) return json({ error: 'Invalid Login' });
  return json({ access_token: tokens.access(user), refresh_token: tokens.refresh(user) });
}

function refreshed(body: JsonObject, call: Call, { user, tokens }: RestServer): Answer {
  const refresh = body['refresh_token'];
  const owner = typeof refresh === 'string' ? tokens.userOfRefresh(refresh) : undefined;
  const bearer = tokens.userOfAccess(bearerToken(call.headers.authorization), { evenExpired: true });
  if (owner === undefined || owner !== bearer || owner !== user.id) return failure(400);
  return json({ access_token: tokens.access(user) });
}
