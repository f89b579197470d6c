/** Since the engine was lost. So long the book in hand may take, */
const abandonAfterMs = 8000;
/** so long its end is waited for then, */
const giveUpAfterMs = 9000;
/** and after so long the process is gone, whatever it was about. */
const endAfterMs = 9500;

export interface DepartureSteps {
  /** Cut off the book in hand. */
  readonly abandon: () => void;
  /** Save what has an outcome, and wait for nothing else. */
  readonly giveUp: () => void;
  /** End at once. */
  readonly end: () => void;
}

/**
 * The way out of a worker that has lost its engine: a successor counts on it that it is gone within ten seconds.
 *
 *   finishing the book in hand ──8 s──▶ abandoned ──1 s──▶ given up ──0.5 s──▶ ended
 *
 * Each step is left out where the process has ended by itself before; the timers keep it from nothing.
 */
export function depart(steps: DepartureSteps): void {
  setTimeout(steps.abandon, abandonAfterMs).unref();
  setTimeout(steps.giveUp, giveUpAfterMs).unref();
  setTimeout(steps.end, endAfterMs).unref();
}
