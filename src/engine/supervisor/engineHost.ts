import { realpath } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { WhenLeft } from '../../protocol/clientMessages.ts';
import { clientProtocolVersion, type EngineFile } from '../../protocol/engineFile.ts';
import { oneLine, TarshelfError } from '../../protocol/errors.ts';
import type { HistoryKind } from '../../protocol/history.ts';
import type { IngestOptions } from '../../protocol/ingestOptions.ts';
import { launcherLogName, monitorLogName } from '../../protocol/logFiles.ts';
import type { Secrets } from '../../protocol/secrets.ts';
import { sentence } from '../../protocol/sentences.ts';
import type { RunPhase } from '../../protocol/snapshot.ts';
import { programVersion } from '../../protocol/version.ts';
import { systemClock, type Clock } from '../system/clock.ts';
import { EventLog } from '../system/eventLog.ts';
import { isSame, killTree, processStart } from '../system/processes.ts';
import { ClientServer, type EngineRequest } from './clients/clientServer.ts';
import { collectGarbage } from './collectGarbage.ts';
import { EngineNote, newToken, readEngineNote } from './clients/engineNote.ts';
import { EventStream, type StreamedState, type ToldEvent } from './clients/eventStream.ts';
import { History } from './crew/history.ts';
import { removeLeftSocket } from './clients/socketAddress.ts';
import { StateBoard } from './stateBoard.ts';
import { StateFolder, stateInUse } from './stateFolder.ts';
import { StatusWriter } from './statusFile.ts';
import { sweepWorkers, type NotedWorker, type SweepOptions } from './sweep.ts';
import { ThroughputLog } from './throughputLog.ts';

/** An engine with nothing to do and nobody attached ends after this. */
const idleMs = 60_000;
/** So soon may a window be back that is being reloaded, before its leaving counts. */
const graceMs = 3000;
/** Time for a run that has ended to be forgotten by all. */
const tidyAfterMs = 1000;
/** How often it is looked whether clients can still find the engine. */
const lookEveryMs = 60_000;

/** One ingest, as the engine commands it; `Ingest`, but in tests. */
export interface Run {
  /** Runs to its end. A refusal is told by the board, and not thrown. */
  run(): Promise<void>;
  stop(): void;
  restartWorker(worker: number | null): string;
  pauseWorker(worker: number | null): string;
  resumeWorker(worker: number | null): string;
  reassign(worker: number, to: readonly number[] | null): string;
}

/** What the engine lends its runs. */
export interface RunHold {
  readonly state: StateFolder;
  readonly history: History;
  /** The workers' processes that there are now. */
  onWorkersChanged(workers: readonly NotedWorker[]): void;
}

export interface EngineHostOptions {
  readonly makeRun: (options: IngestOptions, secrets: Secrets, board: StateBoard, hold: RunHold) => Run;
  /** The state folder is this engine's, and the rest of its start is still to come. */
  readonly onTaken?: () => void;
  readonly clock?: Clock;
  readonly processes?: SweepOptions['processes'];
  /** See {@link ClientServer}. */
  readonly temporaryFolder?: string;
}

/** A run with what belongs to it, present or last. */
interface HeldRun {
  /** Null once it is over: it holds all keys of the shelf, and secrets. */
  run: Run | null;
  readonly board: StateBoard;
  readonly status: StatusWriter;
  readonly throughput: ThroughputLog;
  readonly isAskedToStop: AbortController;
  /** All clients have been told of its tars and workers in place of the last run's. */
  isTold: boolean;
  /** Resolves once it goes on or has come to its end; rejects with the failure of its refusal. */
  readonly begun: PromiseWithResolvers<null>;
  /** Resolves when nothing of it is under way any more. */
  over: Promise<void>;
}

/** What an engine is made of; all there from its first moment to its last. */
interface Parts {
  readonly state: StateFolder;
  readonly history: History;
  readonly log: EventLog;
  readonly monitor: EventLog;
}

