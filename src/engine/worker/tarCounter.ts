import type { Failure } from '../../protocol/errors.ts';
import { addSkipped, type SkipReason } from '../../protocol/skipReason.ts';
import { noCounts, type BookCounts, type DuplicateLayer, type Extraction } from '../../protocol/snapshot.ts';
import type { Activity, WorkPhase } from './activity.ts';
import type { EngineLink } from './engineLink.ts';

const reportEveryMs = 250;

/** Counts what becomes of one tar's members and reports it, at most four times a second. */
export class TarCounter {
  counts: BookCounts = noCounts();
  doneBytes = 0;
  /** How far an earlier run had come. */
  #resumedAt = 0;
  readonly #tar: string;
  readonly #link: EngineLink;
  readonly #activity: Activity;
  #extraction: Extraction | null = null;
  #reportedAt = 0;

  constructor(tar: string, link: EngineLink, activity: Activity) {
    this.#tar = tar;
    this.#link = link;
    this.#activity = activity;
  }

  set phase(phase: Exclude<WorkPhase, 'extract'>) {
    this.#activity.doing = phase;
    this.#extraction = null;
    this.#report();
  }

  /** The tar is extracted up to this position; none of its members has an outcome by that. */
  extracted(position: number, files: number): void {
    this.#activity.doing = 'extract';
    this.#extraction = { bytes: position, files };
    this.#report();
  }

  /** Goes on from what an earlier run counted. */
  resume(counts: BookCounts, doneBytes: number): void {
    this.counts = counts;
    this.doneBytes = this.#resumedAt = doneBytes;
  }

  /** A book that failed in an earlier run, and was counted then, is about to have another outcome. */
  triedAgain(): void {
    this.counts.failed--;
  }

  found(): void {
    this.counts.found++;
  }

  /** What was counted as found is no book after all. */
  notFound(): void {
    this.counts.found--;
  }

  skipped(reason: SkipReason): void {
    this.counts.skipped++;
    this.counts.skippedBy = addSkipped(this.counts.skippedBy, { [reason]: 1 });
  }

  uploaded(sizeBytes: number): void {
    this.counts.uploaded++;
    this.#advance(sizeBytes);
  }

  duplicate(layer: DuplicateLayer, sizeBytes: number): void {
    this.counts.duplicates[layer]++;
    this.#advance(sizeBytes);
  }

  failed(member: string, failure: Failure, sizeBytes: number): void {
    this.counts.failed++;
    this.#link.send({ type: 'book:failed', tar: this.#tar, member, failure });
    this.#advance(sizeBytes);
  }

  /** Everything before this position of the tar has its outcome. */
  doneUpTo(position: number): void {
    // Books tried again stand before what an earlier run has done.
    this.doneBytes = Math.max(position, this.#resumedAt);
    this.#report();
  }

  #advance(sizeBytes: number): void {
    this.doneBytes += sizeBytes;
    this.#report();
  }

  #report(): void {
    const now = performance.now();
    if (now - this.#reportedAt < reportEveryMs) return;
    this.#reportedAt = now;
    const { phase } = this.#activity;
    this.#link.send({
      type: 'tar:progress',
      name: this.#tar,
      phase,
      doneBytes: this.doneBytes,
      counts: this.counts,
      extraction: phase === 'extract' ? this.#extraction : null,
    });
  }
}
