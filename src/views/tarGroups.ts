import { t } from '../localize.ts';
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
 * changes between two looks at the view, and only where a tar has gone from one group to another.
 */
export class TarGroups {
  readonly #tars: () => readonly TarState[];
  readonly #isAlive: () => boolean;
  #names: Record<TarGroup, string[]> | null = null;
  readonly #groups = new Map<string, TarGroup>();

  constructor(tars: () => readonly TarState[], isAlive: () => boolean) {
    this.#tars = tars;
    this.#isAlive = isAlive;
  }

  /** The names of the tars in a group. */
  of(group: TarGroup): readonly string[] {
    return this.#sorted()[group];
  }

  /** The group that a tar stood in when they were last sorted. */
  groupOf(name: string): TarGroup | undefined {
    this.#sorted();
    return this.#groups.get(name);
  }

  /** Everything may be different now. */
  forget(): void {
    this.#names = null;
  }

  /** Takes the new state of a tar; returns whether it has gone to another group. */
  hasMoved(tar: TarState): boolean {
    if (this.#names && this.#groups.get(tar.name) === groupOf(tar, this.#isAlive())) return false;
    this.forget();
    return true;
  }

  #sorted(): Record<TarGroup, string[]> {
    if (this.#names) return this.#names;
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