/**
 * The engine of one state folder, from taking it to letting go of it:
 *
 *   idle ──ingest:start──▶ running ──the run's end──▶ idle
 *    │                       │
 *    │                       └─ a client's `engine:end`, SIGTERM ─▶ draining ─the run's end─┐
 *    └─ a client's `engine:end`, SIGTERM, or nobody attached for long enough ───────────────┴▶ ended
 *
 * A run whose last client has left goes on, or is stopped after a grace, by what the clients said of it (`whenLeft`).
 */
export class EngineHost {
  readonly #makeRun: EngineHostOptions['makeRun'];
  readonly #clock: Clock;
  readonly #state: StateFolder;
  readonly #history: History;
  readonly #log: EventLog;
  readonly #monitor: EventLog;
  readonly #stream: EventStream;
  readonly #server: ClientServer;
  readonly #ended = Promise.withResolvers<undefined>();
  readonly #sweep = new AbortController();
  #note: EngineNote | undefined;
  /** Workers of the engine before this one that may still be there. */
  #leftWorkers: readonly NotedWorker[] = [];
  #ownWorkers: readonly NotedWorker[] = [];
  #swept: Promise<void> = Promise.resolve();
  #run: HeldRun | null = null;
  #whenLeft: WhenLeft = 'keepRunning';
  /** Since when nobody has been attached, by the clock; of no meaning while somebody is. */
  #aloneSince: number;
  #isEnding = false;
  #cancelLeaving: () => void = () => undefined;
  #cancelLook: () => void = () => undefined;
  #cancelTidying: () => void = () => undefined;

