import { isDeepStrictEqual } from 'node:util';
import { Emitter, type Subscription } from '../client/emitter.ts';
import type { EngineClient } from '../client/engineClient.ts';
import type { SnapshotReader } from '../client/snapshotStore.ts';
import { stateMark, type StateMark } from '../client/stateMark.ts';
import { isUsageCode, TarshelfError } from '../protocol/errors.ts';
import type { EngineEvent } from '../protocol/clientMessages.ts';
import type { DestinationOptions, IngestOptions } from '../protocol/ingestOptions.ts';
import { noSecrets, type Secrets } from '../protocol/secrets.ts';
import type { RunPhase, RunState } from '../protocol/snapshot.ts';
import type { ThroughputHistory } from '../protocol/throughput.ts';

/**
 * What this window knows of the run of its state folder. The store keeps what the engine said last; only this
 * tells whether the engine is still there to say more, so that a view never shows work going on in an engine that
 * is gone.
 *
 *   none ──▶ starting ──▶ attached ──▶ ended   (it said how the run ended)
 *     │         ▲  │        ▲  └─────▶ lost    (it went without a word)
 *     │         │  └────────│────────▶ lost
 *     │         └── ended, lost ◀── what the last engine left in the state folder
 *     └──────── a run found going on, begun by whomever
 */
export type Connection = 'none' | 'starting' | 'attached' | 'ended' | 'lost';

/** An engine at work has something to say once a second; after so long without a word it is asked, and then doubted. */
const asksAfterMs = 3000;
const silentAfterMs = 5000;
const looksEveryMs = 1000;

/** The run that a window shows: the one of its state folder, whoever began it. */
export class IngestSession {
  readonly #client: EngineClient;
  readonly #changes = new Emitter<Connection>();
  readonly #ends = new Emitter<RunState>();
  readonly #silences = new Emitter<number | null>();
  readonly #listening: readonly Subscription[];
  #connection: Connection = 'none';
  /** By the clock of `performance`. */
  #lastHeardAt = 0;
  #isAsked = false;
  /** Runs while an engine is there that should speak. */
  #watch: NodeJS.Timeout | undefined;
  #wasSilent = false;
  /** While a launch of this window has not begun its run, what an older one says does not count. */
  #isLaunching = false;
  #launches = 0;
  /** Of the state folder that was looked at last, as it was then. */
  #mark: StateMark | null = null;

