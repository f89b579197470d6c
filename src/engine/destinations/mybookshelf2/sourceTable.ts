import type { ClientConfig } from 'pg';
import { DestinationUnusable, type KnownKey } from '../destination.ts';
import { PassingFailure, retrying, usualTiming, type RetryTiming } from '../retry.ts';
import { databaseConfig } from './databaseAddress.ts';
import { inDatabase, type DatabasePatience, type DatabaseSession } from './databaseSession.ts';
import { KeyLines } from './keyLines.ts';

/** Other than usual ones, for tests. */
export interface SourceTableSettings {
  readonly timing?: RetryTiming;
  readonly patience?: Partial<DatabasePatience>;
}

const usualPatience: DatabasePatience = {
  connectMs: 10_000,
  // Longer than it takes to look through tens of millions of rows in vain.
  silenceMs: 120_000,
};

/**
 * What lies so little before the newest row that was seen is read again. The MyBookshelf2 server sets `created`
 * before it commits, and two of its transactions need not commit in that order: a row may become visible after a
 * newer one was read. Its requests take seconds, and are given up after a minute or two.
 */
const overlap = '10 minutes';
/** The same for ids, which too are dealt out before the commit. */
const overlapIds = 1000;

/**
 * The newest `created`, as the database writes it, and the highest `id`. A row from the future tells nothing of what
 * comes next: neither `infinity` nor a clock that was years ahead for a moment may be where the next call goes on.
 * A day is left, as nobody knows the time zone that `created` is in. Of an empty table: before everything.
 */
const newestRow = `
  SELECT coalesce(
    max(created) FILTER (WHERE created < (now() AT TIME ZONE 'UTC') + interval '1 day'), '-infinity'
  )::text || ' #' || coalesce(max(id), 0)
  FROM source`;
const newestRowForm = /^(-infinity|[-\d:. ]+) #(\d{1,19})$/;

/**
 * The books that a MyBookshelf2 server has, read from the table `source` of its PostgreSQL database, over a
 * connection for each call, so that none is held for hours.
 *
 * Where the next call goes on is told by the newest `created` and the highest `id`, and a row is new by either: while
 * the clock of the MyBookshelf2 server is set back, or had been ahead, only ids tell. Deleted rows set both back,
 * which makes the next call tell more than it must, never less.
 */
export class SourceTable {
  readonly #config: ClientConfig;
  readonly #timing: RetryTiming;
  readonly #patience: DatabasePatience;

  /**
   * @param address `postgresql://user@host:port/database`, see databaseAddress.ts
   * @param password null: as everywhere with PostgreSQL, that of PGPASSWORD or `.pgpass`
   * @throws DestinationUnusable where the address is none
   */
  constructor(address: string, password: string | null, settings: SourceTableSettings = {}) {
    this.#config = { ...databaseConfig(address), ...(password === null ? {} : { password }) };
    this.#timing = settings.timing ?? usualTiming;
    this.#patience = { ...usualPatience, ...settings.patience };
  }

  /**
   * Tells every key as `Destination.readKeys` has it. A failure that may pass is one only after three attempts; what
   * was told before it is told again.
   *
   * @throws DestinationUnusable
   * @throws the signal's reason when it was given, once the connection is closed
   */
  async readKeys(
    onKey: (key: KnownKey) => void,
    since: string | null,
    signal: AbortSignal = new AbortController().signal,
  ): Promise<string | null> {
    try {
      return await retrying(
        () => inDatabase(this.#config, this.#patience, signal, session => readRows(session, onKey, since)),
        signal,
        this.#timing,
      );
    } catch (thrown) {
      signal.throwIfAborted();
      if (!(thrown instanceof PassingFailure)) throw thrown;
      throw new DestinationUnusable(thrown.message, { cause: thrown });
    }
  }
}

async function readRows(
  session: DatabaseSession,
  onKey: (key: KnownKey) => void,
  since: string | null,
): Promise<string | null> {
  // Of the same state of the table as the rows, so that nothing can come between the two.
  const newest = await session.value(newestRow);
  const lines = new KeyLines(onKey);
  const sent = await session.copy(
    `COPY (SELECT hash, size FROM source${newerThan(since)}) TO STDOUT`,
    chunk => {
      lines.add(chunk);
    },
  );
  if (sent !== lines.count) {
    throw new PassingFailure(
      'destination',
      `The database sent ${String(sent)} books, of which ${String(lines.count)} arrived.`,
    );
  }
  return typeof newest === 'string' && newestRowForm.test(newest) ? newest : null;
}

/** Nothing where `since` is none of ours: then all are read. */
function newerThan(since: string | null): string {
  const [, created, id] = newestRowForm.exec(since ?? '') ?? [];
  if (created === undefined || id === undefined) return '';
  return ` WHERE created > timestamp '${created}' - interval '${overlap}' OR id > ${id} - ${String(overlapIds)}`;
}
