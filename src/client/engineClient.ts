import { setTimeout as sleep } from 'node:timers/promises';
import type { ClientRequest, EngineEvent, WhenLeft } from '../protocol/clientMessages.ts';
import { TarshelfError, toFailure } from '../protocol/errors.ts';
import type { IngestOptions } from '../protocol/ingestOptions.ts';
import type { Secrets } from '../protocol/secrets.ts';
import { sentence } from '../protocol/sentences.ts';
import type { RunState } from '../protocol/snapshot.ts';
import type { ThroughputHistory } from '../protocol/throughput.ts';
import { programVersion } from '../protocol/version.ts';
import { deferred } from './deferred.ts';
import { Emitter, type Subscription } from './emitter.ts';
import type { ConnectionOptions, EngineConnection } from './engineConnection.ts';
import { findEngine } from './engineFinder.ts';
import type { EngineLaunch } from './engineLaunch.ts';
import { engineDied, type EngineProcess } from './engineProcess.ts';
import { isAlive } from './isAlive.ts';
import { isOlderVersion } from './isOlderVersion.ts';
import { isUnderWay } from './isUnderWay.ts';
import { readRunStatus } from './runStatus.ts';
import { settlesWithin } from './settlesWithin.ts';
import { SnapshotStore, type SnapshotReader } from './snapshotStore.ts';
import { startEngine } from './startEngine.ts';

export type { EngineLaunch } from './engineLaunch.ts';

/** Time to find an engine again whose connection broke in the middle of a run. */
const findAgainForMs = 5000;
const lookEveryMs = 100;
/** Time for the process of an engine that has ended its connections, or said that it ends, to be gone. */
const goneWithinMs = 10_000;

/** A run that is being begun. */
interface Beginning {
  /** Ends the waiting for others: for an older engine that drains, for a folder that is held. */
  readonly waiting: AbortController;
  /** The engine that was asked to begin; null before. */
  connection: EngineConnection | null;
  isStopAsked: boolean;
}

/**
 * A client's hold on the engine of one state folder at a time: finds or starts it, sends requests, and keeps a
 * store of what its events say. The engine outlives the client; what becomes of a run then is `whenLeft`.
 *
 *   detached ──attach, start──▶ attached ──connection broke in a run──▶ attached, looking for it again
 *      ▲  ▲                        │                                        │          │
 *      │  └── dispose, in order ───┘                                        └──found──▶ attached
 *      └───────────────────────────── not found: ENGINE_DIED ───────────────┘
 */
export class EngineClient {
  readonly #launch: EngineLaunch;
  readonly #store = new SnapshotStore();
  readonly #events = new Emitter<EngineEvent>();
  readonly #detached = new Emitter<TarshelfError | null>();
  /** Ends with the client. */
  readonly #life = new AbortController();
  #connection: EngineConnection | null = null;
  /** Of the engine that it is, or was last, attached to. */
  #stateFolder: string | null = null;
  #isFindingAgain = false;
  /** An engine of ours: the one attached to, or one that is being started. */
  #process: EngineProcess | null = null;
  #whenLeft: WhenLeft | null;
  #beginning: Beginning | null = null;
  /** Why the last engine was lost in a run; null where it was not. */
  #loss: TarshelfError | null = null;
  #isSnapshotAsked = false;
  /** An older engine that we are attached to is being exchanged: its end is no detachment. */
  #isExchanging = false;
  readonly #changed = new Emitter<undefined>();
  /** Attaching, starting and exchanging, one after another. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(launch: EngineLaunch) {
    this.#launch = launch;
    this.#whenLeft = launch.whenLeft;
  }

  get store(): SnapshotReader {
    return this.#store;
  }

  /** Whether there is an engine that the store tells of. */
  get isAttached(): boolean {
    return this.#connection !== null || this.#isFindingAgain || this.#isExchanging;
  }

  get stateFolder(): string | null {
    return this.isAttached ? this.#stateFolder : null;
  }

  /** Of the engine that it is attached to. */
  get enginePid(): number | null {
    return this.#connection?.pid ?? null;
  }

  /** Whether the engine that it is attached to is of an older program than this; see {@link renew}. */
  get isEngineOlder(): boolean {
    return this.#connection !== null && isOlder(this.#connection);
  }

  /** Events as the store has just taken them in. */
  onEvent(listener: (event: EngineEvent) => void): Subscription {
    return this.#events.on(listener);
  }

