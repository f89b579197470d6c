import type { Lease } from '../../../protocol/workerMessages.ts';

/** After so many deaths at one place of a tar it goes behind all others, to whoever is free: was it the tar, or the worker? */
const deathsToPutBack = 2;
/** After so many it was the tar, if they were not all of one worker among several. */
const deathsToGiveUp = 4;
/** Members that were all in hand at so many deaths are all put aside, though only one of them may be to blame. */
const deathsToBlameAll = 3;

/** A death in a tar. */
export interface Death {
  readonly worker: number;
  /** Header offsets of the members that the process had in hand; none where that is not known. */
  readonly inHand: readonly number[];
  /** How far the tar had come. */
  readonly doneBytes: number;
  /** Somebody else killed it, or the system did, for want of memory: it was hardly the member in hand. */
  readonly isFromOutside: boolean;
  /** It was no worker's that holds the tar: what it had in hand is all that it says. */
  readonly wasHelper?: true;
}

/** What a death in a tar came to. */
export interface Blame {
  /** Header offsets of members that are put aside from now on. */
  readonly poison: readonly number[];
  /** The tar has ended too many processes, and nobody gets it any more. */
  readonly isGivenUp: boolean;
}

/**
 * Who has which tar, and who may speak of it. A seam: today one engine deals all tars at the start and moves them
 * between its workers; later machines may draw from a queue behind the same words.
 *
 * A tar is in one hand, or among the orphans, until it has ended:
 *
 *   in a hand ──lease──▶ leased ──end───────────────▶ ended
 *     ▲  ▲ ▲               │                            ▲
 *     │  │ └──── stopped ──┴─▶ blamed ──4th death───────┘
 *     │  └─ steal, give (from another hand)
 *     └─ lease ◀─ orphaned    (its worker is given up, or its 2nd death)
 *
 * Deaths count together where the tar has not come on between them: what ends a process now and then, in a tar of days, is
 * not the tar. Those that a member explains, by having been in hand at two of them, do not count at all: that member is poison, and the
 * tar goes on without it.
 */
export class TarHands {
  readonly #hands = new Map<number, string[]>();
  readonly #orphans: string[] = [];
  readonly #leases = new Map<number, Lease>();
  readonly #epochs = new Map<string, number>();
  /** Workers that get nothing any more. */
  readonly #closed = new Set<number>();
  readonly #deaths = new Map<string, readonly Death[]>();
  readonly #poison = new Map<string, Set<number>>();

