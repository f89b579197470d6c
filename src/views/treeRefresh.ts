import { RefreshBatch, systemTimers, type Timers } from './refreshBatch.ts';

/** What is seen of a row. */
export interface RowLook {
  /** The row's kind and state, such as `tar;running`; its icon and its menus go by it. */
  readonly contextValue: string;
  readonly description: string;
  readonly hasChildren: boolean;
}

// Together fewer than four redraws in a second.
const stateIntervalMs = 300;
const progressIntervalMs = 2000;
const hoverMs = 10_000;

/**
 * Decides when which rows of a tree are redrawn: soon when their state changes, seldom when only their numbers
 * do, and not at all when they would look the same. The reason is the hover: VS Code closes it, or never opens
 * it, when its row is redrawn.
 */
export class TreeRefresh<T> {
  readonly #lookOf: (element: T) => RowLook | undefined;
  readonly #timers: Timers;
  readonly #states: RefreshBatch<T>;
  readonly #progress: RefreshBatch<T>;
  /** What VS Code drew last. */
  readonly #drawn = new Map<T, RowLook>();
  /** Until when a row is left alone because its hover, or that of a row below it, was asked for. */
  readonly #hoveredUntil = new Map<T, number>();

  /**
   * @param fire redraws these elements, or all of them
   * @param lookOf how an element would look now; undefined when it is gone
   */
  constructor(
    fire: (changed: T[] | undefined) => void,
    lookOf: (element: T) => RowLook | undefined,
    timers: Timers = systemTimers,
  ) {
    this.#lookOf = lookOf;
    this.#timers = timers;
    this.#states = new RefreshBatch(
      changed => {
        // What is not drawn again then is below a row that is closed, or gone.
        if (changed === 'all') {
          this.#drawn.clear();
          this.#hoveredUntil.clear();
        }
        fire(changed === 'all' ? undefined : [...changed]);
      },
      stateIntervalMs,
      timers,
    );
    this.#progress = new RefreshBatch(
      changed => {
        if (changed === 'all') return;
        const free: T[] = [];
        for (const element of changed) {
          // Perhaps nothing of it changes any more that would bring it up to date.
          if (this.#isHovered(element)) this.#progress.add(element);
          else free.push(element);
        }
        if (free.length > 0) fire(free);
      },
      progressIntervalMs,
      timers,
    );
  }

  setVisible(visible: boolean): void {
    this.#states.setVisible(visible);
    this.#progress.setVisible(visible);
  }

  changedAll(): void {
    this.#states.addAll();
  }

  changed(element: T): void {
    const drawn = this.#drawn.get(element);
    // What was never drawn is below a row that is closed.
    if (!drawn) return;
    const look = this.#lookOf(element);
    if (!look) this.#states.addAll();
    else if (look.contextValue !== drawn.contextValue || look.hasChildren !== drawn.hasChildren) {
      this.#states.add(element);
    } else if (look.description !== drawn.description) this.#progress.add(element);
  }

  drawn(element: T, look: RowLook): void {
    this.#drawn.set(element, look);
    this.#hoveredUntil.delete(element);
  }

  /**
   * The hover of a row was asked for. Its numbers are kept by VS Code until the row is drawn again.
   *
   * @param above the row that it stands below: VS Code draws with a row all that is below it
   */
  hovered(element: T, above?: T): void {
    const until = this.#timers.now() + hoverMs;
    this.#hoveredUntil.set(element, until);
    if (above !== undefined) this.#hoveredUntil.set(above, until);
    const drawn = this.#drawn.get(element);
    if (drawn) this.#drawn.set(element, { ...drawn, description: '' });
  }

  dispose(): void {
    this.#states.dispose();
    this.#progress.dispose();
  }

  #isHovered(element: T): boolean {
    return this.#timers.now() < (this.#hoveredUntil.get(element) ?? 0);
  }
}
