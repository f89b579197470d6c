import * as v from 'valibot';
import { DestinationUnusable } from '../destination.ts';
import { PassingFailure, retryAfterMs } from '../retry.ts';
import type { HttpAnswer, HttpClient } from './httpClient.ts';
import { sentence } from '../../../protocol/sentences.ts';

export interface Account {
  readonly userName: string;
  readonly password: string | null;
}

const tokensSchema = v.object({ access_token: v.string(), refresh_token: v.optional(v.string()) });
interface Tokens {
  readonly access: string;
  readonly refresh: string | null;
  /** Milliseconds since 1970; from then on it is renewed before it is used. */
  readonly renewAt: number;
}

/** So long before its end a token is renewed: a refusal in the middle of a large book would cost sending it anew. */
const renewBeforeMs = 5 * 60_000;

const claimsSchema = v.object({ exp: v.number() });

/**
 * When a token is to be renewed, by the end that stands in it. Where that is past already, our clock and the
 * server's are apart, and only the server can tell.
 */
function renewalTime(token: string): number {
  const claims = parseJson(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8'));
  if (!v.is(claimsSchema, claims)) return Infinity;
  const renewAt = claims.exp * 1000 - renewBeforeMs;
  return renewAt > Date.now() ? renewAt : Infinity;
}

const errorSchema = v.object({ error: v.string() });

/**
 * Who we are to a server: one login for a process's life, for it costs the server a fifth of a second of work.
 * An access token is renewed by the other token when the server takes it no more (after four hours), and by a new
 * login when that does not help either.
 */
export class Login {
  readonly #http: HttpClient;
  readonly #account: Account;
  readonly #address: string;
  readonly #lifetime: AbortSignal;
  #tokens: Tokens | null = null;
  /** One at a time, however many requests are refused at once. */
  #renewing: Promise<string> | null = null;

  /** @param lifetime ends a login under way: it is everybody's, not that of one request */
  constructor(http: HttpClient, account: Account, address: string, lifetime: AbortSignal) {
    this.#http = http;
    this.#account = account;
    this.#address = address;
    this.#lifetime = lifetime;
  }

  /**
   * A token that the server takes, as far as we know.
   *
   * @param refused one that it has just refused
   * @throws PassingFailure, DestinationUnusable
   */
  async token(refused: string | null = null): Promise<string> {
    const tokens = this.#tokens;
    if (tokens && tokens.access !== refused && Date.now() < tokens.renewAt) return tokens.access;
    this.#renewing ??= this.#renew().finally(() => {
      this.#renewing = null;
    });
    return await this.#renewing;
  }

  async #renew(): Promise<string> {
    const old = this.#tokens;
    if (old && old.refresh !== null) {
      const answer = await this.#post({ refresh_token: old.refresh }, old.access);
      const tokens = v.safeParse(tokensSchema, parseJson(answer.text));
      if (answer.status === 200 && tokens.success) {
        const access = tokens.output.access_token;
        this.#tokens = { access, refresh: old.refresh, renewAt: renewalTime(access) };
        return access;
      }
      this.#tokens = null;
    }
    return await this.#logIn();
  }

  async #logIn(): Promise<string> {
    const { userName, password } = this.#account;
    if (password === null) {
      throw new DestinationUnusable(sentence('passwordNeeded', userName, this.#address));
    }
    const answer = await this.#post({ username: userName, password }, null);
    const body = parseJson(answer.text);
    if (answer.status === 200 && v.is(errorSchema, body)) {
      throw new DestinationUnusable(sentence('passwordRefused', this.#address, userName, body.error));
    }
    const tokens = v.safeParse(tokensSchema, body);
    if (answer.status !== 200 || !tokens.success) throw notMyBookshelf2(this.#address, answer.status);
    const { access_token: access, refresh_token: refresh } = tokens.output;
    this.#tokens = { access, refresh: refresh ?? null, renewAt: renewalTime(access) };
    return access;
  }

  async #post(body: unknown, bearer: string | null): Promise<HttpAnswer> {
    const bytes = Buffer.from(JSON.stringify(body));
    const answer = await this.#http.send(
      {
        method: 'POST',
        path: '/login',
        ...(bearer === null ? {} : { headers: { authorization: `Bearer ${bearer}` } }),
        body: { contentType: 'application/json', bytes: bytes.length, chunks: () => [bytes] },
      },
      this.#lifetime,
    );
    throwIfPassing(answer, this.#address, 'destination');
    return answer;
  }
}

/**
 * @param blamed by a status of 500, which says only that something went wrong
 * @throws PassingFailure where the status says that another try may do better
 * @throws DestinationUnusable where it is the proxy's
 */
export function throwIfPassing(
  { status, retryAfter }: Pick<HttpAnswer, 'status' | 'retryAfter'>,
  address: string,
  blamed: 'destination' | 'book',
): void {
  if (status === 407) {
    throw new DestinationUnusable(
      `The proxy on the way to ${address} asks for a login (HTTP 407). Put its user and password into its address, as in http://user:password@proxy:3128.`,
    );
  }
  const busy = [408, 429, 502, 503, 504].includes(status);
  if (!busy && status !== 500) return;
  throw new PassingFailure(
    busy ? 'destination' : blamed,
    `${address} answers with HTTP ${String(status)}. See its log.`,
    { retryAfterMs: retryAfterMs(retryAfter, new Date()) },
  );
}

export function notMyBookshelf2(address: string, status: number): DestinationUnusable {
  return new DestinationUnusable(sentence('notMyBookshelf2', address, status));
}

/** The value of a JSON text; undefined where it is none, such as a page of HTML. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
