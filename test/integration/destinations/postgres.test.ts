import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmod, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { build, type BuildOptions } from 'esbuild';
import { findPostgres } from '../../../scripts/postgres.ts';
import { DestinationUnusable, type KnownKey } from '../../../src/engine/destinations/destination.ts';
import {
  SourceTable,
  type SourceTableSettings,
} from '../../../src/engine/destinations/mybookshelf2/sourceTable.ts';
import type { RetryTiming } from '../../../src/engine/destinations/retry.ts';
import { PostgresServer } from '../../support/postgres.ts';
import { useTempFolder } from '../../support/tempFolder.ts';
import { until } from '../../support/until.ts';

const sha1 = (n: number): string => n.toString(16).padStart(40, '0');

/** As many rows as asked for; the n-th has the hash `sha1(n)` and the size n. */
const manyRows = (count: number): string =>
  `INSERT INTO source (hash, size)
   SELECT lpad(to_hex(n), 40, '0'), n FROM generate_series(1, ${String(count)}) AS n`;

const row = (n: number, created: string): string =>
  `INSERT INTO source (hash, size, created) VALUES ('${sha1(n)}', ${String(n)}, '${created}')`;

/**
 * In the table's place: some thousand rows come at once, and what follows them never. The function is called stable,
 * so that only those who read hashes call it.
 */
const endlessRows = `
  DROP TABLE source;
  CREATE FUNCTION never(integer) RETURNS text STABLE LANGUAGE plpgsql
    AS 'BEGIN PERFORM pg_sleep(600); RETURN NULL; END';
  CREATE VIEW source AS
    SELECT n AS id, now()::timestamp AS created, n AS size,
      CASE WHEN n > 5000 THEN never(n) ELSE lpad(to_hex(n), 40, '0') END AS hash
    FROM generate_series(1, 10000) AS n`;
const toldOfEndlessRows = 1000;

