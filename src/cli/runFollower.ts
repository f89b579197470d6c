import type { SnapshotReader } from '../client/snapshotStore.ts';
import type { EngineEvent } from '../protocol/clientMessages.ts';
import type { Failure } from '../protocol/errors.ts';
import type { RunState, TarState } from '../protocol/snapshot.ts';
import { hasEnded } from '../protocol/totals.ts';

/** What is worth a line of its own. */
export type Happening =
  | { readonly kind: 'started'; readonly run: RunState; readonly tars: readonly TarState[] }
  | { readonly kind: 'tarEnded'; readonly tar: TarState }
  | { readonly kind: 'bookFailed'; readonly tar: string; readonly member: string; readonly failure: Failure }
  | { readonly kind: 'notice'; readonly message: string };

/** A book that failed, or a tar (`member` null). */
export interface FailureNote {
  readonly tar: string;
  readonly member: string | null;
  readonly failure: Failure;
}

/** So many failed books are kept for the summary; a run may have any number of them. */
const keptBookFailures = 10;

/**
 * Makes happenings out of an engine's events. Events carry states, may repeat, and may be made up for by a
 * snapshot; a tar's end is told once all the same.
 */
export class RunFollower {
  readonly #store: SnapshotReader;
  readonly #endedTars = new Set<string>();
  readonly #bookFailures: FailureNote[] = [];
  readonly #comesLate: boolean;
  #hasStarted = false;

  /** @param comesLate what had ended before the first event is not told one by one: it is old by then */
  constructor(store: SnapshotReader, { comesLate = false } = {}) {
    this.#store = store;
    this.#comesLate = comesLate;
  }

  /** What is worth telling of a run that is under way already. */
  begin(): Happening[] {
    return this.#compareAll();
  }

  /** To be called with each event after the store has taken it in. */
  follow(event: EngineEvent): Happening[] {
    switch (event.type) {
      case 'snapshot':
      case 'run:changed':
        return this.#compareAll();
      case 'tar:changed':
        return this.#hasStarted ? this.#compareTar(event.tar) : [];
      case 'book:failed':
        this.#keep({ tar: event.tar, member: event.member, failure: event.failure });
        return [{ kind: 'bookFailed', tar: event.tar, member: event.member, failure: event.failure }];
      case 'notice':
        return [{ kind: 'notice', message: event.message }];
      case 'worker:changed':
      case 'history:added':
      case 'throughput:added':
        return [];
      default:
        return event satisfies never;
    }
  }

  /** The first failures in the run, those of whole tars before those of books, and the number of all. */
  failures(limit: number): { readonly first: FailureNote[]; readonly count: number } {
    const ofTars = this.#store.tars.flatMap(tar =>
      tar.inRun && tar.phase === 'failed' && tar.failure
        ? [{ tar: tar.name, member: null, failure: tar.failure }]
        : [],
    );
    return {
      first: [...ofTars, ...this.#bookFailures].slice(0, limit),
      // Not the number of events: a worker that died and was started again fails at the same book again.
      count: ofTars.length + (this.#store.run?.counts.failed ?? 0),
    };
  }

  #keep(note: FailureNote): void {
    const isKept = this.#bookFailures.some(kept => kept.tar === note.tar && kept.member === note.member);
    if (!isKept && this.#bookFailures.length < keptBookFailures) this.#bookFailures.push(note);
  }

  #compareAll(): Happening[] {
    const run = this.#store.run;
    if (!run || run.phase === 'starting' || run.phase === 'refused') return [];
    const happenings: Happening[] = [];
    if (!this.#hasStarted) {
      this.#hasStarted = true;
      happenings.push({ kind: 'started', run, tars: this.#store.tars });
      if (this.#comesLate) {
        for (const tar of this.#store.tars) if (hasEnded(tar)) this.#endedTars.add(tar.name);
      }
    }
    for (const tar of this.#store.tars) happenings.push(...this.#compareTar(tar));
    return happenings;
  }

  #compareTar(tar: TarState): Happening[] {
    if (!hasEnded(tar)) {
      this.#endedTars.delete(tar.name);
      return [];
    }
    if (tar.earlier || !tar.inRun || this.#endedTars.has(tar.name)) return [];
    this.#endedTars.add(tar.name);
    return [{ kind: 'tarEnded', tar }];
  }
}
