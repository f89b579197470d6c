import type { Lease } from '../../protocol/workerMessages.ts';

/** After so many deaths in one tar it goes behind all others, to whoever is free: was it the tar, or the worker? */
const deathsToPutBack = 2;
/** After so many it was the tar. */
const deathsToGiveUp = 4;

/**
 * Who has which tar, and who may speak of it. A seam: today one engine deals all tars at the start and moves them
 * between its workers; later machines may draw from a queue behind the same words.
 *
 * A tar is in one hand, or among the orphans of workers that are given up, until it has ended:
 *
 *   in a hand ──lease──▶ leased ──end, 4th death──▶ ended
 *     ▲  ▲                 │
 *     │  └──── death ──────┤
 *     └─ lease ◀─ orphaned ┘  (its worker is given up, or its 2nd death)
 */
export class TarHands {
  readonly #hands = new Map<number, string[]>();
  readonly #orphans: string[] = [];
  readonly #leases = new Map<number, Lease>();
  readonly #epochs = new Map<string, number>();
  readonly #deaths = new Map<string, number>();

  /** @param tarsOf what each worker is dealt; worker 1 has index 0. */
  constructor(tarsOf: readonly (readonly string[])[]) {
    tarsOf.forEach((tars, index) => this.#hands.set(index + 1, [...tars]));
  }

  /** The tars of a worker that have not ended, the leased one first. */
  handOf(worker: number): readonly string[] {
    return this.#hands.get(worker) ?? [];
  }

  get orphans(): readonly string[] {
    return this.#orphans;
  }

  /** The worker's next tar: the one that its death interrupted, else of its own hand, else an orphan. Null: none. */
  lease(worker: number): Lease | null {
    const hand = this.#hands.get(worker);
    if (!hand) return null;
    if (hand.length === 0) {
      const orphan = this.#orphans.shift();
      if (orphan === undefined) return null;
      hand.push(orphan);
    }
    const [tar] = hand;
    if (tar === undefined) return null;
    const epoch = (this.#epochs.get(tar) ?? 0) + 1;
    this.#epochs.set(tar, epoch);
    const lease = { tar, epoch };
    this.#leases.set(worker, lease);
    return lease;
  }

  /** Whether a worker may speak of a tar under an epoch. */
  holds(worker: number, { tar, epoch }: Lease): boolean {
    const lease = this.#leases.get(worker);
    return lease?.tar === tar && lease.epoch === epoch;
  }

  /** The leased tar has ended and is nobody's any more. */
  end(worker: number): void {
    this.#dropFirst(worker);
  }

  /**
   * The worker's process has died, or was stopped. Its lease is void.
   *
   * @returns the tar that has now ended too many processes and is given up, or null.
   */
  died(worker: number): string | null {
    const lease = this.#leases.get(worker);
    this.#leases.delete(worker);
    if (!lease) return null;
    const deaths = (this.#deaths.get(lease.tar) ?? 0) + 1;
    this.#deaths.set(lease.tar, deaths);
    if (deaths === deathsToPutBack) {
      this.#dropFirst(worker);
      this.#orphans.push(lease.tar);
    }
    if (deaths < deathsToGiveUp) return null;
    this.#dropFirst(worker);
    return lease.tar;
  }

  /** The worker is started no more: its tars, started or not, are there for the others. */
  giveUp(worker: number): readonly string[] {
    this.#leases.delete(worker);
    const hand = this.#hands.get(worker) ?? [];
    this.#hands.delete(worker);
    this.#orphans.push(...hand);
    return hand;
  }

  /** Nobody is left to take the orphans: they end with this. */
  takeOrphans(): readonly string[] {
    return this.#orphans.splice(0);
  }

  #dropFirst(worker: number): void {
    this.#leases.delete(worker);
    this.#hands.get(worker)?.shift();
  }
}
