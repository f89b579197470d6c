// Access and refresh tokens: JSON web tokens, signed, with the claims and the lifetimes of the real server.
import { createHmac, timingSafeEqual } from 'node:crypto';
import { isObject } from './json.ts';

export interface User {
  readonly id: number;
  readonly userName: string;
  readonly email: string;
  readonly password: string;
}

const accessSeconds = 4 * 3600;
const refreshSeconds = 365 * 24 * 3600;
const secrets = { access: 'the secret of access tokens', refresh: 'the secret of refresh tokens' } as const;

/** Stateless, as there: tokens outlive a restart. */
export class Tokens {
  #skippedSeconds = 0;

  access(user: User): string {
    const { id, userName, email } = user;
    const roles = ['superuser', 'admin', 'guest', 'user', 'trusted_user'];
    return sign('access', { id, user_name: userName, email, roles, exp: this.#now() + accessSeconds });
  }

  refresh(user: User): string {
    return sign('refresh', { id: user.id, exp: this.#now() + refreshSeconds });
  }

  /** The id of the user whom an access token names, if it is ours. */
  userOfAccess(token: string | undefined, options: { evenExpired?: boolean } = {}): number | undefined {
    return this.#userOf('access', token, options.evenExpired ?? false);
  }

  userOfRefresh(token: string): number | undefined {
    return this.#userOf('refresh', token, false);
  }

  /** Ends every access token of before, by putting the clock of the tokens on; refresh tokens hardly notice. */
  expireAccess(): void {
    this.#skippedSeconds += accessSeconds + 1;
  }

  #userOf(kind: keyof typeof secrets, token: string | undefined, evenExpired: boolean): number | undefined {
    const claims = token === undefined ? undefined : verified(kind, token);
    if (typeof claims?.['id'] !== 'number' || typeof claims['exp'] !== 'number') return undefined;
    return evenExpired || claims['exp'] > this.#now() ? claims['id'] : undefined;
  }

  #now(): number {
    return Math.floor(Date.now() / 1000) + this.#skippedSeconds;
  }
}

/** The token of an `Authorization` header, whatever the case of its scheme. */
export function bearerToken(header: string | undefined): string | undefined {
  return /^bearer\s+(\S+)$/i.exec(header ?? '')?.[1];
}

function sign(kind: keyof typeof secrets, claims: Readonly<Record<string, unknown>>): string {
  const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const text = `${encode({ alg: 'HS256', typ: 'JWT' })}.${encode(claims)}`;
  return `${text}.${signature(kind, text).toString('base64url')}`;
}

function verified(kind: keyof typeof secrets, token: string): Readonly<Record<string, unknown>> | undefined {
  const [head, body, signed, ...more] = token.split('.');
  if (head === undefined || body === undefined || signed === undefined || more.length > 0) return undefined;
  const given = Buffer.from(signed, 'base64url');
  const right = signature(kind, `${head}.${body}`);
  if (given.length !== right.length || !timingSafeEqual(given, right)) return undefined;
  const claims: unknown = JSON.parse(Buffer.from(body, 'base64url').toString());
  return isObject(claims) ? claims : undefined;
}

function signature(kind: keyof typeof secrets, text: string): Buffer {
  return createHmac('sha256', secrets[kind]).update(text).digest();
}
