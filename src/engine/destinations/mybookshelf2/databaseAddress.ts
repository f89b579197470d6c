import { readFileSync } from 'node:fs';
import type { ClientConfig } from 'pg';
import { oneLine } from '../../../protocol/errors.ts';
import { DestinationUnusable } from '../destination.ts';

/*
 * What an address of a PostgreSQL database says: `postgresql://user@host:port/database`, with `?sslmode=…` and
 * `&sslrootcert=<file>`; the folder of a Unix socket stands for the host as `%2Frun%2Fpostgresql`. What the address
 * leaves out is as everywhere with PostgreSQL: PGHOST, PGPORT, PGUSER, PGDATABASE, PGSSLMODE, or the usual values.
 */

/** Encrypted, and then always checked, whatever weaker meaning PostgreSQL's own programs give to some of them. */
const checkedModes = ['require', 'verify-ca', 'verify-full'];
const parameters = ['sslmode', 'sslrootcert'];

/**
 * How to connect to the address, without the password.
 *
 * @throws DestinationUnusable where it is no such address, never with a password in the message
 */
export function databaseConfig(address: string): ClientConfig {
  const url = URL.canParse(address) ? new URL(address) : null;
  if (url === null || !['postgresql:', 'postgres:'].includes(url.protocol)) {
    throw wrongAddress('it is not like postgresql://user@host:5432/database');
  }
  if (url.password !== '' || url.searchParams.has('password')) {
    throw wrongAddress('it holds a password, which would stand in files and be shown. Set it on its own');
  }
  const unknown = [...url.searchParams.keys()].find(name => !parameters.includes(name));
  if (unknown !== undefined) {
    throw wrongAddress(`“${unknown}” is not understood in it, only ${parameters.join(' and ')}`);
  }
  // Brackets belong to an IPv6 address in a URL, and to nothing else.
  const host = decoded(url.hostname).replace(/^\[(.*)\]$/, '$1');
  const ssl = tls(url.searchParams);
  return {
    ...(url.username === '' ? {} : { user: decoded(url.username) }),
    ...(host === '' ? {} : { host }),
    ...(url.port === '' ? {} : { port: Number(url.port) }),
    ...(url.pathname.length < 2 ? {} : { database: decoded(url.pathname.slice(1)) }),
    ...(ssl === undefined ? {} : { ssl }),
  };
}

function tls(asked: URLSearchParams): ClientConfig['ssl'] {
  const mode = asked.get('sslmode');
  const rootFile = asked.get('sslrootcert');
  if (mode === null && rootFile === null) return undefined;
  if (mode === 'disable') return false;
  if (mode !== null && !checkedModes.includes(mode)) {
    throw wrongAddress(
      `sslmode=${mode} is not understood: disable, or one of ${checkedModes.join(', ')}, which all check the certificate`,
    );
  }
  return { rejectUnauthorized: true, ...(rootFile === null ? {} : { ca: readRoot(rootFile) }) };
}

function readRoot(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (thrown) {
    throw wrongAddress(`its sslrootcert cannot be read (${oneLine(thrown)})`, { cause: thrown });
  }
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch (thrown) {
    throw wrongAddress('a % in it begins no character; write it as %25', { cause: thrown });
  }
}

function wrongAddress(why: string, options?: ErrorOptions): DestinationUnusable {
  return new DestinationUnusable(`The address of the MyBookshelf2 database is wrong: ${why}.`, options);
}
