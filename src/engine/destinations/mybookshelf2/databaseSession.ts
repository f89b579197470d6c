import { Socket } from 'node:net';
import { Client, type ClientConfig } from 'pg';
import { to as copyTo } from 'pg-copy-streams';
import { systemCode } from '../../../protocol/errors.ts';
import { DestinationUnusable } from '../destination.ts';
import { PassingFailure } from '../retry.ts';
import { databaseFailure } from './databaseFailure.ts';

/** How long a server is waited for. */
export interface DatabasePatience {
  /** Until it has let us in. */
  readonly connectMs: number;
  /** Until its next byte. */
  readonly silenceMs: number;
}

/** Saying good-bye is for the server's log alone. */
const closeMs = 5000;

/** What can be asked within {@link inDatabase}. */
export interface DatabaseSession {
  /** The first value of the first row. */
  value(sql: string): Promise<unknown>;
  /**
   * Hands on what a `COPY … TO STDOUT` sends, as it comes.
   *
   * @returns how many rows the server says it sent
   */
  copy(sql: string, onChunk: (chunk: Buffer) => void): Promise<number>;
}

/**
 * Does something in one read-only transaction, which sees one state of the database throughout. The connection is
 * opened for it, and closed when this returns or throws, whatever happened.
 *
 * @throws PassingFailure, DestinationUnusable, or the signal's reason when it was given
 */
export async function inDatabase<T>(
  config: ClientConfig,
  patience: DatabasePatience,
  signal: AbortSignal,
  work: (session: DatabaseSession) => Promise<T>,
): Promise<T> {
  signal.throwIfAborted();
  // Ours rather than pg's: to destroy it ends whatever pg waits for, be it the look-up of a name, TLS or rows.
  const socket = new Socket();
  const closed = new Promise(resolve => socket.once('close', resolve));
  const client = new Client({ ...config, stream: () => socket, application_name: 'tarshelf' });
  // Also rejects what is being waited for, and without a listener would end the process.
  client.on('error', () => undefined);

  let connected = false;
  /** Why we ended it, which says more than what pg then makes of a destroyed socket. */
  const fate: { ended: Error | null } = { ended: null };
  const end = (why: Error | null): void => {
    fate.ended ??= why;
    socket.destroy();
  };
  const server = `${client.host}:${String(client.port)}`;
  const silence = (ms: number): string =>
    `The database server ${server} was silent for ${String(ms / 1000)} s. Check the address, and that the server is well.`;
  let timer = setTimeout(() => {
    end(new PassingFailure('destination', silence(patience.connectMs)));
  }, patience.connectMs);
  const onAbort = (): void => {
    end(null);
  };
  signal.addEventListener('abort', onAbort);

  const session: DatabaseSession = {
    async value(sql) {
      timer.refresh();
      const { rows } = await client.query<unknown[]>({ text: sql, rowMode: 'array' });
      return rows[0]?.[0];
    },
    async copy(sql, onChunk) {
      timer.refresh();
      const rows = client.query(copyTo(sql));
      // The connection may still be lost between the last row and the end of the query.
      rows.on('error', () => undefined);
      for await (const chunk of rows as AsyncIterable<Buffer>) {
        timer.refresh();
        try {
          onChunk(chunk);
        } catch (thrown) {
          end(thrown instanceof Error ? thrown : new Error(String(thrown)));
          throw thrown;
        }
      }
      // Not before this is answered is it known how the query ended.
      await client.query('COMMIT');
      return rows.rowCount;
    },
  };

  try {
    await client.connect();
    connected = true;
    clearTimeout(timer);
    timer = setTimeout(() => {
      // That was long enough to wait for.
      end(new DestinationUnusable(silence(patience.silenceMs)));
    }, patience.silenceMs);
    await watchForUs(client);
    await client.query("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL datestyle TO 'ISO'");
    const result = await work(session);
    clearTimeout(timer);
    timer = setTimeout(() => socket.destroy(), closeMs);
    await Promise.race([client.end(), closed]);
    return result;
  } catch (thrown) {
    signal.throwIfAborted();
    if (fate.ended !== null) throw fate.ended;
    if (thrown instanceof PassingFailure || thrown instanceof DestinationUnusable) throw thrown;
    const { host, port, database = '', user = '' } = client;
    throw databaseFailure(thrown, { host, port, database, user, connected });
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', onAbort);
    socket.destroy();
    await closed;
  }
}

/**
 * Lets the server look every other second whether we are still there. Else it notices only when it sends something,
 * and a query that we gave up would go on while it looks through the table or waits for a lock.
 */
async function watchForUs(client: Client): Promise<void> {
  try {
    await client.query(
      "SELECT set_config(name, '2s', false) FROM pg_settings WHERE name = 'client_connection_check_interval'",
    );
  } catch (thrown) {
    // Servers before 14 do not know it; those on Windows know it, and refuse it.
    if (systemCode(thrown) !== '22023') throw thrown;
  }
}
