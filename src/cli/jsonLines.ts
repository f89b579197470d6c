import type { IngestOptions } from '../protocol/ingestOptions.ts';
import {
  totalDuplicates,
  type BookCounts,
  type RunState,
  type Summary,
  type TarState,
  type WorkerState,
} from '../protocol/snapshot.ts';
import type { Happening } from './runFollower.ts';
import { countTars, tarsOf } from '../protocol/totals.ts';

// What `--json` prints: one of these objects a line. Programs read them, so a field is added but never renamed
// or taken away. `books` and `tars` have the same shape everywhere; bytes are bytes, rates bytes a second.

export interface JsonBooks {
  readonly found: number;
  readonly uploaded: number;
  readonly duplicates: number;
  readonly failed: number;
}

function jsonBooks(counts: BookCounts): JsonBooks {
  return {
    found: counts.found,
    uploaded: counts.uploaded,
    duplicates: totalDuplicates(counts),
    failed: counts.failed,
  };
}

/**
 * A happening as an object to print.
 *
 * @param options what the run was asked to do; null where that is not known
 */
export function jsonHappening(happening: Happening, options: IngestOptions | null): object {
  switch (happening.kind) {
    case 'started': {
      const { total, earlier, notInRun } = countTars(happening.tars);
      return {
        type: 'started',
        sourceFolders: happening.run.sourceFolders,
        stateFolder: happening.run.stateFolder,
        destination: options?.destination ?? null,
        workers: options?.workers ?? null,
        tars: { total, completedEarlier: earlier, ...(notInRun > 0 ? { notInRun } : {}) },
        totalBytes: happening.run.totalBytes,
      };
    }
    case 'tarEnded': {
      const { tar } = happening;
      return {
        type: 'tar',
        name: tar.name,
        result: tar.phase,
        worker: tar.worker,
        sizeBytes: tar.sizeBytes,
        doneBytes: tar.doneBytes,
        books: jsonBooks(tar.counts),
        skipped: tar.counts.skipped,
        skippedBy: tar.counts.skippedBy ?? {},
        failure: tar.failure,
      };
    }
    case 'bookFailed':
      return { type: 'bookFailed', tar: happening.tar, member: happening.member, failure: happening.failure };
    case 'notice':
      return { type: 'notice', message: happening.message };
    default:
      return happening satisfies never;
  }
}

/** How far the run is. */
export function jsonProgress(
  run: RunState,
  tars: readonly TarState[],
  workers: readonly WorkerState[],
): object {
  const byName = new Map(tars.map(tar => [tar.name, tar]));
  return {
    type: 'progress',
    tars: tarsOf(countTars(tars)),
    books: jsonBooks(run.counts),
    skipped: run.counts.skipped,
    doneBytes: run.doneBytes,
    totalBytes: run.totalBytes,
    bytesPerSecond: run.bytesPerSecond,
    secondsLeft: run.secondsLeft,
    workers: workers.map(worker => {
      const tar = worker.currentTar === null ? undefined : byName.get(worker.currentTar);
      return {
        number: worker.number,
        phase: worker.phase,
        tar: worker.currentTar,
        doneBytes: tar?.doneBytes ?? 0,
        sizeBytes: tar?.sizeBytes ?? 0,
        extraction: worker.extraction,
        bytesPerSecond: worker.bytesPerSecond,
        restarts: worker.restarts,
        health: worker.health,
        note: worker.note,
        memoryBytes: worker.memoryBytes,
      };
    }),
  };
}

/** The outcome, the last line. */
export function jsonSummary(summary: Summary): object {
  return { type: 'summary', ...summary };
}
