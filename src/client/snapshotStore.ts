import type { EngineEvent } from '../protocol/clientMessages.ts';
import type { RunState, Snapshot, TarState, WorkerState } from '../protocol/snapshot.ts';
import { Emitter, type Subscription } from './emitter.ts';

/** What changed with an event: enough for a view to redraw no more than it must. */
export type StoreChange =
  { kind: 'all' } | { kind: 'run' } | { kind: 'tar'; name: string } | { kind: 'worker'; number: number };

/** What a view may see of the store. */
export interface SnapshotReader {
  /** Null while no engine is attached, or before its first snapshot. */
  readonly run: RunState | null;
  /** In the order of their names. */
  readonly tars: readonly TarState[];
  /** In the order of their numbers. */
  readonly workers: readonly WorkerState[];
  tar(name: string): TarState | undefined;
  worker(number: number): WorkerState | undefined;
  onChange(listener: (change: StoreChange) => void): Subscription;
}

/**
 * The last known state of an engine: a reducer of its events. An event out of sequence is still applied, for
 * it carries the whole state of its thing, and reported by `apply`, so that the caller asks for a snapshot.
 */
export class SnapshotStore implements SnapshotReader {
  #sequence = 0;
  #run: RunState | null = null;
  #tars = new Map<string, TarState>();
  #workers = new Map<number, WorkerState>();
  readonly #changes = new Emitter<StoreChange>();

  get run(): RunState | null {
    return this.#run;
  }

  get tars(): readonly TarState[] {
    return [...this.#tars.values()];
  }

  get workers(): readonly WorkerState[] {
    return [...this.#workers.values()].sort((a, b) => a.number - b.number);
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

  /** Applies an event. Returns false when events before it were missed. */
  apply(event: EngineEvent): boolean {
    if (event.type === 'snapshot') {
      this.#replace(event.snapshot);
      this.#sequence = event.sequence;
      this.#changes.emit({ kind: 'all' });
      return true;
    }
    const inOrder = event.sequence === this.#sequence + 1;
    this.#sequence = Math.max(this.#sequence, event.sequence);
    switch (event.type) {
      case 'run:changed':
        this.#run = event.run;
        this.#changes.emit({ kind: 'run' });
        break;
      case 'tar:changed': {
        const isNew = !this.#tars.has(event.tar.name);
        this.#tars.set(event.tar.name, event.tar);
        this.#changes.emit(isNew ? { kind: 'all' } : { kind: 'tar', name: event.tar.name });
        break;
      }
      case 'worker:changed': {
        const isNew = !this.#workers.has(event.worker.number);
        this.#workers.set(event.worker.number, event.worker);
        this.#changes.emit(isNew ? { kind: 'all' } : { kind: 'worker', number: event.worker.number });
        break;
      }
      case 'book:failed':
      case 'notice':
      case 'history:added':
        break;
      default:
        event satisfies never;
    }
    return inOrder;
  }

  #replace(snapshot: Snapshot): void {
    this.#run = snapshot.run;
    this.#tars = new Map(snapshot.tars.map(tar => [tar.name, tar]));
    this.#workers = new Map(snapshot.workers.map(worker => [worker.number, worker]));
  }
}
