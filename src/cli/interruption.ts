/*
 * How a run is left before its end:
 *
 *   running ──signal, broken output──▶ stopping ──signal──▶ left
 *
 * `stopping` lets the engine finish the book in hand and save; `left` does not wait for it.
 */

export interface InterruptionActions {
  /** The first signal. */
  stop(): void;
  /** The second. */
  leave(): void;
}

/** Where signals arrive: `process`. */
export interface SignalSource {
  on(signal: NodeJS.Signals, listener: () => void): unknown;
  off(signal: NodeJS.Signals, listener: () => void): unknown;
}

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * Signals closer together than this are one. npm passes a Ctrl-C on to a child that has had it from the
 * terminal already; taken for a second one, it would leave at once when nobody asked for that.
 */
const togetherMs = 300;

/** Listens to the signals that ask a program to end. */
export class Interruption {
  readonly #source: SignalSource;
  readonly #actions: InterruptionActions;
  readonly #now: () => number;
  #stoppedAt: number | undefined;

  constructor(
    source: SignalSource,
    actions: InterruptionActions,
    now: () => number = () => performance.now(),
  ) {
    this.#source = source;
    this.#actions = actions;
    this.#now = now;
    for (const signal of signals) source.on(signal, this.#onSignal);
  }

  /** Whether anything asked to end before the end. */
  get hasHappened(): boolean {
    return this.#stoppedAt !== undefined;
  }

  /** Asks to stop as a first signal does. */
  stop(): void {
    if (this.#stoppedAt !== undefined) return;
    this.#stoppedAt = this.#now();
    this.#actions.stop();
  }

  dispose(): void {
    for (const signal of signals) this.#source.off(signal, this.#onSignal);
  }

  readonly #onSignal = (): void => {
    if (this.#stoppedAt === undefined) this.stop();
    else if (this.#now() - this.#stoppedAt >= togetherMs) this.#actions.leave();
  };
}
