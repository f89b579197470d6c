import type { Lease, WorkerEvent } from '../../../protocol/workerMessages.ts';
import type { StateBoard } from '../stateBoard.ts';
import type { CrewReport } from './crewReport.ts';
import type { CrewWorker } from './crewWorker.ts';
import type { HistoryLog } from './history.ts';
import type { TarHands } from './tarHands.ts';

/** With less than this left of a tar its holder is done before a helper has begun. */
export const leastToShare = 64 * 1024 * 1024;

type Said<T extends WorkerEvent['type']> = Extract<WorkerEvent, { type: T }>;

export interface SharingOptions {
  readonly hands: TarHands;
  readonly board: StateBoard;
  readonly report: CrewReport;
  /** The log of supervision, for what is too small for its history. */
  readonly monitorLog: HistoryLog;
  readonly folderOf: (tar: string) => string | null;
}

interface Holder {
  readonly worker: CrewWorker;
  readonly lease: Lease;
  /** How many helpers it was told of. */
  told: number;
}

interface SharedBatch {
  readonly lease: Lease;
  readonly id: number;
  readonly holder: CrewWorker;
  readonly helper: CrewWorker;
}

/**
 * Workers that have no tar left help those that have: batches of a tar go from its holder to its helpers, and what became
 * of their books comes back, for the holder alone records it (ADR 13).
 *
 *   holder ──possible, offer──▶ here ──process──▶ helper
 *   holder ◀──wanted, outcomes, ended── here ◀──outcomes, ended── helper
 *
 * A share ends once: by the helper's word, or by the end of its process; the holder does itself what is left of it then.
 * Where the holder's lease ends, its helpers are told to leave off, and what they say is heard by nobody. A helper has
 * shares of one tar at a time.
 */
export class Sharing {
  readonly #options: SharingOptions;
  /** Of tars that may be shared, by the number of the worker. */
  readonly #holders = new Map<number, Holder>();
  /** Whom a worker without a tar helps, by its number. */
  readonly #helpers = new Map<number, { readonly worker: CrewWorker; readonly holder: Holder }>();
  readonly #shares = new Set<SharedBatch>();

  constructor(options: SharingOptions) {
    this.#options = options;
  }

  /** Whether one more worker would have something to do. */
  get wantsHelpers(): boolean {
    return this.#neediest() !== null;
  }