  /** @param tarsOf what each worker is dealt; worker 1 has index 0. */
  constructor(tarsOf: readonly (readonly string[])[]) {
    tarsOf.forEach((tars, index) => this.#hands.set(index + 1, [...tars]));
  }

  /** The tars of a worker that have not ended, the leased one first. */
  handOf(worker: number): readonly string[] {
    return this.#hand(worker);
  }

  /** Those of them that nobody has begun in this run. */
  waitingOf(worker: number): readonly string[] {
    return this.#hand(worker).filter(tar => !this.#epochs.has(tar));
  }

  get orphans(): readonly string[] {
    return this.#orphans;
  }

  /** Whether some tar has not ended. */
  get hasTars(): boolean {
    return this.#orphans.length > 0 || [...this.#hands.values()].some(hand => hand.length > 0);
  }

  leaseOf(worker: number): Lease | null {
    return this.#leases.get(worker) ?? null;
  }

  /** The worker's next tar: the one that its end interrupted, else of its own hand, else an orphan. Null: none. */
  lease(worker: number): Lease | null {
    if (this.#closed.has(worker)) return null;
    const hand = this.#hand(worker);
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

  /**
   * Takes the last tar that was never begun from the longest queue into the hand of a worker that has none.
   *
   * @param aboutToBegin workers that will take their first tar in a moment: that one is not theirs to lose
   */
  steal(worker: number, aboutToBegin: ReadonlySet<number>): { tar: string; from: number } | null {
    if (this.#closed.has(worker)) return null;
    let longest = 0;
    let from: number | undefined;
    for (const [other] of this.#hands) {
      const length = other === worker ? 0 : this.stealable(other, aboutToBegin.has(other));
      if (length <= longest) continue;
      longest = length;
      from = other;
    }
    if (from === undefined) return null;
    const tar = this.waitingOf(from).at(-1);
    if (tar === undefined) return null;
    this.#remove(from, tar);
    this.#hand(worker).push(tar);
    return { tar, from };
  }

  /** How many tars others may take from a worker's hand. */
  stealable(worker: number, isAboutToBegin: boolean): number {
    const waiting = this.waitingOf(worker);
    const isFirst = isAboutToBegin && waiting[0] !== undefined && waiting[0] === this.#hand(worker)[0];
    return waiting.length - (isFirst ? 1 : 0);
  }

  /** Whether a worker may speak of a tar under an epoch. */
  holds(worker: number, { tar, epoch }: Lease): boolean {
    const lease = this.#leases.get(worker);
    return lease?.tar === tar && lease.epoch === epoch;
  }

  /** The leased tar has ended and is nobody's any more. */
  end(worker: number): void {
    const lease = this.stopped(worker);
    if (lease) this.#remove(worker, lease.tar);
  }

  /**
   * The worker's process has ended, however. Its lease is void; the tar stays first in its hand.
   *
   * @returns the lease that it had
   */
  stopped(worker: number): Lease | null {
    const lease = this.leaseOf(worker);
    this.#leases.delete(worker);
    return lease;
  }

  /**
   * A process has died in the tar that is first in its worker's hand.
   *
   * @param hasOthers whether other workers could take the tar
   */
  blame(tar: string, death: Death, hasOthers: boolean): Blame {
    const { doneBytes, worker } = death;
    const isOfEnough = (some: readonly Death[]): boolean =>
      !hasOthers || new Set(some.map(({ worker }) => worker)).size > 1;
    const { deaths, known, poison } = this.#find(tar, death, isOfEnough);
    const isExplained = ({ inHand }: Death): boolean => inHand.some(member => known.has(member));
    const unexplained = deaths.filter(
      each => !each.wasHelper && each.doneBytes >= doneBytes && !isExplained(each),
    );
    if (isExplained(death)) return { poison, isGivenUp: false };
    if (unexplained.length >= deathsToGiveUp && isOfEnough(unexplained)) {
      this.#remove(worker, tar);
      return { poison, isGivenUp: true };
    }
    if (unexplained.length === deathsToPutBack) {
      this.#remove(worker, tar);
      this.#orphans.push(tar);
    }
    return { poison, isGivenUp: false };
  }

  /**
   * A process has died that helped with the tar, which stays where it is.
   *
   * @param hasOthers whether other workers could take the tar
   * @returns header offsets of members that are put aside from its next lease on
   */
  blameShared(tar: string, death: Death, hasOthers: boolean): readonly number[] {
    const isOfEnough = (some: readonly Death[]): boolean =>
      !hasOthers || new Set(some.map(({ worker }) => worker)).size > 1;
    return this.#find(tar, { ...death, wasHelper: true }, isOfEnough).poison;
  }

  /** Takes note of a death. @returns all of the tar, the members that are poison by now, and those of them that are new */
  #find(
    tar: string,
    death: Death,
    isOfEnough: (some: readonly Death[]) => boolean,
  ): { deaths: readonly Death[]; known: ReadonlySet<number>; poison: readonly number[] } {
    const deaths = [...(this.#deaths.get(tar) ?? []), death];
    this.#deaths.set(tar, deaths);
    const known = this.#poison.get(tar) ?? new Set();
    const poison = culprits(deaths, isOfEnough).filter(member => !known.has(member));
    for (const member of poison) known.add(member);
    this.#poison.set(tar, known);
    return { deaths, known, poison };
  }

  /** Members of a tar, by header offset, that are put aside, and those that may have to be. */
  membersOf(tar: string): { poison: number[]; suspects: number[] } {
    const poison = this.#poison.get(tar) ?? new Set<number>();
    const everInHand = (this.#deaths.get(tar) ?? []).flatMap(death => death.inHand);
    const inHand = new Set(everInHand.filter(member => !poison.has(member)));
    const ascending = (members: Iterable<number>): number[] => [...members].sort((a, b) => a - b);
    return { poison: ascending(poison), suspects: ascending(inHand) };
  }

  /** The worker is started no more: its tars, begun or not, are there for the others. */
  giveUp(worker: number): readonly string[] {
    this.#closed.add(worker);
    return this.orphan(worker, this.#hand(worker));
  }

  /** A worker that was given up may have tars again. */
  open(worker: number): void {
    this.#closed.delete(worker);
  }

  /** Makes tars of a hand there for all. */
  orphan(worker: number, tars: readonly string[]): readonly string[] {
    const moved = [...tars];
    for (const tar of moved) this.#remove(worker, tar);
    this.#orphans.push(...moved);
    return moved;
  }

  /** Moves tars of a hand to others, in turn and in their order. */
  give(worker: number, tars: readonly string[], to: readonly number[]): void {
    [...tars].forEach((tar, index) => {
      const target = to[index % to.length];
      if (target === undefined) return;
      this.#remove(worker, tar);
      this.#hand(target).push(tar);
    });
  }

  /** Nobody is left to take the orphans: they end with this. */
  takeOrphans(): readonly string[] {
    return this.#orphans.splice(0);
  }

  #hand(worker: number): string[] {
    const hand = this.#hands.get(worker) ?? [];
    this.#hands.set(worker, hand);
    return hand;
  }

  /** A tar that leaves a hand is its worker's no more, whatever that still says. */
  #remove(worker: number, tar: string): void {
    if (this.#leases.get(worker)?.tar === tar) this.#leases.delete(worker);
    const hand = this.#hand(worker);
    const index = hand.indexOf(tar);
    if (index >= 0) hand.splice(index, 1);
  }
}

/**
 * Who it was, by what was in hand at each death. A member is named by two deaths where it is all that they have in
 * common, as it is when it was alone in hand at one of them. Of several that are always in hand together none can be
 * told from the others: they are to blame together, but not before one more death has had the chance to tell.
 * Deaths from outside name a member only with a third one, and one of another worker among them where there are others:
 * a worker that is killed again and again begins with the same member each time.
 */
function culprits(all: readonly Death[], isOfEnough: (some: readonly Death[]) => boolean): number[] {
  const found = new Set<number>();
  for (const member of new Set(all.flatMap(({ inHand }) => inHand))) {
    const its = all.filter(({ inHand }) => inHand.includes(member));
    if (its.length >= deathsToBlameAll && isOfEnough(its)) found.add(member);
  }
  const deaths = all.filter(({ isFromOutside }) => !isFromOutside).map(({ inHand }) => inHand);
  const seen = new Map<number, number>();
  deaths.forEach((hand, index) => {
    for (const member of new Set(hand)) {
      const times = (seen.get(member) ?? 0) + 1;
      seen.set(member, times);
      if (times >= deathsToBlameAll) found.add(member);
    }
    for (const earlier of deaths.slice(0, index)) {
      const common = [...new Set(hand)].filter(member => earlier.includes(member));
      if (common.length === 1 && common[0] !== undefined) found.add(common[0]);
    }
  });
  return [...found];
}
