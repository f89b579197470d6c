import type { Subscription } from './client/emitter.ts';
import { Emitter } from './client/emitter.ts';
import type { EngineClient } from './client/engineClient.ts';
import type { SnapshotReader } from './client/snapshotStore.ts';
import { isUsageCode, TarshelfError } from './protocol/errors.ts';
import type { IngestOptions } from './protocol/ingestOptions.ts';
import type { Secrets } from './protocol/secrets.ts';
import type { RunState } from './protocol/snapshot.ts';

/**
 * What this window knows of its engine. The store keeps what the engine said last; only this tells whether the
 * engine is still there to say more, so that a view never shows work going on in an engine that is gone.
 *
 *   none ──▶ starting ──▶ attached ──▶ ended   (it said how the run ended)
 *               ▲  │          └──────▶ lost    (it went without a word)
 *               │  └─────────────────▶ lost
 *               └── ended, lost
 */
export type Connection = 'none' | 'starting' | 'attached' | 'ended' | 'lost';

/** The one ingest that a window may have under way. */
export class IngestSession {
  readonly #client: EngineClient;
  readonly #changes = new Emitter<Connection>();
  readonly #listening: Subscription;
  #connection: Connection = 'none';

  constructor(client: EngineClient) {
    this.#client = client;
    this.#listening = client.onEvent(() => {
      if (this.#connection === 'starting') this.#become('attached');
    });
  }

  get store(): SnapshotReader {
    return this.#client.store;
  }

  get connection(): Connection {
    return this.#connection;
  }

  get isRunning(): boolean {
    return this.#connection === 'starting' || this.#connection === 'attached';
  }

  onDidChangeConnection(listener: (connection: Connection) => void): Subscription {
    return this.#changes.on(listener);
  }

  /**
   * Runs one ingest to its end.
   *
   * @returns the run's last state: `finished` or `stopped`.
   * @throws TarshelfError as `EngineClient.ingest` does.
   */
  async ingest(options: IngestOptions, secrets: Secrets): Promise<RunState> {
    // One that is under way keeps its connection; the client refuses the second.
    if (this.isRunning) return await this.#client.ingest(options, secrets);
    this.#become('starting');
    try {
      const run = await this.#client.ingest(options, secrets);
      this.#become('ended');
      return run;
    } catch (thrown) {
      const refused = thrown instanceof TarshelfError && isUsageCode(thrown.code);
      this.#become(refused ? 'ended' : 'lost');
      throw thrown;
    } finally {
      // Nobody else is there for its next run.
      await this.#client.end({ drain: false });
    }
  }

  /** Lets the books in hand be finished and ends the run; resolves when it has ended. */
  async stop(): Promise<void> {
    await this.#client.stop();
  }

  /** Lets go of the engine, which finishes the books in hand and ends by itself. */
  dispose(): void {
    this.#listening.dispose();
    this.#client.dispose();
  }

  #become(connection: Connection): void {
    if (connection === this.#connection) return;
    this.#connection = connection;
    this.#changes.emit(connection);
  }
}