  private constructor(parts: Parts, token: string, options: EngineHostOptions, clock: Clock) {
    this.#makeRun = options.makeRun;
    this.#clock = clock;
    this.#state = parts.state;
    this.#history = parts.history;
    this.#log = parts.log;
    this.#monitor = parts.monitor;
    this.#stream = new EventStream(() => this.#streamedState());
    this.#aloneSince = clock.now();
    this.#history.onAdded = entry => {
      this.#stream.post({ type: 'history:added', entry });
    };
    this.#server = new ClientServer({
      ...{ token, clock, version: programVersion, stream: this.#stream },
      ...(options.temporaryFolder === undefined ? {} : { temporaryFolder: options.temporaryFolder }),
      answer: (request, others) => this.#answer(request, others),
      throughput: () => this.#run?.throughput.history ?? null,
      onAttached: whenLeft => {
        this.#whenLeft = whenLeft ?? this.#whenLeft;
        this.#reconsider();
      },
      onLeft: () => {
        if (this.#server.clients === 0) this.#aloneSince = this.#clock.now();
        this.#reconsider();
      },
      onProblem: message => {
        this.#log.warn(message);
      },
    });
  }

  /**
   * Takes the state folder and waits for clients. What an earlier engine left is ended meanwhile.
   *
   * @throws TarshelfError `STATE_IN_USE` where another engine has the folder; `STATE_NOT_WRITABLE` where what clients
   *   need to find it cannot be made.
   */
  static async start(stateFolder: string, options: EngineHostOptions): Promise<EngineHost> {
    const clock = options.clock ?? systemClock;
    const state = await StateFolder.take(stateFolder);
    options.onTaken?.();
    // Not before: the logs, too, are one process's at a time.
    const log = new EventLog(join(state.path, launcherLogName));
    const monitor = new EventLog(join(state.path, monitorLogName));
    try {
      // Before this engine's own note takes its place: it names the workers that are to be looked for.
      const before = await readEngineNote(state.path);
      const history = await History.load(state.path, monitor, clock);
      const token = newToken();
      const host = new EngineHost({ state, history, log, monitor }, token, options, clock);
      await host.#open(token, before);
      host.#beginSweep(options.processes ?? { isSame, killTree });
      return host;
    } catch (thrown) {
      log.close();
      monitor.close();
      state.release();
      throw thrown;
    }
  }

  /** Resolves when the engine has ended, and somebody else may have the state folder. */
  get ended(): Promise<void> {
    return this.#ended.promise;
  }

  /** How many clients are attached. */
  get clients(): number {
    return this.#server.clients;
  }

  /** Lets a run under way finish the books in hand, and ends the engine, whoever is attached. */
  drain(why: string): void {
    if (this.#isEnding) return;
    this.#isEnding = true;
    this.#cancelLeaving();
    this.#cancelLook();
    this.#cancelTidying();
    this.#stopRun();
    void this.#end(why);
  }

  /** For what ends the process: its last words go where a person looks, whoever reads standard error. */
  noteDeath(thrown: unknown): void {
    this.#log.error(`the engine died: ${oneLine(thrown)}`);
    this.#monitor.error(`The engine died: ${oneLine(thrown)}`);
  }

  /** @throws TarshelfError `STATE_NOT_WRITABLE` */
  async #open(token: string, before: EngineFile | null): Promise<void> {
    const address = await this.#server.listen();
    // Of another machine that shares the folder, pids say nothing here.
    const isOfThisMachine = before?.host === hostname();
    this.#leftWorkers = isOfThisMachine ? before.workers : [];
    if (isOfThisMachine) await removeLeftSocket(before.address);
    const note: EngineFile = {
      protocol: clientProtocolVersion,
      version: programVersion,
      pid: process.pid,
      processStart: await processStart(process.pid),
      host: hostname(),
      address,
      startedAt: this.#clock.date().toISOString(),
      // Kept until they are gone: this engine may be killed, too, before it has seen to them.
      workers: [...this.#leftWorkers],
    };
    try {
      this.#note = await EngineNote.leave(this.#state.path, note, token, message => {
        this.#log.warn(message);
      });
    } catch (thrown) {
      this.#server.stopListening();
      throw new TarshelfError(
        'STATE_NOT_WRITABLE',
        sentence('stateWithoutRoom', this.#state.path, oneLine(thrown)),
        { cause: thrown },
      );
    }
    const pid = String(process.pid);
    this.#remember(
      'engine',
      null,
      before === null
        ? `The engine began, pid ${pid}.`
        : `The engine began, pid ${pid}. The one before it, pid ${String(before.pid)}, was ended, or left workers behind.`,
    );
    this.#lookLater();
    this.#reconsider();
  }

  #beginSweep(processes: SweepOptions['processes']): void {
    const stay = new Set(this.#leftWorkers);
    const name = (worker: NotedWorker): string =>
      `Worker ${String(worker.number)} of an earlier engine (pid ${String(worker.pid)})`;
    const say = (kind: HistoryKind, worker: NotedWorker, message: string): void => {
      this.#remember(kind, worker.number, message);
      this.#stream.post({ type: 'notice', message });
    };
    this.#swept = sweepWorkers(this.#leftWorkers, {
      processes,
      clock: this.#clock,
      signal: this.#sweep.signal,
      onGone: worker => {
        stay.delete(worker);
        this.#leftWorkers = [...stay];
        this.#noteWorkers();
      },
      onSwept: (worker, ended) => {
        const more = ended > 1 ? `, with ${String(ended - 1)} that it had started` : '';
        say('swept', worker, `${name(worker)} did not leave by itself and was ended${more}.`);
      },
      onLeft: worker => {
        say('swept', worker, `${name(worker)} did not leave by itself and could not be ended.`);
      },
    });
  }

  #noteWorkers(): void {
    this.#note?.change({ workers: [...this.#leftWorkers, ...this.#ownWorkers] });
  }

  #remember(kind: HistoryKind, worker: number | null, message: string): void {
    this.#history.add({ kind, worker, tar: null, message });
  }

  #streamedState(): StreamedState {
    const run = this.#run?.board.snapshot() ?? { run: null, options: null, tars: [], workers: [] };
    return { ...run, history: [...this.#history.entries] };
  }

  async #answer(request: EngineRequest, others: number): Promise<string | null> {
    switch (request.type) {
      case 'client:when-left':
        this.#whenLeft = request.whenLeft;
        return null;
      case 'ingest:start':
        await this.#begin(request.options, request.secrets);
        return null;
      case 'ingest:stop':
        this.#runUnderWay();
        this.#stopRun();
        return null;
      case 'worker:restart':
        return this.#runUnderWay().restartWorker(request.worker);
      case 'worker:pause':
        return this.#runUnderWay().pauseWorker(request.worker);
      case 'worker:resume':
        return this.#runUnderWay().resumeWorker(request.worker);
      case 'tars:reassign':
        return this.#runUnderWay().reassign(request.worker, request.to);
      case 'engine:end':
        return this.#askedToEnd(request.drain, others);
      default:
        request satisfies never;
        return null;
    }
  }

  /** @throws TarshelfError `NOTHING_RUNNING` */
  #runUnderWay(): Run {
    if (this.#run?.run && !hasEnded(this.#run.board.run.phase)) return this.#run.run;
    throw new TarshelfError('NOTHING_RUNNING', sentence('nothingRunning', this.#state.path));
  }

  #askedToEnd(drain: boolean, others: number): string | null {
    const isRunning = this.#run !== null && !hasEnded(this.#run.board.run.phase);
    if (this.#isEnding) return 'The engine is ending already.';
    if (!drain && isRunning) throw staysBusy('an ingest is under way');
    if (!drain && others > 0) throw staysBusy('others are attached to it');
    this.drain('a client asked for it');
    return isRunning ? 'The books in hand are finished, then the engine ends.' : null;
  }

  /**
   * Resolves when a run is under way.
   *
   * @throws TarshelfError `STATE_IN_USE` where one is already, `USAGE`, or the code of the run's refusal.
   */
  async #begin(options: IngestOptions, secrets: Secrets): Promise<void> {
    await this.#checkStateFolder(options.stateFolder);
    // Whoever has heard of the end may begin the next one at once; only a moment of the last one is left then.
    while (this.#run && hasEnded(this.#run.board.run.phase) && !this.#isEnding) {
      const last = this.#run;
      await last.over;
      if (this.#run === last) break;
    }
    if (this.#isEnding) {
      throw new TarshelfError('STATE_IN_USE', sentence('stateOfEndingEngine', this.#state.path));
    }
    if (this.#run && !hasEnded(this.#run.board.run.phase)) {
      throw stateInUse(this.#state.path);
    }
    const held = this.#hold(options, secrets);
    this.#run = held;
    held.over = this.#carryOut(held);
    this.#reconsider();
    await held.begun.promise;
  }

  /** The lock is that of this folder: a run in another would have none. */
  async #checkStateFolder(asked: string): Promise<void> {
    if (asked === this.#state.path) return;
    const [path, own] = await Promise.all([realpath(asked).catch(() => asked), realpath(this.#state.path)]);
    if (path === own) return;
    throw new TarshelfError(
      'USAGE',
      `This engine is that of the state folder ${this.#state.path}, and not of ${asked}. Attach to the engine of that one.`,
    );
  }

  #hold(options: IngestOptions, secrets: Secrets): HeldRun {
    const board = new StateBoard(options, event => {
      this.#tell(held, event);
    });
    const run = this.#makeRun(options, secrets, board, {
      state: this.#state,
      history: this.#history,
      onWorkersChanged: workers => {
        this.#ownWorkers = workers;
        this.#noteWorkers();
      },
    });
    const held: HeldRun = {
      run,
      board,
      status: new StatusWriter(this.#state.path, this.#clock, () => ({
        sequence: this.#stream.sequence,
        ...board.snapshot(),
        history: [...this.#history.entries],
      })),
      throughput: new ThroughputLog(board, this.#clock, event => {
        if (this.#run === held) this.#stream.post(event);
      }),
      isAskedToStop: new AbortController(),
      isTold: false,
      begun: Promise.withResolvers(),
      over: Promise.resolve(),
    };
    // Nobody may wait for it any more when it is refused.
    held.begun.promise.catch(() => undefined);
    return held;
  }

  async #carryOut(held: HeldRun): Promise<void> {
    await this.#outwaitSweep(held);
    await held.run?.run();
    await held.status.end();
    held.run = null;
    const { failure, phase } = held.board.run;
    if (phase === 'refused' && failure) held.begun.reject(new TarshelfError(failure.code, failure.message));
    else held.begun.resolve(null);
    this.#reconsider();
    // Not before the callers of this have let go of the run, too.
    if (this.#isEnding) return;
    this.#cancelTidying();
    this.#cancelTidying = this.#clock.after(tidyAfterMs, () => {
      if (this.#run === held) void collectGarbage();
    });
  }

  /** Until they are gone, what an earlier engine's workers have recorded is not all that they will. */
  async #outwaitSweep({ board, isAskedToStop: { signal } }: HeldRun): Promise<void> {
    if (this.#leftWorkers.length === 0) return;
    board.tell({
      type: 'notice',
      message:
        'Workers of an earlier run are still there; this run begins when they have left, or were ended.',
    });
    const stopped = new Promise<void>(resolve => {
      if (signal.aborted) resolve();
      else
        signal.addEventListener(
          'abort',
          () => {
            resolve();
          },
          { once: true },
        );
    });
    await Promise.race([this.#swept, stopped]);
  }

  #stopRun(): void {
    this.#run?.isAskedToStop.abort();
    this.#run?.run?.stop();
  }

  #tell(held: HeldRun, event: ToldEvent): void {
    // What changed last in a run may be told a moment after its end, when the next one has taken its place.
    if (this.#run !== held) return;
    this.#stream.post(event);
    held.status.follow(event);
    if (event.type === 'run:changed') held.throughput.follow(event.run.phase);
    if (held.isTold || event.type !== 'run:changed' || !goesOn(event.run.phase)) return;
    held.isTold = true;
    // What clients know of the last run's tars and workers is to go.
    this.#stream.tellSnapshot();
    held.begun.resolve(null);
  }

  /** Decides anew whether and when to end, after anything that it depends on has changed. */
  #reconsider(): void {
    this.#cancelLeaving();
    if (this.#isEnding || this.#server.clients > 0) return;
    const isRunning = this.#run !== null && !hasEnded(this.#run.board.run.phase);
    const stops = this.#whenLeft === 'stop';
    if (isRunning && !stops) return;
    const aloneForMs = this.#clock.now() - this.#aloneSince;
    const waitMs = Math.max(0, (stops ? graceMs : idleMs) - aloneForMs);
    this.#cancelLeaving = this.#clock.after(waitMs, () => {
      if (!isRunning) {
        this.drain('there was nothing to do, and nobody attached');
        return;
      }
      this.#log.info('the ingest is stopped: its last client has left');
      // With its end this is decided anew: whoever has come by then may go on with the engine.
      this.#stopRun();
    });
  }

  #lookLater(): void {
    this.#cancelLook = this.#clock.after(lookEveryMs, () => {
      void this.#keepFindable().then(() => {
        if (!this.#isEnding) this.#lookLater();
      });
    });
  }

  async #keepFindable(): Promise<void> {
    try {
      const address = await this.#server.listenAnewIfGone();
      if (address !== null) {
        this.#log.warn('the socket had been removed; another one was made');
        this.#note?.change({ address });
      }
    } catch (thrown) {
      this.#log.error(oneLine(thrown));
    }
    if (!this.#isEnding) await this.#note?.keep();
  }

  async #end(why: string): Promise<void> {
    await this.#run?.over;
    this.#sweep.abort();
    await this.#swept;
    this.#server.stopListening();
    this.#remember('engine', null, `The engine ended: ${why}.`);
    await this.#history.settled();
    await this.#note?.remove();
    this.#monitor.close();
    this.#log.close();
    // After the note: the next engine's must not be taken for ours. Before clients are let go: the end of the
    // connection tells them that the folder is free.
    this.#state.release();
    await this.#server.hangUp();
    this.#ended.resolve(undefined);
  }
}

function staysBusy(why: string): TarshelfError {
  return new TarshelfError('ENGINE_BUSY', `The engine stays: ${why}.`);
}

function goesOn(phase: RunPhase): boolean {
  return phase === 'running' || phase === 'stopping';
}

/** Whether a run in this phase has come to its end. */
function hasEnded(phase: RunPhase): boolean {
  return phase === 'stopped' || phase === 'finished' || phase === 'refused';
}