  constructor(client: EngineClient) {
    this.#client = client;
    this.#listening = [
      client.onEvent(event => {
        this.#heard();
        if (event.type === 'snapshot') this.#hear(event.snapshot.run);
        else if (event.type === 'run:changed') this.#hear(event.run);
      }),
      client.onDetached(why => {
        if (this.#connection === 'attached' && why) this.#become('lost');
      }),
    ];
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

  /**
   * For how many seconds an engine that is attached has said nothing, also when asked; null while it speaks. It may be
   * halted, or its machine asleep: nobody knows how the run stands.
   */
  get silentSeconds(): number | null {
    if (this.#connection !== 'attached') return null;
    const silentMs = performance.now() - this.#lastHeardAt;
    return silentMs < silentAfterMs ? null : Math.floor(silentMs / 1000);
  }

  /** Tells each second how long the silence is, and null when it has ended. */
  onDidFallSilent(listener: (seconds: number | null) => void): Subscription {
    return this.#silences.on(listener);
  }

  onDidChangeConnection(listener: (connection: Connection) => void): Subscription {
    return this.#changes.on(listener);
  }

  /** Tells of each run that came to its end while this window looked on, also of one that another client began. */
  onDidEndRun(listener: (run: RunState) => void): Subscription {
    return this.#ends.on(listener);
  }

  /**
   * Looks for the run of a state folder: attaches to its engine where one lives, and shows what the last one left
   * where none does. Starts nothing, but in the place of an engine of an older version: its run goes on in a new one.
   *
   * @throws TarshelfError as `EngineClient.attach` and `EngineClient.renew` do
   */
  async find(
    stateFolder: string,
    secretsOf: (destination: DestinationOptions) => Promise<Secrets>,
  ): Promise<void> {
    if (this.isRunning || this.#client.stateFolder === stateFolder) return;
    this.#mark = await stateMark(stateFolder);
    if (await this.#client.attach(stateFolder)) {
      const options = this.store.options;
      if (this.#client.isEngineOlder)
        await this.#client.renew(options ? await secretsOf(options.destination) : noSecrets);
      return;
    }
    await this.#recall(stateFolder);
  }

  /**
   * Looks again whether a run of a state folder is under way that another client has begun, and attaches to it; or shows
   * how one ended that came and went since the last look. It may be called every few seconds: as long as nothing happens in that
   * folder, it takes two small files.
   *
   * @throws TarshelfError as `EngineClient.attach` does
   */
  async lookAgain(stateFolder: string): Promise<void> {
    if (this.isRunning || this.#client.stateFolder === stateFolder) return;
    const before = this.#mark;
    const mark = await stateMark(stateFolder);
    if (isDeepStrictEqual(mark, before)) return;
    const isAttached = await this.#client.attachToRun(stateFolder);
    // What had been there before anybody looked is older than what is shown.
    if (!isAttached && before?.stateFolder === stateFolder) await this.#recall(stateFolder, this.#isNews);
    this.#mark = mark;
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
    this.#isLaunching = true;
    this.#launches++;
    try {
      await this.#client.start(options, secrets);
      this.#isLaunching = false;
      this.#hear(this.store.run);
      return await this.#client.runEnd();
    } catch (thrown) {
      const refused = thrown instanceof TarshelfError && isUsageCode(thrown.code);
      this.#become(refused ? 'ended' : 'lost');
      throw thrown;
    } finally {
      this.#isLaunching = false;
    }
  }

  /** Lets the books in hand be finished and ends the run; resolves when it has ended. */
  async stop(): Promise<void> {
    await this.#client.stop();
  }

  restartWorker(worker: number | null): Promise<string | null> {
    return this.#client.restartWorker(worker);
  }

  pauseWorker(worker: number | null): Promise<string | null> {
    return this.#client.pauseWorker(worker);
  }

  resumeWorker(worker: number | null): Promise<string | null> {
    return this.#client.resumeWorker(worker);
  }

  reassign(worker: number, to: readonly number[] | null): Promise<string | null> {
    return this.#client.reassign(worker, to);
  }

  /** How fast the present or else the last run was, from its begin in this engine on; null where nobody knows. */
  throughput(): Promise<ThroughputHistory | null> {
    return this.#client.throughput();
  }

  /** Events as the store has just taken them in. */
  onEvent(listener: (event: EngineEvent) => void): Subscription {
    return this.#client.onEvent(listener);
  }

  /** Lets go of the engine. What becomes of the run is what the window has told it. */
  dispose(): void {
    for (const listening of this.#listening) listening.dispose();
    clearInterval(this.#watch);
    this.#client.dispose();
  }

  async #recall(stateFolder: string, isNews?: Parameters<EngineClient['recall']>[1]): Promise<void> {
    const launches = this.#launches;
    const left = await this.#client.recall(stateFolder, isNews);
    // A launch may have begun meanwhile.
    if (!left || this.#launches > launches) return;
    this.#become(left === 'died' ? 'lost' : 'ended');
  }

  /** What the engine of the run that is shown has left says no more than it told. */
  readonly #isNews = (run: RunState, end: 'ended' | 'died'): boolean => {
    const shown = this.store.run;
    if (shown?.stateFolder !== run.stateFolder) return true;
    if (end === 'died') return this.#connection !== 'lost';
    return !isDeepStrictEqual(atRest(run), atRest(shown));
  };

  #hear(run: RunState | null): void {
    if (!run || (this.#isLaunching && hasEnded(run.phase))) return;
    const wasRunning = this.isRunning;
    if (!hasEnded(run.phase)) {
      this.#become('attached');
      return;
    }
    this.#become('ended');
    if (wasRunning && run.phase !== 'refused') this.#ends.emit(run);
  }

  #become(connection: Connection): void {
    if (connection === this.#connection) return;
    this.#connection = connection;
    clearInterval(this.#watch);
    this.#watch = undefined;
    if (connection === 'attached') {
      this.#heard();
      this.#watch = setInterval(() => {
        this.#look();
      }, looksEveryMs);
    }
    this.#changes.emit(connection);
  }

  #heard(): void {
    this.#lastHeardAt = performance.now();
    if (!this.#wasSilent) return;
    this.#wasSilent = false;
    this.#silences.emit(null);
  }

  /** Where all workers wait, an engine that is well has nothing to say either: so it is asked before it is doubted. */
  #look(): void {
    const silentMs = performance.now() - this.#lastHeardAt;
    if (silentMs >= asksAfterMs && !this.#isAsked) {
      this.#isAsked = true;
      this.#client
        .callOut()
        .then(() => {
          this.#heard();
        })
        // The silence itself, or the end of the connection, tells more.
        .catch(() => undefined)
        .finally(() => {
          this.#isAsked = false;
        });
    }
    const { silentSeconds } = this;
    if (silentSeconds === null) return;
    this.#wasSilent = true;
    this.#silences.emit(silentSeconds);
  }
}

/** Without what only a living engine has. */
function atRest(run: RunState): RunState {
  return { ...run, bytesPerSecond: 0, secondsLeft: null };
}

function hasEnded(phase: RunPhase): boolean {
  return phase === 'finished' || phase === 'stopped' || phase === 'refused';
}