describe('the table of books of a MyBookshelf2 database', function () {
  this.timeout(60_000);
  const folder = useTempFolder();
  let server: PostgresServer;
  let database: string;

  before(async function () {
    if (findPostgres() === null) this.skip();
    server = await PostgresServer.make();
  });
  after(async () => {
    await (server as PostgresServer | undefined)?.remove();
  });
  beforeEach(async () => {
    database = await server.makeDatabase();
  });
  afterEach(async () => {
    // Whatever a test was about, no connection of ours stays behind.
    await until('no connection is left open', async () => (await server.connections()) === 0);
    await server.sql('postgres', `DROP DATABASE ${database} WITH (FORCE)`);
  });

  /** Waits that end at once, and what was waited for. */
  function waits(onWait: (attempt: number) => Promise<void> = () => Promise.resolve()) {
    const delaysMs: number[] = [];
    const timing: RetryTiming = {
      sleep: async ms => {
        delaysMs.push(ms);
        await onWait(delaysMs.length);
      },
      random: () => 0.5,
    };
    return { delaysMs, timing };
  }

  const table = (settings: SourceTableSettings = {}, user?: string): SourceTable =>
    new SourceTable(server.address(database, user), server.password, settings);

  async function read(
    from: SourceTable,
    since: string | null = null,
  ): Promise<{ keys: number[]; since: string | null }> {
    const keys: number[] = [];
    const next = await from.readKeys(({ sha1: hash, sizeBytes }) => {
      assert.equal(hash, sha1(sizeBytes!));
      keys.push(sizeBytes!);
    }, since);
    return { keys: keys.sort((a, b) => a - b), since: next };
  }

  async function failure(of: Promise<unknown>): Promise<string> {
    const [result] = await Promise.allSettled([of]);
    assert.equal(result.status, 'rejected');
    const thrown: unknown = result.reason;
    assert.ok(thrown instanceof DestinationUnusable, String(thrown));
    assert.doesNotMatch(thrown.message, /\n/);
    assert.ok(!thrown.message.includes(server.password));
    return thrown.message;
  }

  it('tells a hundred thousand keys', async () => {
    await server.sql(database, manyRows(100_000));
    const { keys } = await read(table());
    assert.equal(keys.length, 100_000);
    assert.ok(keys.every((key, index) => key === index + 1));
  });

  it('tells every hash in lower case, and passes over what is no SHA-1', async () => {
    const hash = 'ABCDEF0123456789abcdef0123456789abcdef01';
    await server.sql(
      database,
      `ALTER TABLE source ALTER hash DROP NOT NULL, ALTER size DROP NOT NULL;
       INSERT INTO source (hash, size) VALUES ('', 1), (NULL, 2), ('${hash}', NULL), ('${hash}', -3),
         (E'žluťoučký\\t\\n\\\\☃', 4), ('${hash}0', 5), ('${hash}', 6), ('d41d8cd98f00b204e9800998ecf8427e', 7)`,
    );
    const keys: KnownKey[] = [];
    await table().readKeys(key => keys.push(key), null);
    assert.deepEqual(keys, [{ sha1: hash.toLowerCase(), sizeBytes: 6 }]);
  });

  describe('after an earlier call', () => {
    it('tells what came since, and not what is long known', async () => {
      await server.sql(database, `${row(1, '2026-01-01 10:00')}; ${row(2, '2026-01-02 10:00:00.123456')}`);
      await server.sql(database, "SELECT setval('source_id_seq', 5000)");
      await server.sql(database, row(3, '2026-01-03 10:00:00.654321'));
      const first = await read(table());
      assert.deepEqual(first.keys, [1, 2, 3]);
      assert.match(first.since!, /^2026-01-03 10:00:00\.654321 /);

      await server.sql(database, `${row(4, '2026-01-03 10:00:00.654322')}; ${row(5, '2026-01-04')}`);
      const second = await read(table(), first.since);
      assert.deepEqual(second.keys, [3, 4, 5]);
      assert.match(second.since!, /^2026-01-04 00:00:00 /);
    });

    it('tells rows of the very time that was the newest', async () => {
      await server.sql(database, row(1, '2026-01-01 10:00:00.5'));
      const { since } = await read(table());
      await server.sql(database, row(2, '2026-01-01 10:00:00.5'));
      assert.ok((await read(table(), since)).keys.includes(2));
    });

    it('tells a row that was committed after a newer one was read', async () => {
      // So many ids lie between the two that only the time tells.
      const late = await server.connect(database);
      try {
        await late.query(`BEGIN; ${row(1, '2026-01-01 10:00:00')}`);
        await server.sql(database, "SELECT setval('source_id_seq', 5000)");
        await server.sql(database, row(2, '2026-01-01 10:09:00'));
        const first = await read(table());
        assert.deepEqual(first.keys, [2]);
        await late.query('COMMIT');
        assert.deepEqual((await read(table(), first.since)).keys, [1, 2]);
      } finally {
        await late.end();
      }
    });

    it('tells everything of a table that was empty', async () => {
      const first = await read(table());
      assert.deepEqual(first.keys, []);
      assert.notEqual(first.since, null);
      await server.sql(database, row(1, '1970-01-01'));
      assert.deepEqual((await read(table(), first.since)).keys, [1]);
    });

    it('goes by the ids while the clock of the MyBookshelf2 server is set back', async () => {
      await server.sql(database, row(1, '2026-06-01'));
      const { since } = await read(table());
      await server.sql(database, row(2, '2025-01-01'));
      assert.ok((await read(table(), since)).keys.includes(2));
    });

    it('goes on with the present after a row from the future', async () => {
      await server.sql(database, "SELECT setval('source_id_seq', 5000)");
      await server.sql(database, `${row(1, '2026-01-01')}; ${row(2, 'infinity')}; ${row(3, '9999-01-01')}`);
      const first = await read(table());
      assert.match(first.since!, /^2026-01-01 00:00:00 /);
      // Committed late, with a low id: only the time tells.
      await server.sql(
        database,
        `INSERT INTO source (id, hash, size, created) VALUES (1, '${sha1(4)}', 4, '2026-01-01')`,
      );
      assert.ok((await read(table(), first.since)).keys.includes(4));
    });

    it('misses nothing when rows were deleted in between, the newest or all of them', async () => {
      await server.sql(database, `${row(1, '2026-01-01')}; ${row(2, '2026-01-05')}`);
      const first = await read(table());
      await server.sql(database, 'DELETE FROM source WHERE size = 2');
      const second = await read(table(), first.since);
      await server.sql(database, row(3, '2026-01-02'));
      const third = await read(table(), second.since);
      assert.ok(third.keys.includes(3));
      await server.sql(database, 'TRUNCATE source RESTART IDENTITY');
      const fourth = await read(table(), third.since);
      assert.deepEqual(fourth.keys, []);
      await server.sql(database, row(4, '2026-01-01'));
      assert.deepEqual((await read(table(), fourth.since)).keys, [4]);
    });

    it('tells everything where it does not know how far that was', async () => {
      await server.sql(database, row(1, '2026-01-01'));
      assert.deepEqual((await read(table(), "'; DROP TABLE source; --")).keys, [1]);
      assert.deepEqual((await read(table())).keys, [1]);
    });

    it('is exact whatever way of writing dates the database is set to', async () => {
      await server.sql('postgres', `ALTER DATABASE ${database} SET datestyle TO 'SQL, DMY'`);
      await server.sql(database, row(1, '2026-02-01 10:00:00.000001'));
      const { since } = await read(table());
      assert.match(since!, /^2026-02-01 10:00:00\.000001 /);
      await server.sql(database, row(2, '2026-02-02'));
      assert.ok((await read(table(), since)).keys.includes(2));
    });
  });

  it('changes nothing in the database, even where reading would', async () => {
    await server.sql(
      database,
      `ALTER TABLE source RENAME TO books;
       CREATE FUNCTION noted(text) RETURNS text LANGUAGE sql
         AS 'INSERT INTO books (hash, size) VALUES ($1, 1) RETURNING hash::text';
       INSERT INTO books (hash, size) VALUES ('a', 1);
       CREATE VIEW source AS SELECT id, created, size, noted(hash) AS hash FROM books`,
    );
    assert.match(await failure(read(table())), /read-only transaction/);
    assert.deepEqual(await server.sql(database, 'SELECT count(*)::int FROM books'), [[1]]);
  });

  describe('that cannot be read is an error, never an empty list', () => {
    it('says that the password is wrong, without a second attempt', async () => {
      const { delaysMs, timing } = waits();
      const wrong = new SourceTable(server.address(database), 'a wrong one', { timing });
      const message = await failure(read(wrong));
      assert.match(message, /password is wrong/);
      assert.doesNotMatch(message, /a wrong one/);
      assert.deepEqual(delaysMs, []);
    });

    it('says that there is no password', async () => {
      const { delaysMs, timing } = waits();
      const none = new SourceTable(server.address(database), null, { timing });
      await withEnvironment({ PGPASSWORD: undefined, PGPASSFILE: join(folder(), 'none') }, async () => {
        assert.match(await failure(read(none)), /asks for the password of “ebooks”, and none is set/);
      });
      assert.deepEqual(delaysMs, []);
    });

    it('says that there is no such database', async () => {
      const { delaysMs, timing } = waits();
      const other = new SourceTable(server.address('nothing_here'), server.password, { timing });
      assert.match(await failure(read(other)), /no database “nothing_here”/);
      assert.deepEqual(delaysMs, []);
    });

    it('says that it is no database of MyBookshelf2', async () => {
      const { delaysMs, timing } = waits();
      await server.sql(database, 'DROP TABLE source');
      assert.match(await failure(read(table({ timing }))), /not one of MyBookshelf2/);
      await server.sql(database, 'CREATE TABLE source (id int, name text)');
      assert.match(await failure(read(table({ timing }))), /not one of MyBookshelf2/);
      assert.deepEqual(delaysMs, []);
    });

    it('says that the user may not read it', async () => {
      const { delaysMs, timing } = waits();
      await server.sql('postgres', `CREATE ROLE guest LOGIN PASSWORD '${server.password}'`);
      assert.match(await failure(read(table({ timing }, 'guest'))), /“guest” may not read the table/);
      assert.deepEqual(delaysMs, []);
      // To read is all it takes.
      await server.sql(database, `GRANT SELECT ON source TO guest; ${row(1, '2026-01-01')}`);
      assert.deepEqual((await read(table({ timing }, 'guest'))).keys, [1]);
      await server.sql(database, 'DROP OWNED BY guest; DROP ROLE guest');
    });

    it('says that there is no such host', async () => {
      const { delaysMs, timing } = waits();
      const nowhere = new SourceTable('postgresql://ebooks@host.invalid/ebooks', 'x', { timing });
      assert.match(await failure(read(nowhere)), /host\.invalid/);
      assert.ok(delaysMs.length === 0 || delaysMs.length === 2);
    });

    it('says that the server is silent, in time', async () => {
      const silent = createServer(() => undefined).listen(0, '127.0.0.1');
      await once(silent, 'listening');
      const { port } = silent.address() as AddressInfo;
      const { delaysMs, timing } = waits();
      const address = `postgresql://ebooks@127.0.0.1:${String(port)}/ebooks`;
      const source = new SourceTable(address, 'x', { timing, patience: { connectMs: 100 } });
      assert.match(await failure(read(source)), /was silent for 0\.1 s/);
      assert.equal(delaysMs.length, 2);
      const secure = new SourceTable(`${address}?sslmode=require`, 'x', {
        timing,
        patience: { connectMs: 100 },
      });
      assert.match(await failure(read(secure)), /was silent for 0\.1 s/);
      silent.close();
    });

    it('says that the server stopped sending', async () => {
      await server.sql(database, endlessRows);
      const told: string[] = [];
      const source = table({ patience: { silenceMs: 500 } });
      const message = await failure(source.readKeys(key => told.push(key.sha1), null));
      assert.match(message, /was silent for 0\.5 s/);
      assert.ok(told.length >= toldOfEndlessRows);
    });

    it('says what the server said when it ended the query', async () => {
      await server.sql(database, endlessRows);
      await server.sql('postgres', `ALTER DATABASE ${database} SET statement_timeout TO 500`);
      const { delaysMs, timing } = waits();
      assert.match(await failure(read(table({ timing }))), /statement timeout/);
      assert.deepEqual(delaysMs, []);
    });

    it('lets an error of the caller through as it is', async () => {
      await server.sql(database, endlessRows);
      const ours = new Error('no room for this key');
      await assert.rejects(
        table().readKeys(() => {
          throw ours;
        }, null),
        ours,
      );
    });
  });

  describe('is tried again', () => {
    it('while the server is down, at growing intervals, and read once it is back', async () => {
      await server.sql(database, manyRows(1000));
      await server.stop();
      const { delaysMs, timing } = waits();
      try {
        const message = await failure(read(table({ timing })));
        assert.match(message, /cannot be reached \(ECONNREFUSED\)/);
        assert.deepEqual(delaysMs, [750, 1500]);
        const again = waits(async attempt => {
          if (attempt === 2) await server.start();
        });
        assert.equal((await read(table({ timing: again.timing }))).keys.length, 1000);
      } finally {
        // Whatever failed, the other tests have their server.
        if (!(await isUp())) await server.start();
      }
    });

    it('while the server shuts down', async () => {
      const guest = await server.connect(database);
      server.signal('SIGTERM');
      const { delaysMs, timing } = waits(async () => {
        await guest.end();
        await server.ended();
        await server.start();
      });
      // The signal takes its moment; until then there is nothing to try again.
      await until('the server shuts down', async () => {
        await read(table({ timing }));
        return delaysMs.length > 0;
      });
      assert.deepEqual(delaysMs, [750]);
    });

    it('while there are too many connections', async () => {
      await server.sql(
        'postgres',
        `CREATE ROLE single LOGIN PASSWORD '${server.password}' CONNECTION LIMIT 0`,
      );
      await server.sql(database, `GRANT SELECT ON source TO single; ${row(1, '2026-01-01')}`);
      const { delaysMs, timing } = waits();
      assert.match(await failure(read(table({ timing }, 'single'))), /too many connections/);
      assert.equal(delaysMs.length, 2);
      const again = waits(async () => {
        await server.sql('postgres', 'ALTER ROLE single CONNECTION LIMIT 1');
      });
      assert.deepEqual((await read(table({ timing: again.timing }, 'single'))).keys, [1]);
      await server.sql(database, 'DROP OWNED BY single; DROP ROLE single');
    });

    it('when an administrator ended the connection in the middle', async () => {
      await server.sql(database, endlessRows);
      const { timing, delaysMs } = waits(async () => {
        await server.sql(
          database,
          'DROP VIEW source; CREATE TABLE source (id bigint, created timestamp, size int, hash text)',
        );
      });
      const keys = await readAndThen(table({ timing }), async () => {
        await server.sql(
          'postgres',
          "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'tarshelf'",
        );
      });
      assert.ok(keys.length >= toldOfEndlessRows);
      assert.deepEqual(delaysMs, [750]);
    });

    it('when the server was killed in the middle, which is an error where it stays away', async () => {
      await server.sql(database, endlessRows);
      const { timing, delaysMs } = waits();
      try {
        const message = await failure(
          readAndThen(table({ timing }), async () => {
            await server.stop('SIGKILL');
          }),
        );
        assert.match(message, /cannot be reached/);
        assert.equal(delaysMs.length, 2);
      } finally {
        await server.start();
      }
      const noWait = waits(() => Promise.reject(new Error('told to stop')));
      const lost = await failure(
        readAndThen(table({ timing: noWait.timing }), async () => {
          await server.stop('SIGKILL');
        }),
      );
      assert.match(lost, /was lost while the list of books was read/);
      await server.start();
    });
  });

  describe('is given up when the signal comes', () => {
    it('before it began', async () => {
      await assert.rejects(
        table().readKeys(() => undefined, null, AbortSignal.abort()),
        {
          name: 'AbortError',
        },
      );
    });

    it('while rows come, and the server ends the query', async () => {
      await server.sql(database, endlessRows);
      const controller = new AbortController();
      await assert.rejects(
        readAndThen(
          table(),
          () => {
            controller.abort();
            return Promise.resolve();
          },
          controller.signal,
        ),
        { name: 'AbortError' },
      );
      // That the server has ended it is looked at after each test.
    });

    it('while it waits for a lock', async () => {
      const holder = await server.connect(database);
      await holder.query('BEGIN; LOCK TABLE source');
      const controller = new AbortController();
      const reading = table().readKeys(() => undefined, null, controller.signal);
      const given = assert.rejects(reading, { name: 'AbortError' });
      await until('it comes to the lock', waitsForALock);
      controller.abort();
      await given;
      await until('the query waits for its lock no more', async () => (await server.connections()) === 0);
      await holder.end();
    });

    it('while it connects', async () => {
      const silent = createServer(() => undefined).listen(0, '127.0.0.1');
      await once(silent, 'listening');
      const { port } = silent.address() as AddressInfo;
      const source = new SourceTable(`postgresql://ebooks@127.0.0.1:${String(port)}/ebooks`, 'x');
      const controller = new AbortController();
      const given = assert.rejects(
        source.readKeys(() => undefined, null, controller.signal),
        { name: 'AbortError' },
      );
      const [connection] = (await once(silent, 'connection')) as [NodeJS.EventEmitter];
      controller.abort();
      await given;
      await once(connection, 'close');
      silent.close();
    });

    it('while it waits for the next attempt', async () => {
      const controller = new AbortController();
      const source = new SourceTable('postgresql://ebooks@127.0.0.1:1/ebooks', 'x', {
        timing: {
          sleep: (_ms, signal) => {
            controller.abort();
            return sleep(60_000, undefined, { signal });
          },
          random: Math.random,
        },
      });
      await assert.rejects(
        source.readKeys(() => undefined, null, controller.signal),
        {
          name: 'AbortError',
        },
      );
    });
  });

  describe('takes the password', () => {
    it('of PGPASSWORD, or of .pgpass, where none is given', async () => {
      await server.sql(database, row(1, '2026-01-01'));
      const source = new SourceTable(server.address(database), null);
      await withEnvironment({ PGPASSWORD: server.password }, async () => {
        // pg looks at the environment when a connection is made.
        assert.deepEqual((await read(source)).keys, [1]);
      });
      const file = join(folder(), 'pgpass');
      await writeFile(file, `127.0.0.1:*:*:ebooks:${server.password}\n`);
      await chmod(file, 0o600);
      await withEnvironment({ PGPASSWORD: undefined, PGPASSFILE: file }, async () => {
        assert.deepEqual((await read(source)).keys, [1]);
      });
    });

    it('that is given before that of the environment', async () => {
      await withEnvironment({ PGPASSWORD: 'another' }, async () => {
        assert.deepEqual((await read(table())).keys, []);
      });
    });
  });

  it('is read by the bundled program too', async () => {
    await server.sql(database, manyRows(1000));
    const { processes } = (await import(
      pathToFileURL(join(import.meta.dirname, '../../../esbuildOptions.mjs')).href
    )) as { processes: BuildOptions };
    const outfile = join(folder(), 'stdin.mjs');
    await build({
      ...processes,
      entryPoints: [],
      outdir: folder(),
      outExtension: { '.js': '.mjs' },
      stdin: {
        contents: `
          import { SourceTable } from './src/engine/destinations/mybookshelf2/sourceTable.ts';
          let count = 0;
          await new SourceTable(process.env.ADDRESS, process.env.PASSWORD).readKeys(() => count++, null);
          console.log(count);`,
        resolveDir: join(import.meta.dirname, '../../..'),
        loader: 'ts',
      },
    });
    const env = { ...process.env, ADDRESS: server.address(database), PASSWORD: server.password };
    const run = spawnSync(process.execPath, [outfile], { cwd: folder(), env, encoding: 'utf8' });
    assert.equal(run.stderr, '');
    assert.equal(run.stdout, '1000\n');
  });

  describe('over TLS', () => {
    let secured: PostgresServer;
    let certificate: string;

    beforeEach(async () => {
      certificate = join(folder(), 'server.crt');
      const key = join(folder(), 'server.key');
      const made = spawnSync(
        'openssl',
        [
          ...['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=localhost'],
          ...['-addext', 'subjectAltName=DNS:localhost', '-keyout', key, '-out', certificate],
        ],
        { encoding: 'utf8' },
      );
      assert.equal(made.status, 0, made.stderr);
      secured = await PostgresServer.make({ certificate, key });
    });
    afterEach(async () => {
      await secured.remove();
    });

    it('is read where the certificate is trusted and names the host, and not else', async () => {
      const books = await secured.makeDatabase();
      await secured.sql(books, row(1, '2026-01-01'));
      const { delaysMs, timing } = waits();
      const at = (host: string, query: string): SourceTable =>
        new SourceTable(
          `postgresql://ebooks@${host}:${String(secured.port)}/${books}?${query}`,
          secured.password,
          { timing },
        );
      const trusted = `sslmode=verify-full&sslrootcert=${encodeURIComponent(certificate)}`;
      assert.deepEqual((await read(at('localhost', trusted))).keys, [1]);
      assert.match(await failure(read(at('localhost', 'sslmode=require'))), /No trusted TLS connection/);
      assert.match(await failure(read(at('127.0.0.1', trusted))), /No trusted TLS connection/);
      assert.deepEqual((await read(at('127.0.0.1', 'sslmode=disable'))).keys, [1]);
      assert.deepEqual(delaysMs, []);
    });

    it('is not read without it where the address asks for it', async () => {
      const { delaysMs, timing } = waits();
      const plain = new SourceTable(`${server.address(database)}?sslmode=require`, server.password, {
        timing,
      });
      assert.match(await failure(read(plain)), /does not support SSL/);
      assert.deepEqual(delaysMs, []);
    });

    it('is given up when the signal comes', async () => {
      const books = await secured.makeDatabase();
      await secured.sql(books, endlessRows);
      const source = new SourceTable(
        `postgresql://ebooks@localhost:${String(secured.port)}/${books}?sslrootcert=${encodeURIComponent(certificate)}`,
        secured.password,
      );
      const controller = new AbortController();
      await assert.rejects(
        readAndThen(
          source,
          () => {
            controller.abort();
            return Promise.resolve();
          },
          controller.signal,
        ),
        { name: 'AbortError' },
      );
      await until('the query ends', async () => (await secured.connections()) === 0);
    });
  });

  async function isUp(): Promise<boolean> {
    return server.connections().then(
      () => true,
      () => false,
    );
  }

  async function waitsForALock(): Promise<boolean> {
    const rows = await server.sql(
      'postgres',
      "SELECT count(*)::int FROM pg_stat_activity WHERE application_name = 'tarshelf' AND wait_event_type = 'Lock'",
    );
    return rows[0]![0] === 1;
  }

  /** Reads, and does something, once, when the list has got to where nothing more comes. */
  async function readAndThen(
    from: SourceTable,
    then: () => Promise<void>,
    signal?: AbortSignal,
  ): Promise<string[]> {
    const keys: string[] = [];
    let done = Promise.resolve();
    try {
      await from.readKeys(
        key => {
          keys.push(key.sha1);
          if (keys.length === toldOfEndlessRows) done = then();
        },
        null,
        signal,
      );
    } finally {
      await done;
    }
    return keys;
  }

  async function withEnvironment(
    variables: Readonly<Record<string, string | undefined>>,
    work: () => Promise<void>,
  ): Promise<void> {
    const before = { ...process.env };
    for (const [name, value] of Object.entries(variables)) {
      if (value === undefined) Reflect.deleteProperty(process.env, name);
      else process.env[name] = value;
    }
    try {
      await work();
    } finally {
      for (const name of Object.keys(variables)) {
        if (before[name] === undefined) Reflect.deleteProperty(process.env, name);
        else process.env[name] = before[name];
      }
    }
  }
});
