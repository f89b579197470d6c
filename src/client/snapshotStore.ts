import type { EngineEvent } from '../protocol/clientMessages.ts';
import { keptHistoryEntries, type HistoryEntry } from '../protocol/history.ts';
import type { IngestOptions } from '../protocol/ingestOptions.ts';
import type { RunState, Snapshot, TarState, WorkerState } from '../protocol/snapshot.ts';
import { Emitter, type Subscription } from './emitter.ts';
import { isUnderWay } from './isUnderWay.ts';

/** What changed with an event: enough for a view to redraw no more than it must. */
export type StoreChange =
  | { kind: 'all' }
  | { kind: 'run' }
  | { kind: 'tar'; name: string }
  | { kind: 'worker'; number: number }
  | { kind: 'history' };

/** What a view may see of the store. */
export interface SnapshotReader {
  /** Null while no engine has been attached, before its first run, and while a new one is about to begin. */
  readonly run: RunState | null;
  /** What that run was asked to do; null where it is not known. */
  readonly options: IngestOptions | null;
  /** In the order of their names. */
  readonly tars: readonly TarState[];
  /** In the order of their numbers. */
  readonly workers: readonly WorkerState[];
  /** The last things that supervision did, oldest first. */
  readonly history: readonly HistoryEntry[];
  tar(name: string): TarState | undefined;
  worker(number: number): WorkerState | undefined;
  onChange(listener: (change: StoreChange) => void): Subscription;
}

/**
 * The last known state of an engine: a reducer of its events. An event out of sequence is still applied, for
 * it carries the whole state of its thing, and reported by `apply`, so that the caller asks for a snapshot.
 *
 * An engine has one run after another. While a new one is expected, the one before is not shown: whoever waits
 * for the end of the new one would take the old one's for it.
 */
export class SnapshotStore implements SnapshotReader {
  #sequence = 0;
  #run: RunState | null = null;
  #options: IngestOptions | null = null;
  #tars = new Map<string, TarState>();
  #workers = new Map<number, WorkerState>();
  #history: HistoryEntry[] = [];
  #expectsNewRun = false;
  readonly #changes = new Emitter<StoreChange>();

  get run(): RunState | null {
    return this.#run;
  }

  get options(): IngestOptions | null {
    return this.#options;
  }

  get tars(): readonly TarState[] {
    return [...this.#tars.values()];
  }

  get workers(): readonly WorkerState[] {
    return [...this.#workers.values()].sort((a, b) => a.number - b.number);
  }

  get history(): readonly HistoryEntry[] {
    return this.#history;
  }

  tar(name: string): TarState | undefined {
    return this.#tars.get(name);
  }

  worker(number: number): WorkerState | undefined {
    return this.#workers.get(number);
  }

  onChange(listener: (change: StoreChange) => void): Subscription {
    return this.#changes.on(listener);
  }

  /** What is known stays until another engine says otherwise; its events are numbered anew. */
  expectNewEngine(): void {
    this.#sequence = 0;
  }

  /** Forgets the run that has ended; until a snapshot has one under way, or `takeAnyRun`, no run is shown. */
  expectNewRun(): void {
    this.#expectsNewRun = true;
    this.#run = null;
    this.#options = null;
    this.#tars = new Map();
    this.#workers = new Map();
    this.#changes.emit({ kind: 'all' });
  }

  /** From here on every run is the expected one, also one that has ended already. */
  takeAnyRun(): void {
    this.#expectsNewRun = false;
  }

  /** Takes what an engine left that is gone. */
  recall(snapshot: Snapshot): void {
    this.expectNewEngine();
    this.#replace(snapshot);
    this.#changes.emit({ kind: 'all' });
  }

  /** Applies an event. Returns false when only a snapshot can tell the rest: events were missed, or a run has begun. */
  apply(event: EngineEvent): boolean {
    if (event.type === 'snapshot') {
      this.#replace(event.snapshot);
      this.#sequence = event.sequence;
      this.#changes.emit({ kind: 'all' });
      return true;
    }
    // A snapshot said it, or what came of it, before.
    if (event.sequence <= this.#sequence) return true;
    const inOrder = event.sequence === this.#sequence + 1;
    this.#sequence = event.sequence;
    // Tars and workers of the run before are none of this one, and no event takes them away.
    const isNewRun = event.type === 'run:changed' && isUnderWay(event.run) && !isUnderWay(this.#run);
    this.#reduce(event);
    return inOrder && !isNewRun;
  }

  #reduce(event: Exclude<EngineEvent, { type: 'snapshot' }>): void {
    switch (event.type) {
      case 'run:changed':
        if (this.#expectsNewRun) break;
        this.#run = event.run;
        this.#changes.emit({ kind: 'run' });
        break;
      case 'tar:changed': {
        if (this.#expectsNewRun) break;
        const isNew = !this.#tars.has(event.tar.name);
        this.#tars.set(event.tar.name, event.tar);
        this.#changes.emit(isNew ? { kind: 'all' } : { kind: 'tar', name: event.tar.name });
        break;
      }
      case 'worker:changed': {
        if (this.#expectsNewRun) break;
        const isNew = !this.#workers.has(event.worker.number);
        this.#workers.set(event.worker.number, event.worker);
        this.#changes.emit(isNew ? { kind: 'all' } : { kind: 'worker', number: event.worker.number });
        break;
      }
      case 'history:added':
        this.#history = [...this.#history, event.entry].slice(-keptHistoryEntries);
        this.#changes.emit({ kind: 'history' });
        break;
      case 'book:failed':
      case 'notice':
      case 'throughput:added':
        // Of no concern to a view of the state; whoever draws a series asks for it.
        break;
      default:
        event satisfies never;
    }
  }

  #replace(snapshot: Snapshot): void {
    this.#history = snapshot.history.slice(-keptHistoryEntries);
    if (this.#expectsNewRun && !isUnderWay(snapshot.run)) return;
    this.#expectsNewRun = false;
    this.#run = snapshot.run;
    this.#options = snapshot.options;
    this.#tars = new Map(snapshot.tars.map(tar => [tar.name, tar]));
    this.#workers = new Map(snapshot.workers.map(worker => [worker.number, worker]));
  }
}
