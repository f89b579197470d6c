import { TarshelfError } from '../../../protocol/errors.ts';
import { sentence } from '../../../protocol/sentences.ts';
import { isEmployed, mayWork, newCrewWorker, type CrewWorker } from './crewWorker.ts';
import type { TarHands } from './tarHands.ts';

/** The workers of a run, and what has to be known of all of them together. */
export class Roster {
  readonly workers: readonly CrewWorker[];
  readonly #hands: TarHands;

  constructor(workers: number, hands: TarHands) {
    this.workers = Array.from({ length: workers }, (_, index) => newCrewWorker(index + 1));
    this.#hands = hands;
  }

  /** @throws TarshelfError `NO_SUCH_WORKER` */
  worker(number: number): CrewWorker {
    const worker = this.workers[number - 1];
    if (worker) return worker;
    throw new TarshelfError('NO_SUCH_WORKER', sentence('noSuchWorker', number, this.workers.length));
  }

  /** Those that are at work, or will be in a moment. */
  get employed(): CrewWorker[] {
    return this.workers.filter(isEmployed);
  }

  /** Whether tars of a worker could be given to another one. */
  hasOthersFor(worker: CrewWorker): boolean {
    return this.workers.some(other => other !== worker && mayWork(other));
  }

  /** How many tars wait for somebody, but for those that somebody is about to begin. */
  get tarsToBeHad(): number {
    const soon = this.aboutToBegin;
    let tars = this.#hands.orphans.length;
    for (const { number } of this.workers) tars += this.#hands.stealable(number, soon.has(number));
    for (const number of soon) if (this.#hands.handOf(number).length === 0) tars--;
    return tars;
  }

  /** Workers whose process is on its way to its first tar. */
  get aboutToBegin(): ReadonlySet<number> {
    const soon = this.workers.filter(
      ({ number, process, stopping }) => process && !stopping && !this.#hands.leaseOf(number),
    );
    return new Set(soon.map(({ number }) => number));
  }
}