  /** Null where we let go, or the engine ended in order; else why it was lost. */
  onDetached(listener: (why: TarshelfError | null) => void): Subscription {
    return this.#detached.on(listener);
  }

  /**
   * Attaches to the engine of a state folder, letting go of any other. Never starts one.
   *
   * @returns false where there is none
   * @throws TarshelfError `ENGINE_SILENT`, `ENGINE_OTHER_VERSION`
   * @throws the signal's reason
   */
  attach(stateFolder: string, signal?: AbortSignal): Promise<boolean> {
    return this.#inTurn(async () => {
      if (this.#connection?.stateFolder === stateFolder) return true;
      const life = this.#life.signal;
      const given = signal ? AbortSignal.any([life, signal]) : life;
      const connection = await findEngine(stateFolder, this.#options(this.#whenLeft, given));
      if (!connection) return false;
      this.#adopt(connection);
      return true;
    });
  }

  /**
   * Attaches to the engine of a state folder where that has a run under way, letting go of one that has none. An engine
   * that has nothing to do is left alone: attached to, it would stay for as long as we do.
   *
   * @returns false where there is no such engine
   * @throws TarshelfError as {@link attach} does
   */
  attachToRun(stateFolder: string): Promise<boolean> {
    return this.#inTurn(async () => {
      if (this.isAttached && isUnderWay(this.#store.run)) return this.#stateFolder === stateFolder;
      // What is to become of a run is for those to say who have one.
      const found = await findEngine(stateFolder, this.#options(null, this.#life.signal));
      if (!found) return false;
      if (!isUnderWay(found.snapshot.run)) {
        found.close();
        return false;
      }
      this.#adopt(found);
      if (this.#whenLeft !== null) this.setWhenLeft(this.#whenLeft);
      return true;
    });
  }

  /**
   * Takes into the store what the last engine of a state folder left of its run, while we are attached to none.
   *
   * @param isNews asked of that run; where it is said, an engine of another folder that has no run under way is let go of for it
   * @returns how that run ended: by itself or by a stop, or with the death of its engine; null where nothing was left
   */
  recall(
    stateFolder: string,
    isNews?: (run: RunState, end: 'ended' | 'died') => boolean,
  ): Promise<'ended' | 'died' | null> {
    return this.#inTurn(async () => {
      const isIdle = this.#stateFolder !== stateFolder && !isUnderWay(this.#store.run);
      if (this.isAttached && !(isNews && isIdle)) return null;
      const left = await readRunStatus(stateFolder);
      // One that is said to run, and whose engine is not to be found, is another machine's or hangs.
      if (left.kind !== 'ended' && left.kind !== 'died') return null;
      if (isNews?.(left.file.snapshot.run, left.kind) === false) return null;
      this.#letGo();
      this.#store.recall(left.file.snapshot);
      return left.kind;
    });
  }

