/** The clock that a batch waits by. */
export interface Timers {
  now(): number;
  /** Calls back once after `delayMs`; the result cancels it. */
  after(delayMs: number, callback: () => void): () => void;
}

export const systemTimers: Timers = {
  now: () => performance.now(),
  after: (delayMs, callback) => {
    const timer = setTimeout(callback, delayMs);
    return () => {
      clearTimeout(timer);
    };
  },
};

/**
 * Gathers what changed until it is time to redraw, so that a storm of events costs a view one redraw in an
 * interval, and that of no more than the changed elements. Nothing is redrawn while the view is hidden; all of it is
 * when the view is shown.
 */
export class RefreshBatch<K> {
  readonly #redraw: (changed: ReadonlySet<K> | 'all') => void;
  readonly #intervalMs: number;
  readonly #timers: Timers;
  #changed: Set<K> | 'all' = new Set();
  #visible = false;
  #lastRedraw = Number.NEGATIVE_INFINITY;
  #cancel: (() => void) | undefined;

  constructor(
    redraw: (changed: ReadonlySet<K> | 'all') => void,
    intervalMs: number,
    timers: Timers = systemTimers,
  ) {
    this.#redraw = redraw;
    this.#intervalMs = intervalMs;
    this.#timers = timers;
  }

  add(key: K): void {
    if (!this.#visible) return;
    if (this.#changed !== 'all') this.#changed.add(key);
    this.#schedule();
  }

  addAll(): void {
    if (!this.#visible) return;
    this.#changed = 'all';
    this.#schedule();
  }

  setVisible(visible: boolean): void {
    if (visible === this.#visible) return;
    this.#visible = visible;
    if (visible) this.addAll();
    else this.#forget();
  }

  dispose(): void {
    this.#visible = false;
    this.#forget();
  }

  #schedule(): void {
    if (this.#cancel) return;
    const delayMs = Math.max(0, this.#lastRedraw + this.#intervalMs - this.#timers.now());
    this.#cancel = this.#timers.after(delayMs, () => {
      this.#cancel = undefined;
      this.#lastRedraw = this.#timers.now();
      const changed = this.#changed;
      this.#changed = new Set();
      this.#redraw(changed);
    });
  }

  #forget(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#changed = new Set();
  }
}
