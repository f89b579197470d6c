import { spawn, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, chownSync, copyFileSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { atExit } from '../../scripts/atExit.ts';
import { findPostgres } from '../../scripts/postgres.ts';

/** The table as MyBookshelf2 has it. Those that it refers to do not matter to a reader of keys. */
const sourceTable = `
  CREATE TABLE source (
    id bigserial PRIMARY KEY,
    version_id integer NOT NULL DEFAULT 1,
    created timestamp without time zone NOT NULL,
    modified timestamp without time zone NOT NULL,
    created_by_id bigint,
    modified_by_id bigint,
    ebook_id bigint NOT NULL,
    location varchar(512) NOT NULL,
    load_source varchar(256),
    format_id bigint NOT NULL,
    size integer NOT NULL,
    hash varchar(128) NOT NULL,
    quality double precision,
    quality_count integer
  );
  CREATE INDEX ix_source_modified ON source (modified);
  -- What the server sets in every row, so that tests need to say only what they are about.
  ALTER TABLE source ALTER ebook_id SET DEFAULT 1, ALTER format_id SET DEFAULT 8,
    ALTER location SET DEFAULT 'a/b.epub', ALTER modified SET DEFAULT now(), ALTER created SET DEFAULT now()`;

export interface TlsFiles {
  readonly certificate: string;
  readonly key: string;
}

interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/** A PostgreSQL server of its own, in a temporary folder, on a free port of the loopback interface alone. */
export class PostgresServer {
  static readonly user = 'ebooks';
  readonly password = `secret-${randomUUID()}`;
  readonly port: number;
  readonly #programs: string;
  readonly #folder: string;
  readonly #owner: Owner | null;
  #server: ChildProcess | null = null;
  #log = '';
  #forget: () => void = () => undefined;

  private constructor(programs: string, folder: string, owner: Owner | null, port: number) {
    this.#programs = programs;
    this.#folder = folder;
    this.#owner = owner;
    this.port = port;
  }

  /** Makes one and starts it. It has to be removed; it goes with this process at the latest. */
  static async make(tls?: TlsFiles): Promise<PostgresServer> {
    const programs = findPostgres();
    if (programs === null) throw new Error('PostgreSQL is not installed');
    const folder = mkdtempSync(join(tmpdir(), 'tarshelf-postgres-'));
    const owner = unprivileged();
    if (owner !== null) chownSync(folder, owner.uid, owner.gid);
    const server = new PostgresServer(programs, folder, owner, await freePort());
    server.#forget = atExit(() => {
      server.#server?.kill('SIGKILL');
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
    });
    try {
      await server.#initialize(tls);
      await server.start();
    } catch (thrown) {
      await server.remove();
      throw thrown;
    }
    return server;
  }

  get #data(): string {
    return join(this.#folder, 'data');
  }

  /** The address of a database, without a password. */
  address(database: string, user: string = PostgresServer.user): string {
    return `postgresql://${user}@127.0.0.1:${String(this.port)}/${database}`;
  }

  /** Makes a database with the empty table `source`. */
  async makeDatabase(): Promise<string> {
    const database = `books_${randomUUID().replaceAll('-', '')}`;
    await this.sql('postgres', `CREATE DATABASE ${database}`);
    await this.sql(database, sourceTable);
    return database;
  }

  /** A connection of the test's own. The caller ends it. */
  async connect(database: string): Promise<Client> {
    const client = new Client({
      host: '127.0.0.1',
      port: this.port,
      user: PostgresServer.user,
      password: this.password,
      database,
      application_name: 'test',
    });
    // A server that is ended takes it along.
    client.on('error', () => undefined);
    await client.connect();
    return client;
  }

  /** Runs statements; the rows of the last one, a list of values each. */
  async sql(database: string, text: string): Promise<unknown[][]> {
    const client = await this.connect(database);
    try {
      const results: unknown = await client.query<unknown[]>({ text, rowMode: 'array' });
      const last: unknown = Array.isArray(results) ? results.at(-1) : results;
      return (last as { rows: unknown[][] }).rows;
    } finally {
      await client.end();
    }
  }

  /** How many connections of Tarshelf there are. */
  async connections(): Promise<number> {
    const text = "SELECT count(*)::int FROM pg_stat_activity WHERE application_name = 'tarshelf'";
    return (await this.sql('postgres', text))[0]![0] as number;
  }

  /** Starts the server, and waits until it takes connections. */
  async start(): Promise<void> {
    await this.ended();
    const settings = {
      listen_addresses: '127.0.0.1',
      port: String(this.port),
      // No socket in the file system.
      unix_socket_directories: '',
      fsync: 'off',
      max_connections: '20',
      shared_buffers: '32MB',
      dynamic_shared_memory_type: process.platform === 'win32' ? 'windows' : 'mmap',
    };
    const args = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
    const run = (): ChildProcess => this.#spawn('postgres', ['-D', this.#data, ...args]);
    this.#server = run();
    for (const deadline = Date.now() + 60_000; ;) {
      try {
        await this.sql('postgres', 'SELECT 1');
        return;
      } catch (thrown) {
        const hasEnded = this.#server.exitCode !== null || this.#server.signalCode !== null;
        // After a crash, processes of the former server hold its memory for a moment.
        const isEarly = hasEnded && this.#log.includes('still in use');
        if ((hasEnded && !isEarly) || Date.now() > deadline) {
          throw new Error(`PostgreSQL did not start:\n${this.#log}`, { cause: thrown });
        }
        await sleep(50);
        if (isEarly) {
          this.#log = '';
          this.#server = run();
        }
      }
    }
  }

  /**
   * Asks the server to end, and waits for it: SIGTERM lets open connections finish and takes no more, SIGINT ends
   * them, SIGKILL is a crash. Without the wait, `ended` tells.
   */
  async stop(signal: 'SIGTERM' | 'SIGINT' | 'SIGKILL' = 'SIGINT'): Promise<void> {
    this.signal(signal);
    await this.ended();
  }

  signal(signal: 'SIGTERM' | 'SIGINT' | 'SIGKILL'): void {
    this.#server?.kill(signal);
  }

  async ended(): Promise<void> {
    const server = this.#server;
    if (server?.exitCode === null && server.signalCode === null) await once(server, 'exit');
    // Another one may have been started by now.
    if (this.#server === server) this.#server = null;
  }

  /** Ends the server and removes its folder. */
  async remove(): Promise<void> {
    await this.stop('SIGINT');
    this.#forget();
  }

  async #initialize(tls: TlsFiles | undefined): Promise<void> {
    const passwordFile = join(this.#folder, 'password');
    writeFileSync(passwordFile, this.password);
    this.#own(passwordFile);
    const initdb = this.#spawn('initdb', [
      ...['-D', this.#data, '--username', PostgresServer.user, '--pwfile', passwordFile],
      ...['--auth', 'scram-sha-256', '--encoding', 'UTF8', '--locale', 'C', '--no-sync'],
    ]);
    const [code] = (await once(initdb, 'exit')) as [number | null];
    if (code !== 0) throw new Error(`initdb ended with ${String(code)}:\n${this.#log}`);
    if (tls === undefined) return;
    const files = { 'server.crt': tls.certificate, 'server.key': tls.key };
    for (const [name, from] of Object.entries(files)) {
      const file = join(this.#data, name);
      copyFileSync(from, file);
      // PostgreSQL refuses a key that others can read.
      chmodSync(file, 0o600);
      this.#own(file);
    }
    const settings = join(this.#data, 'postgresql.auto.conf');
    writeFileSync(settings, 'ssl = on\n', { flag: 'a' });
  }

  #own(file: string): void {
    if (this.#owner !== null) chownSync(file, this.#owner.uid, this.#owner.gid);
  }

  #spawn(program: string, args: readonly string[]): ChildProcess {
    const child = spawn(join(this.#programs, program), args, {
      cwd: this.#folder,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, LC_ALL: 'C' },
      ...(this.#owner ?? {}),
    });
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (text: Buffer) => {
        this.#log = (this.#log + text.toString()).slice(-10_000);
      });
    }
    return child;
  }
}

/** PostgreSQL refuses to run as root; then it runs as the user of Debian's package, else as nobody. */
function unprivileged(): Owner | null {
  if (process.getuid?.() !== 0) return null;
  const home = statSync('/var/lib/postgresql', { throwIfNoEntry: false });
  if (home !== undefined && home.uid !== 0) return { uid: home.uid, gid: home.gid };
  return { uid: 65_534, gid: 65_534 };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
