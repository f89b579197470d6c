import { oneLine, systemCode } from '../../../protocol/errors.ts';
import { DestinationUnusable } from '../destination.ts';
import { PassingFailure } from '../retry.ts';

/** What was asked of the server when it failed. */
export interface DatabaseAttempt {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
  /** Whether the server had let us in by then. */
  readonly connected: boolean;
}

/** Codes of Node for a server that is away, and may be back soon. */
const passingSystemCodes: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EAI_AGAIN',
  // The Unix socket of a server that is down.
  'ENOENT',
]);

/**
 * Tells what a thrown error means, in one line for a person and without the password: by the SQLSTATE that the
 * server gave, else by the code of Node.
 *
 *   what happened                                        can pass
 *   no connection, lost in the middle                    yes
 *   starting up, shutting down, too many connections     yes
 *   a standby had to give up the query (40001)           yes
 *   a name that is not known, a certificate, no TLS      no
 *   password, database, table, permission                no
 */
export function databaseFailure(thrown: unknown, at: DatabaseAttempt): PassingFailure | DestinationUnusable {
  const server = `${at.host}:${String(at.port)}`;
  const place = `${server}/${at.database}`;
  const said = oneLine(thrown);
  const failure = (message: string, canPass: boolean): PassingFailure | DestinationUnusable =>
    canPass
      ? new PassingFailure('destination', message, { cause: thrown })
      : new DestinationUnusable(message, { cause: thrown });
  const code = systemCode(thrown) ?? '';

  switch (code) {
    case '28P01':
      return failure(
        `The database ${place} refuses the user “${at.user}”: the password is wrong, or there is no such user.`,
        false,
      );
    case '28000':
      return failure(
        `The database ${place} does not let the user “${at.user}” in from here (${said}). Check user and sslmode in the address, and the server's pg_hba.conf.`,
        false,
      );
    case '3D000':
      return failure(
        `There is no database “${at.database}” on ${server}. Check the end of the address.`,
        false,
      );
    case '42P01':
    case '42703':
      return failure(
        `The database ${place} is not one of MyBookshelf2 (${said}). Check the address, and that the server's tables were made.`,
        false,
      );
    case '42501':
    case '3F000':
      return failure(
        `The user “${at.user}” may not read the table “source” of the database ${place} (${said}). Let the server's administrator grant select on it.`,
        false,
      );
    case '53300':
      return failure(`The database server ${server} has too many connections already (${said}).`, true);
    case '57P03':
      return failure(`The database server ${server} takes no connections now (${said}).`, true);
  }
  if (passingSystemCodes.has(code) && !at.connected) {
    return failure(
      `The database server ${server} cannot be reached (${code}). Check the address, and that the server runs.`,
      true,
    );
  }
  if (code === 'ENOTFOUND') {
    return failure(`There is no host named “${at.host}”. Check the address of the database.`, false);
  }
  // 08: of the connection; 57P01 and 57P02: ended by an administrator, or by another process that crashed.
  const wasCut =
    passingSystemCodes.has(code) || /^(08|57P)/.test(code) || said.startsWith('Connection terminated');
  if (at.connected && wasCut) {
    return failure(
      `The connection to the database ${place} was lost while the list of books was read (${said}).`,
      true,
    );
  }
  if (wasCut) return failure(`The database server ${server} closed the connection (${said}).`, true);
  if (/client password must be a (non-empty )?string/.test(said)) {
    return failure(
      `The database ${place} asks for the password of “${at.user}”, and none is set. Set it, or name it in PGPASSWORD or .pgpass.`,
      false,
    );
  }
  if (!at.connected && /SSL|certificate|CERT|TLS/i.test(`${code} ${said}`)) {
    return failure(
      `No trusted TLS connection to the database server ${server} (${said}). Check sslmode and sslrootcert in the address, and its certificate.`,
      false,
    );
  }
  return failure(
    `The list of books cannot be read from the database ${place} (${said}).`,
    code === '40001' || code.startsWith('53'),
  );
}
