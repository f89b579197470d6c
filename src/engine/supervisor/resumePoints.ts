import { isFurther, type ResumePoint } from '../../protocol/resumePoint.ts';
import type { ProgressRecord } from '../progress/progressRecord.ts';
import type { FoundTar } from '../archive/sourceFolder.ts';

/**
 * How far each tar is, whoever read it: a tar that comes to another worker than before, in this run or since the
 * last one, is gone on with and not begun anew.
 */
export class ResumePoints {
  readonly #readRecord: (worker: number) => Promise<ProgressRecord | null>;
  readonly #bookTypes: readonly string[] | undefined;
  readonly #best = new Map<string, ResumePoint>();
  /** Who has had a tar in this run, and has recorded more of it since. */
  readonly #holders = new Map<string, Set<number>>();

  /**
   * @param readRecord what a worker has recorded by now
   * @param bookTypes that are wanted; undefined for all
   */
  constructor(
    readRecord: (worker: number) => Promise<ProgressRecord | null>,
    bookTypes: readonly string[] | undefined,
  ) {
    this.#readRecord = readRecord;
    this.#bookTypes = bookTypes;
  }

  /** Takes note of what a record says of a tar. */
  note(tar: FoundTar, record: ProgressRecord): void {
    const point = record.resumePoint(tar.name, { ...tar, bookTypes: this.#bookTypes });
    const best = this.#best.get(tar.name);
    const isAny = point.doneOffset > 0 || point.settled.length > 0 || point.doubts !== undefined;
    if (best ? isFurther(point, best) : isAny) this.#best.set(tar.name, point);
  }

  /** The best point known, or null where the tar is at its start, and always was. */
  best(tar: string): ResumePoint | null {
    return this.#best.get(tar) ?? null;
  }

  /** The point to give to a worker with a tar; the processes of those that had it before are gone by now. */
  async handTo(worker: number, tar: FoundTar): Promise<ResumePoint | null> {
    const holders = this.#holders.get(tar.name) ?? new Set<number>();
    this.#holders.set(tar.name, holders.add(worker));
    for (const holder of holders) {
      const record = holder === worker ? null : await this.#readRecord(holder);
      if (record) this.note(tar, record);
    }
    return this.best(tar.name);
  }
}