  /**
   * Begins a run, in the engine of its state folder or in one that is started for it. An engine of an older
   * version is drained and replaced.
   *
   * @throws TarshelfError the code of the refusal; `STATE_IN_USE` when another run has the state folder, and
   *   `ENGINE_BUSY` when this client is watching it; `ENGINE_DIED`, `ENGINE_SILENT`, `ENGINE_OTHER_VERSION`
   * @throws an `AbortError` when it was stopped while it waited for its turn
   */
  async start(options: IngestOptions, secrets: Secrets): Promise<void> {
    if (this.#beginning || (this.isAttached && isUnderWay(this.#store.run))) throw busy();
    const beginning = newBeginning();
    this.#beginning = beginning;
    try {
      await this.#inTurn(() => this.#begin(options, secrets, beginning));
    } finally {
      this.#beginning = null;
      this.#changed.emit(undefined);
    }
  }

  /**
   * Waits until the run that is under way has ended, or takes the end of the one that has just ended.
   *
   * @returns its last state: `finished` or `stopped`
   * @throws TarshelfError the code of the refusal of a run that never began; `ENGINE_DIED` when the engine ended
   *   without saying how the run ended; `NOTHING_RUNNING` where there is no run, or we have let go of it
   */
  async runEnd(): Promise<RunState> {
    for (;;) {
      const ended = this.#endOfRun();
      if (ended) return ended;
      await this.#change();
    }
  }

  /** Begins a run and waits for its end: {@link start} and {@link runEnd}. */
  async ingest(options: IngestOptions, secrets: Secrets): Promise<RunState> {
    await this.start(options, secrets);
    return await this.runEnd();
  }

  /**
   * Lets the books in hand be finished and ends the run; resolves when it has ended, also where there was none.
   *
   * @throws TarshelfError `ENGINE_SILENT`
   */
  async stop(): Promise<void> {
    const beginning = this.#beginning;
    if (beginning) {
      beginning.isStopAsked = true;
      beginning.waiting.abort();
    }
    const connection = beginning ? beginning.connection : this.#connection;
    if (connection && (beginning || isUnderWay(this.#store.run))) await askToStop(connection);
    await this.runEnd().catch(() => undefined);
  }

  /**
   * Restarts a worker; null: all of them.
   *
   * @returns what was done, in one line, where the engine says it
   * @throws TarshelfError `NOTHING_RUNNING`, `NO_SUCH_WORKER`, as do the next three
   */
  restartWorker(worker: number | null): Promise<string | null> {
    return this.#order({ type: 'worker:restart', worker });
  }

  /** Stops a worker until it is resumed; null: all of them. */
  pauseWorker(worker: number | null): Promise<string | null> {
    return this.#order({ type: 'worker:pause', worker });
  }

  resumeWorker(worker: number | null): Promise<string | null> {
    return this.#order({ type: 'worker:resume', worker });
  }

  /**
   * Gives the tars of a worker that does not work to others, to these if any are named.
   *
   * @throws TarshelfError `REASSIGN_REFUSED`, too
   */
  reassign(worker: number, to: readonly number[] | null): Promise<string | null> {
    return this.#order({ type: 'tars:reassign', worker, to: to === null ? null : [...to] });
  }

  /** How fast the present or else the last run of the engine was; null where nobody knows. */
  async throughput(): Promise<ThroughputHistory | null> {
    return (await this.#connection?.throughput()) ?? null;
  }

  /** What is to become of a run when this client leaves as the last one. */
  setWhenLeft(whenLeft: WhenLeft): void {
    this.#whenLeft = whenLeft;
    // A connection that breaks says it anew when it is found again.
    this.#connection?.request({ type: 'client:when-left', whenLeft }).catch(() => undefined);
  }

  /**
   * Asks the engine for a sign of life, and changes nothing by it.
   *
   * @throws TarshelfError `ENGINE_SILENT`, `ENGINE_DIED`; `NOTHING_RUNNING` while there is no connection
   */
  async callOut(): Promise<void> {
    const whenLeft = this.#whenLeft;
    // What it was told before is the shortest thing to tell; a client without an opinion has only the snapshot.
    await this.#order(whenLeft === null ? { type: 'snapshot:get' } : { type: 'client:when-left', whenLeft });
  }

  /**
   * Ends the engine; `drain` stops its run and ends it also where others are attached. Resolves when the engine
   * is gone, or has said that it stays.
   *
   * @throws TarshelfError `ENGINE_SILENT`, of a drain only
   */
  async end({ drain }: { drain: boolean }): Promise<void> {
    const connection = this.#connection;
    if (!connection) return;
    try {
      await connection.request({ type: 'engine:end', drain });
    } catch (thrown) {
      if (!connection.isClosed) {
        if (drain) throw thrown;
        return;
      }
    }
    if (drain) await connection.closed;
    else await settlesWithin(connection.closed, goneWithinMs);
    if (connection.isClosed && !this.#life.signal.aborted) await this.#gone(connection.pid);
  }

  /** Ends an engine that this client started, without waiting for the books in hand: the next run takes them again. */
  kill(): void {
    this.#process?.kill();
  }

  /** Lets go of the engine, for good. What becomes of its run is `whenLeft`. */
  dispose(): void {
    this.#life.abort();
    this.#letGo();
  }

  /**
   * Exchanges the engine that it is attached to for one of this program, where that one is older: it is drained,
   * and its run goes on in the new one with the same options. Without a run it is only ended.
   *
   * @param secrets what opens the destination of that run
   * @throws TarshelfError as {@link start} does; the run can then be begun again by hand
   * @throws the signal's reason, when it comes while the old engine drains
   */
  renew(secrets: Secrets, signal?: AbortSignal): Promise<void> {
    return this.#inTurn(async () => {
      const old = this.#connection;
      if (!old || !isOlder(old)) return;
      const { run, options } = this.#store;
      // A run that a person is stopping does not go on.
      const goesOn = run?.phase === 'starting' || run?.phase === 'running' ? options : null;
      const beginning = newBeginning();
      this.#beginning = beginning;
      const { signal: stopped } = beginning.waiting;
      try {
        await this.#replace(old, signal ? AbortSignal.any([signal, stopped]) : stopped);
        if (goesOn) await this.#begin(goesOn, secrets, beginning);
        else this.#exchangeFailed(null);
      } finally {
        this.#beginning = null;
        this.#changed.emit(undefined);
      }
    });
  }

  async #begin(options: IngestOptions, secrets: Secrets, beginning: Beginning): Promise<void> {
    try {
      const { stateFolder } = options;
      const attached = this.#connection?.stateFolder === stateFolder ? this.#connection : null;
      const connection = await this.#engineFor(options, attached, beginning.waiting.signal);
      const isBegun = await this.#beginIn(connection, connection === attached, options, secrets, beginning);
      // It was just about to end, and is gone by now.
      if (!isBegun) await this.#begin(options, secrets, beginning);
    } catch (thrown) {
      this.#exchangeFailed(thrown instanceof TarshelfError ? thrown : null);
      throw thrown;
    }
  }

  /** An engine that can begin a run: the one that is there, one of this version in its place, or a new one. */
  async #engineFor(
    folders: Pick<IngestOptions, 'stateFolder' | 'sourceFolders'>,
    attached: EngineConnection | null,
    waiting: AbortSignal,
  ): Promise<EngineConnection> {
    const signal = this.#life.signal;
    const there = attached ?? (await findEngine(folders.stateFolder, this.#options(null, signal)));
    if (there && !isOlder(there)) {
      if (there !== attached) refuseIfBusy(there);
      return there;
    }
    if (there) await this.#replace(there, waiting);
    const started = await startEngine(
      this.#launch,
      folders,
      this.#options(null, signal),
      waiting,
      process => {
        this.#process = process;
      },
    );
    this.#process = started.process;
    // Another client was quicker.
    refuseIfBusy(started.connection);
    return started.connection;
  }

  /** Returns false where the engine takes no run any more, because it ends. */
  async #beginIn(
    connection: EngineConnection,
    isAttached: boolean,
    options: IngestOptions,
    secrets: Secrets,
    beginning: Beginning,
  ): Promise<boolean> {
    beginning.connection = connection;
    const begun = connection.request({ type: 'ingest:start', options, secrets });
    // In the same breath, so that no death of ours finds the run begun and our word not said.
    const whenLeft = this.#whenLeft;
    const said = whenLeft === null ? null : connection.request({ type: 'client:when-left', whenLeft });
    // An engine that another client was quicker to ask refuses at once: before it has answered two more questions.
    const told = this.#askTwice(connection);
    // Where they fail, the connection does, and the answer to the first tells it.
    for (const answer of [said, told]) answer?.catch(() => undefined);
    if (beginning.isStopAsked) void askToStop(connection).catch(() => undefined);
    try {
      if (isAttached) {
        this.#store.expectNewRun();
      } else {
        // Until then, what the engine tells may be of another client's run: nobody is to see that as ours.
        const isRefused = await Promise.race([begun, told]).then(() => false, isBusy);
        // What else it says against it, and its death, are told as those of an engine that we hold.
        if (!isRefused) this.#adopt(connection, true);
      }
      await begun;
    } catch (thrown) {
      this.#store.takeAnyRun();
      if (isBusy(thrown) && (await this.#isIdle(connection))) {
        beginning.connection = null;
        await unlessAborted(connection.closed, beginning.waiting.signal);
        await this.#gone(connection.pid);
        return false;
      }
      if (isBusy(thrown) && this.#connection !== connection) connection.close();
      if (isBusy(thrown)) throw stateInUse(options.stateFolder);
      throw connection.isClosed ? await this.#died(connection.pid) : thrown;
    }
    this.#store.takeAnyRun();
    try {
      await said;
      await told;
      await this.#refresh(connection);
      // It was not under way yet when it was first asked to stop.
      if (beginning.isStopAsked) await askToStop(connection);
    } catch (thrown) {
      throw connection.isClosed ? await this.#died(connection.pid) : thrown;
    }
    return true;
  }

  async #askTwice(connection: EngineConnection): Promise<void> {
    for (let times = 0; times < 2; times++) await connection.request({ type: 'snapshot:get' });
  }

  /** Whether an engine has no run, though it takes none: then it is about to end. */
  async #isIdle(connection: EngineConnection): Promise<boolean> {
    try {
      await connection.request({ type: 'snapshot:get' });
    } catch {
      return connection.isClosed;
    }
    return !isUnderWay(connection.snapshot.run);
  }

  /** Has an older engine finish the books in hand, save and end, and waits until its process is gone. */
  async #replace(old: EngineConnection, signal: AbortSignal): Promise<void> {
    if (this.#connection === old) this.#isExchanging = true;
    else old.listen(() => undefined);
    try {
      await unlessAborted(old.request({ type: 'engine:end', drain: true }), signal).catch(
        (thrown: unknown) => {
          // The answer can be lost with the end itself.
          if (!old.isClosed) throw thrown;
        },
      );
      await unlessAborted(old.closed, signal);
    } catch (thrown) {
      if (this.#connection === old) this.#isExchanging = false;
      else old.close();
      throw thrown;
    }
    await this.#gone(old.pid);
  }

  /** The engine is gone, and no other has taken its place. */
  #exchangeFailed(why: TarshelfError | null): void {
    if (!this.#isExchanging) return;
    this.#isExchanging = false;
    if (!this.#connection) this.#tellDetached(why);
  }

  /** @param isForNewRun the run that the engine tells of, if any, is an earlier one */
  #adopt(connection: EngineConnection, isForNewRun = false): void {
    const before = this.#connection;
    this.#connection = connection;
    before?.close();
    this.#stateFolder = connection.stateFolder;
    this.#loss = null;
    this.#isExchanging = false;
    this.#isSnapshotAsked = false;
    if (this.#process?.pid !== connection.pid) this.#process = null;
    this.#store.expectNewEngine();
    if (isForNewRun) this.#store.expectNewRun();
    else this.#store.takeAnyRun();
    connection.listen(event => {
      this.#take(connection, event);
    });
    void connection.closed.then(() => {
      this.#lost(connection);
    });
  }

  #take(connection: EngineConnection, event: EngineEvent): void {
    if (this.#connection !== connection) return;
    if (event.type === 'snapshot') this.#isSnapshotAsked = false;
    if (!this.#store.apply(event) && !this.#isSnapshotAsked) {
      this.#isSnapshotAsked = true;
      // Without an answer the connection is gone, and its end tells more.
      connection.request({ type: 'snapshot:get' }).catch(() => undefined);
    }
    this.#events.emit(event);
    this.#changed.emit(undefined);
  }

  /** Waits for a snapshot, so that the store has what the engine knows by now. */
  async #refresh(connection: EngineConnection): Promise<void> {
    const told = deferred<undefined>();
    const listening = this.#events.on(event => {
      if (event.type === 'snapshot') told.resolve(undefined);
    });
    try {
      await connection.request({ type: 'snapshot:get' });
      await Promise.race([told.promise, connection.closed]);
    } finally {
      listening.dispose();
    }
  }

  /** The connection has ended, and not by us. */
  #lost(connection: EngineConnection): void {
    if (this.#connection !== connection) return;
    this.#connection = null;
    if (this.#isExchanging) return;
    if (this.#beginning?.connection === connection) {
      void this.#died(connection.pid).then(why => {
        this.#tellDetached(why);
      });
    } else if (isUnderWay(this.#store.run)) {
      this.#isFindingAgain = true;
      void this.#findAgain(connection);
    } else {
      this.#tellDetached(null);
    }
  }

  /** A connection can break while its engine goes on; or another client has put a newer engine in its place. */
  async #findAgain({ stateFolder, pid }: EngineConnection): Promise<void> {
    const until = performance.now() + findAgainForMs;
    try {
      await this.#inTurn(async () => {
        while (!this.#connection && performance.now() < until) {
          const found = await findEngine(stateFolder, this.#options(this.#whenLeft, this.#life.signal)).catch(
            () => null,
          );
          // One that knows of no run has nothing to do with ours.
          if (found?.snapshot.run) this.#adopt(found);
          else found?.close();
          if (found || !isAlive(pid)) return;
          if (this.#process?.pid === pid) await this.#process.untilEnded(lookEveryMs);
          else await sleep(lookEveryMs, undefined, { signal: this.#life.signal });
        }
      });
    } catch {
      // We have let go meanwhile.
    }
    this.#isFindingAgain = false;
    if (this.#connection || this.#life.signal.aborted) return;
    this.#tellDetached(await this.#died(pid));
  }

  #letGo(): void {
    const connection = this.#connection;
    const wasAttached = this.isAttached;
    this.#connection = null;
    this.#isFindingAgain = false;
    connection?.close();
    if (wasAttached) this.#tellDetached(null);
  }

  #tellDetached(why: TarshelfError | null): void {
    this.#loss = why;
    this.#detached.emit(why);
    this.#changed.emit(undefined);
  }

  /** The end of the run, null while there is none. */
  #endOfRun(): RunState | null {
    if (this.#beginning) return null;
    const { run } = this.#store;
    if (run && !isUnderWay(run)) {
      if (run.phase === 'refused' && run.failure)
        throw new TarshelfError(run.failure.code, run.failure.message);
      return run;
    }
    if (run && this.isAttached) return null;
    throw this.#loss ?? nothingRunning();
  }

  /** Waits for something to change. */
  async #change(): Promise<void> {
    const changed = deferred<undefined>();
    const listening = this.#changed.on(() => {
      changed.resolve(undefined);
    });
    await changed.promise;
    listening.dispose();
  }

  async #order(request: ClientRequest): Promise<string | null> {
    if (!this.#connection) throw nothingRunning();
    return await this.#connection.request(request);
  }

  /** Waits until the process of an engine that has ended its connections is gone, and its hold on the folder with it. */
  async #gone(pid: number): Promise<void> {
    if (this.#process?.pid === pid) {
      await this.#process.untilEnded(goneWithinMs);
      return;
    }
    const until = performance.now() + goneWithinMs;
    while (isAlive(pid) && performance.now() < until) await sleep(lookEveryMs);
  }

  /** Why an engine is gone, by its last words where it was ours. */
  async #died(pid: number): Promise<TarshelfError> {
    if (this.#process?.pid !== pid) return engineDied();
    await this.#process.untilEnded(goneWithinMs);
    return this.#process.died();
  }

  #options(whenLeft: WhenLeft | null, signal: AbortSignal): ConnectionOptions {
    return {
      whenLeft,
      signal,
      onStrange: () => {
        // A person finds it in the log.
        this.#launch.onStderr?.(
          'The engine said what this program does not understand. Build or install Tarshelf anew.\n',
        );
      },
    };
  }

  /** Does it once all that came before is done: two connections made at once would be one too many. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(() => {
      this.#life.signal.throwIfAborted();
      return work();
    });
    this.#turn = turn.catch(() => undefined);
    return turn;
  }
}

function newBeginning(): Beginning {
  return { waiting: new AbortController(), connection: null, isStopAsked: false };
}

function isOlder(connection: EngineConnection): boolean {
  return isOlderVersion(connection.version, programVersion);
}

/** Lets go of an engine that has another client's run. */
function refuseIfBusy(connection: EngineConnection): void {
  if (!isUnderWay(connection.snapshot.run)) return;
  connection.close();
  throw stateInUse(connection.stateFolder);
}

