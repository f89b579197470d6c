import type { BookKey } from '../../../protocol/bookKey.ts';
import type { ClaimTable, Settlement } from '../../dedupe/claimTable.ts';
import type { CrewWorker } from './crewWorker.ts';
import type { Roster } from './roster.ts';

/** Brings what workers say of claims to the table, and its answers to the workers that they are for. */
export class ClaimDesk {
  readonly #claims: ClaimTable;
  readonly #roster: Roster;

  constructor(claims: ClaimTable, roster: Roster) {
    this.#claims = claims;
    this.#roster = roster;
  }

  answer(worker: CrewWorker, id: number, keys: readonly BookKey[]): void {
    const verdicts = this.#claims.claim(worker.number, keys);
    worker.process?.send({ type: 'claim:answer', id, verdicts });
  }

  /** Books that are on the shelf, and claims that are given back. */
  settle(
    worker: CrewWorker,
    { stored, failed }: { stored: readonly BookKey[]; failed: readonly BookKey[] },
  ): void {
    for (const key of stored) this.#tell(this.#claims.settle(worker.number, key, 'stored'));
    for (const key of failed) this.#tell(this.#claims.settle(worker.number, key, 'failed'));
  }

  /** Its process has ended: what it held is the next one's. */
  release(worker: CrewWorker): void {
    this.#tell(this.#claims.release(worker.number));
  }

  #tell(settlements: readonly Settlement[]): void {
    for (const { worker, key, verdict } of settlements) {
      this.#roster.workers[worker - 1]?.process?.send({ type: 'claim:settled', key, verdict });
    }
  }
}
