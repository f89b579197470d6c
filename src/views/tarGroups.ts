import { t } from '../text/localize.ts';
import type { TarState } from '../protocol/snapshot.ts';
import { tarLook } from './tarText.ts';

/** The groups of the "Tars" view, in their order: behind those that wait, which are many, no failure would be seen. */
export const tarGroups = ['running', 'failed', 'waiting', 'completed'] as const;
export type TarGroup = (typeof tarGroups)[number];

/** @param alive whether the engine that said so is still there; without it nothing runs. */
export function groupOf(tar: TarState, alive: boolean): TarGroup {
  const look = tarLook(tar, alive);
  switch (look) {
    case 'running':
      return 'running';
    case 'waiting':
    case 'begun':
    case 'interrupted':
      return 'waiting';
    case 'failed':
    case 'completedWithErrors':
      return 'failed';
    case 'completed':
      return 'completed';
    default:
      return look satisfies never;
  }
}

export function groupLabel(group: TarGroup): string {
  switch (group) {
    case 'running':
      return t('Running');
    case 'failed':
      return t('Failed');
    case 'waiting':
      return t('Waiting');
    case 'completed':
      return t('Completed');
    default:
      return group satisfies never;
  }
}

/**
 * Which tar stands in which group, in the order of the store. Sorting thousands of tars is done once for all the
 * changes between two redraws of the view, and only where a tar has gone from one group to another.
 *
 * In between the groups stay as they are: VS Code asks for the groups first and for what is in them later, and a tar
 * that went from one to another in the meantime would be in both, or in none.
 */
export class TarGroups {
  readonly #tars: () => readonly TarState[];
  readonly #isAlive: () => boolean;
  #names: Record<TarGroup, string[]> | null = null;
  #isStale = false;
  readonly #groups = new Map<string, TarGroup>();

  constructor(tars: () => readonly TarState[], isAlive: () => boolean) {
    this.#tars = tars;
    this.#isAlive = isAlive;
  }

  /** The groups that have a tar, as they are now; `of` and `groupOf` go by that from here on. */
  filled(): TarGroup[] {
    if (this.#isStale) this.#names = null;
    const names = this.#sorted();
    return tarGroups.filter(group => names[group].length > 0);
  }

  /** The names of the tars in a group. */
  of(group: TarGroup): readonly string[] {
    return this.#sorted()[group];
  }

  /** The group that a tar stands in. */
  groupOf(name: string): TarGroup | undefined {
    // One that was not there at the last redraw stands where it would be drawn.
    if (this.#isStale && !this.#groups.has(name)) this.#names = null;
    this.#sorted();
    return this.#groups.get(name);
  }

  /** Everything may be different now. */
  forget(): void {
    this.#isStale = true;
  }

  /** Takes the new state of a tar; returns whether it is to go to another group. */
  hasMoved(tar: TarState): boolean {
    if (this.#names && this.#groups.get(tar.name) === groupOf(tar, this.#isAlive())) return false;
    this.forget();
    return true;
  }

  #sorted(): Record<TarGroup, string[]> {
    if (this.#names) return this.#names;
    this.#isStale = false;
    const names: Record<TarGroup, string[]> = { running: [], failed: [], waiting: [], completed: [] };
    const alive = this.#isAlive();
    this.#groups.clear();
    for (const tar of this.#tars()) {
      const group = groupOf(tar, alive);
      names[group].push(tar.name);
      this.#groups.set(tar.name, group);
    }
    this.#names = names;
    return names;
  }
}
