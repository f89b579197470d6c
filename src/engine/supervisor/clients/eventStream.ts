import type { EngineEvent, UnnumberedEvent } from '../../../protocol/clientMessages.ts';
import type { Snapshot } from '../../../protocol/snapshot.ts';

/** What is told as it happens. Snapshots are not: the stream makes them, with the number that fits. */
export type ToldEvent = Exclude<UnnumberedEvent, { type: 'snapshot' }>;

/** The state that events change, but for the number of the last one. */
export type StreamedState = Omit<Snapshot, 'sequence'>;

/**
 * All that an engine tells, in one order for everybody: it numbers the events over the engine's whole life, whatever
 * runs and clients come and go meanwhile.
 */
export class EventStream {
  readonly #state: () => StreamedState;
  readonly #listeners = new Set<(event: EngineEvent) => void>();
  #sequence = 0;

  /** @param state as it is at the moment of the call, with all that was posted. */
  constructor(state: () => StreamedState) {
    this.#state = state;
  }

  /** Of the last event. */
  get sequence(): number {
    return this.#sequence;
  }

  /** @returns a function that ends the listening. */
  listen(listener: (event: EngineEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  post(event: ToldEvent): void {
    this.#tell({ ...event, sequence: ++this.#sequence });
  }

  /** The whole state, for one who comes late or has missed something. It takes no number of its own. */
  snapshot(): Extract<EngineEvent, { type: 'snapshot' }> {
    const sequence = this.#sequence;
    return { type: 'snapshot', sequence, snapshot: { sequence, ...this.#state() } };
  }

  /** For when so much has become another that what everybody knows is to be replaced. */
  tellSnapshot(): void {
    this.#tell(this.snapshot());
  }

  #tell(event: EngineEvent): void {
    for (const listener of this.#listeners) listener(event);
  }
}