async function askToStop(connection: EngineConnection): Promise<void> {
  try {
    await connection.request({ type: 'ingest:stop' });
  } catch (thrown) {
    // A run that has just ended cannot be stopped any more, and one that is gone with its engine neither.
    const { code } = toFailure(thrown);
    if (code !== 'NOTHING_RUNNING' && code !== 'ENGINE_DIED') throw thrown;
  }
}

async function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  const aborted = deferred<undefined>();
  const abort = (): void => {
    aborted.resolve(undefined);
  };
  signal.addEventListener('abort', abort, { once: true });
  try {
    return await Promise.race([
      promise,
      aborted.promise.then((): never => {
        signal.throwIfAborted();
        throw new Error('not aborted');
      }),
    ]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

function isBusy(thrown: unknown): boolean {
  const { code } = toFailure(thrown);
  return code === 'ENGINE_BUSY' || code === 'STATE_IN_USE';
}

function busy(): TarshelfError {
  return new TarshelfError('ENGINE_BUSY', 'An ingest is running already. Stop it, or wait for its end.');
}

function stateInUse(stateFolder: string): TarshelfError {
  return new TarshelfError('STATE_IN_USE', sentence('stateInUse', stateFolder));
}

function nothingRunning(): TarshelfError {
  return new TarshelfError('NOTHING_RUNNING', sentence('noRunHere'));
}
