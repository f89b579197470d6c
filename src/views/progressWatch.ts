import { oneLine } from '../protocol/errors.ts';
import type { ProgressSummary } from '../protocol/progressSummary.ts';
import { systemTimers, type Timers } from './refreshBatch.ts';

/** What stands in the progress files, or why that is not known. */
export type ProgressAnswer =
  | { readonly kind: 'files'; readonly files: readonly ProgressSummary[] }
  | { readonly kind: 'failed'; readonly message: string };

/** Between an answer and the next question while a run goes on: each is a process, and may read gigabytes. */
const askEveryMs = 30_000;

/**
 * Keeps up what is known of the progress files while somebody looks at them, and asks nobody while nobody does.
 *
 *   hidden ──shown──▶ asking ──▶ waiting ──30 s of a run, its phase changed, asked for──▶ asking
 */
export class ProgressWatch {
  readonly #ask: (signal: AbortSignal) => Promise<readonly ProgressSummary[]>;
  readonly #onAnswer: (answer: ProgressAnswer) => void;
  readonly #timers: Timers;
  #isVisible = false;
  #isRunning = false;
  /** Something has happened since the last question was asked. */
  #isDue = true;
  #asking: AbortController | null = null;
  #cancelWait: (() => void) | undefined;

  constructor(
    ask: (signal: AbortSignal) => Promise<readonly ProgressSummary[]>,
    onAnswer: (answer: ProgressAnswer) => void,
    timers: Timers = systemTimers,
  ) {
    this.#ask = ask;
    this.#onAnswer = onAnswer;
    this.#timers = timers;
  }

  setVisible(isVisible: boolean): void {
    this.#isVisible = isVisible;
    if (isVisible) this.#next();
    else this.#stopWaiting();
  }

  setRunning(isRunning: boolean): void {
    this.#isRunning = isRunning;
    this.#next();
  }

  /** Asks as soon as somebody looks, now if somebody does. */
  refresh(): void {
    this.#isDue = true;
    this.#next();
  }

  dispose(): void {
    this.#isVisible = false;
    this.#stopWaiting();
    this.#asking?.abort();
  }

  #next(): void {
    if (!this.#isVisible || this.#asking) return;
    if (this.#isDue) {
      this.#stopWaiting();
      void this.#look();
    } else if (this.#isRunning && !this.#cancelWait) {
      this.#cancelWait = this.#timers.after(askEveryMs, () => {
        this.#cancelWait = undefined;
        // A run that has ended meanwhile has said so, and was asked about.
        if (this.#isRunning) this.refresh();
      });
    }
  }

  async #look(): Promise<void> {
    const asking = new AbortController();
    this.#asking = asking;
    this.#isDue = false;
    try {
      const files = await this.#ask(asking.signal);
      this.#onAnswer({ kind: 'files', files });
    } catch (thrown) {
      if (!asking.signal.aborted) this.#onAnswer({ kind: 'failed', message: oneLine(thrown) });
    }
    this.#asking = null;
    this.#next();
  }

  #stopWaiting(): void {
    this.#cancelWait?.();
    this.#cancelWait = undefined;
  }
}