  /** Workers that have no tar and help. */
  get helpers(): readonly CrewWorker[] {
    return [...this.#helpers.values()].map(({ worker }) => worker);
  }

  /** A worker has no tar. @returns whether it helps with another's from now on */
  join(worker: CrewWorker): boolean {
    const { monitorLog, report } = this.#options;
    if (this.#helpers.has(worker.number)) return true;
    const holder = this.#neediest();
    if (!holder) return false;
    this.#helpers.set(worker.number, { worker, holder });
    const { tar } = holder.lease;
    monitorLog.info(
      `worker ${String(worker.number)}, which has no tar left, helps worker ${String(holder.worker.number)} with ${tar}`,
    );
    report.show(worker, { phase: 'idle', currentTar: tar });
    this.#tell(holder);
    return true;
  }

  /** It gets a tar of its own, or its process has ended. What it has in hand of another's it finishes. */
  leave({ number }: CrewWorker): void {
    const helped = this.#helpers.get(number);
    if (!helped) return;
    this.#helpers.delete(number);
    this.#tell(helped.holder);
  }

  /** A worker says that its tar can be shared. */
  open(worker: CrewWorker, lease: Lease): void {
    const known = this.#holders.get(worker.number);
    if (known?.lease.epoch === lease.epoch && known.lease.tar === lease.tar) {
      // It has begun anew with the tar, and has forgotten.
      known.told = 0;
      this.#tell(known);
    } else this.#holders.set(worker.number, { worker, lease, told: 0 });
  }

  /** Gives a batch to the helper that has least to do, or back at once. */
  offer(worker: CrewWorker, { id, share }: Said<'share:offer'>): void {
    const holder = this.#holders.get(worker.number);
    if (!holder) return;
    const { lease } = holder;
    const folder = this.#options.folderOf(lease.tar);
    const helper = this.#freest(holder);
    if (!helper || folder === null) {
      worker.process?.send({ type: 'share:ended', lease, id, hasDied: false });
      return;
    }
    this.#shares.add({ lease, id, holder: worker, helper });
    helper.process?.send({ type: 'share:process', lease, id, folder, share });
  }

  /** A helper says what became of books. */
  outcomes(helper: CrewWorker, said: Said<'share:outcomes'>): void {
    const share = this.#find(helper, said);
    if (share && this.#isHeld(share)) share.holder.process?.send(said);
  }

  /** A helper has nothing of a share in hand any more. */
  ended(helper: CrewWorker, said: Said<'share:ended'>): void {
    const share = this.#find(helper, said);
    if (share) this.#end(share, false);
  }

  /**
   * A worker's tar is no longer its own, or has ended.
   *
   * @returns the workers that helped it, which have nothing to do now
   */
  holderEnded({ number }: CrewWorker): readonly CrewWorker[] {
    const holder = this.#holders.get(number);
    if (!holder) return [];
    this.#holders.delete(number);
    const helpers = [...this.#helpers.values()].filter(helped => helped.holder === holder);
    for (const { worker } of helpers) {
      this.#helpers.delete(worker.number);
      this.#options.report.show(worker, { currentTar: null });
    }
    const { lease } = holder;
    const busy = new Set(
      [...this.#shares].filter(share => share.lease === lease).map(({ helper }) => helper),
    );
    for (const helper of busy) helper.process?.send({ type: 'share:dropped', lease });
    return helpers.map(({ worker }) => worker);
  }

  /**
   * The process of a worker has ended, which may have helped.
   *
   * @returns the lease under which it had books of another's tar in hand
   */
  helperEnded(worker: CrewWorker, hasDied: boolean): Lease | null {
    this.leave(worker);
    let lease: Lease | null = null;
    for (const share of [...this.#shares]) {
      if (share.helper !== worker) continue;
      ({ lease } = share);
      this.#end(share, hasDied);
    }
    return lease;
  }

  #end(share: SharedBatch, hasDied: boolean): void {
    this.#shares.delete(share);
    const { holder, id, lease } = share;
    if (this.#isHeld(share)) holder.process?.send({ type: 'share:ended', lease, id, hasDied });
  }

  #isHeld({ holder, lease }: SharedBatch): boolean {
    return this.#options.hands.holds(holder.number, lease);
  }

  #find(helper: CrewWorker, { lease, id }: { lease: Lease; id: number }): SharedBatch | undefined {
    return [...this.#shares].find(
      share =>
        share.helper === helper &&
        share.id === id &&
        share.lease.tar === lease.tar &&
        share.lease.epoch === lease.epoch,
    );
  }

  /** Of whose tar most is left, for each of those who are at it. */
  #neediest(): Holder | null {
    let most = 0;
    let neediest: Holder | null = null;
    for (const holder of this.#holders.values()) {
      const { doneBytes, sizeBytes } = this.#options.board.tar(holder.lease.tar);
      const left = sizeBytes - doneBytes;
      if (holder.worker.stopping || left < leastToShare) continue;
      const forEach = left / (1 + this.#helpersOf(holder).length);
      if (forEach > most) [most, neediest] = [forEach, holder];
    }
    return neediest;
  }

  #helpersOf(holder: Holder): CrewWorker[] {
    return [...this.#helpers.values()]
      .filter(helped => helped.holder === holder && helped.worker.process && !helped.worker.stopping)
      .map(({ worker }) => worker);
  }

  /** None whose hand is in another tar: it names one at a time. */
  #freest(holder: Holder): CrewWorker | null {
    const shares = [...this.#shares];
    const free = this.#helpersOf(holder)
      .map(worker => ({ worker, its: shares.filter(({ helper }) => helper === worker) }))
      .filter(({ its }) => its.every(({ lease }) => lease === holder.lease))
      .sort((a, b) => a.its.length - b.its.length);
    return free[0]?.worker ?? null;
  }

  #tell(holder: Holder): void {
    const helpers = this.#helpersOf(holder).length;
    if (helpers === holder.told || this.#holders.get(holder.worker.number) !== holder) return;
    holder.told = helpers;
    holder.worker.process?.send({ type: 'share:wanted', lease: holder.lease, helpers });
  }
}
