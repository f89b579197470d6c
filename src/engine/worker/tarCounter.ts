import type { Failure } from '../../protocol/errors.ts';
import { addSkipped, type SkipReason } from '../../protocol/skipReason.ts';
import {
  noCounts,
  sumCounts,
  type BookCounts,
  type DuplicateLayer,
  type Extraction,
} from '../../protocol/snapshot.ts';
import type { Activity, WorkPhase } from './activity.ts';
import type { EngineLink } from './engineLink.ts';

const reportEveryMs = 250;

/**
 * Counts what becomes of one tar's members, and reports it at most four times a second.
 *
 * Several batches are under way at a time, and are recorded in their order: so what a batch counts is kept apart
 * until it ends. `counts` has all of it, as people are shown it; `ended` has what the batches up to the last one that
 * ended count, which is what may be recorded.
 */
export class TarCounter {
  counts: BookCounts = noCounts();
  ended: BookCounts = noCounts();
  doneBytes = 0;
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
    // What is read ahead may last for many files, each of which is a step on.
    this.#activity.addBytes(1);
    this.#extraction = { bytes: position, files };
    this.#report();
  }

  /** Goes on from what an earlier run counted. */
  resume(counts: BookCounts, doneBytes: number): void {
    this.counts = structuredClone(counts);
    this.ended = structuredClone(counts);
    this.doneBytes = doneBytes;
  }

  /** @param own what the batch of the member counts; `ended` for one that an earlier run counted already */
  found(own: BookCounts): void {
    this.counts.found++;
    own.found++;
  }

  /** What was counted as found is no book after all. */
  notFound(own: BookCounts): void {
    this.counts.found--;
    own.found--;
  }

  /** A book that failed in an earlier run, and was counted then, is about to have another outcome. */
  triedAgain(): void {
    this.counts.failed--;
    this.ended.failed--;
  }

  skipped(own: BookCounts, reason: SkipReason): void {
    for (const counts of [this.counts, own]) {
      counts.skipped++;
      counts.skippedBy = addSkipped(counts.skippedBy, { [reason]: 1 });
    }
  }

  uploaded(own: BookCounts, sizeBytes: number): void {
    this.counts.uploaded++;
    own.uploaded++;
    this.#advance(sizeBytes);
  }

  duplicate(own: BookCounts, layer: DuplicateLayer, sizeBytes: number): void {
    this.counts.duplicates[layer]++;
    own.duplicates[layer]++;
    this.#advance(sizeBytes);
  }

  failed(own: BookCounts, member: string, failure: Failure, sizeBytes: number): void {
    this.counts.failed++;
    own.failed++;
    this.#link.send({ type: 'book:failed', tar: this.#tar, member, failure });
    this.#advance(sizeBytes);
  }

  /** A batch has ended, and those before it: everything before this position of the tar has its outcome. */
  endBatch(own: BookCounts, position: number): void {
    this.ended = sumCounts([this.ended, own]);
    this.doneUpTo(position);
  }

  doneUpTo(position: number): void {
    // Batches behind have counted some of theirs, and books tried again stand before what an earlier run has done.
    this.doneBytes = Math.max(position, this.doneBytes);
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
