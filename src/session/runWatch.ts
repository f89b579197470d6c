import type { Subscription } from '../client/emitter.ts';

/** A view, as far as it matters whether somebody sees it. */
export interface SeenView {
  readonly visible: boolean;
  onDidChangeVisibility(listener: () => void): Subscription;
}

const lookEveryMs = 3000;

/**
 * Looks for a run that another client began: nobody tells a window that is attached to no engine. Only while somebody looks at a
 * view, and when the window is come back to.
 *
 *   hidden ──a view is seen──▶ looking ──▶ waiting ──3 s──▶ looking
 *      ▲                                     │
 *      └───────────── none is ───────────────┘
 */
export class RunWatch {
  readonly #look: () => Promise<void>;
  readonly #views: readonly SeenView[];
  readonly #everyMs: number;
  readonly #listening: readonly Subscription[];
  #isLooking = false;
  #isDisposed = false;
  #waiting: NodeJS.Timeout | undefined;

  constructor(look: () => Promise<void>, views: readonly SeenView[], everyMs = lookEveryMs) {
    this.#look = look;
    this.#views = views;
    this.#everyMs = everyMs;
    this.#listening = views.map(view =>
      view.onDidChangeVisibility(() => {
        if (view.visible) this.lookNow();
        else if (!this.#isSeen) this.#stopWaiting();
      }),
    );
    // Whoever makes this has just looked.
    this.#wait();
  }

  /** Also where no view is seen: the status bar always is. */
  lookNow(): void {
    if (this.#isLooking) return;
    this.#isLooking = true;
    this.#stopWaiting();
    void this.#look().finally(() => {
      this.#isLooking = false;
      this.#wait();
    });
  }

  dispose(): void {
    this.#isDisposed = true;
    this.#stopWaiting();
    for (const listening of this.#listening) listening.dispose();
  }

  get #isSeen(): boolean {
    return this.#views.some(view => view.visible);
  }

  #wait(): void {
    if (this.#isDisposed || !this.#isSeen) return;
    this.#waiting = setTimeout(() => {
      this.lookNow();
    }, this.#everyMs);
  }

  #stopWaiting(): void {
    clearTimeout(this.#waiting);
  }
}
