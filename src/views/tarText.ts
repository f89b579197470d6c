import { formatBytes, formatCount, formatDuration, formatPercent, formatRate } from '../protocol/format.ts';
import { extractionText } from '../protocol/extractionText.ts';
import {
  totalDuplicates,
  type BookCounts,
  type TarPhase,
  type TarState,
  type WorkerState,
} from '../protocol/snapshot.ts';
import { skippedText } from '../protocol/skipReason.ts';

/** How a tar is shown: its own phases, and `interrupted` for one whose engine went without a word. */
export type TarLook = TarPhase | 'interrupted';

/** @param alive whether the engine that said so is still there. */
export function tarLook(tar: TarState, alive: boolean): TarLook {
  return tar.phase === 'running' && !alive ? 'interrupted' : tar.phase;
}

/** `34 books, 3 duplicates, 1 failed`; what is nought is left out. */
export function booksText(counts: BookCounts): string {
  const duplicates = totalDuplicates(counts);
  const parts: string[] = [];
  if (counts.uploaded > 0) parts.push(formatCount(counts.uploaded, 'book'));
  if (duplicates > 0) parts.push(formatCount(duplicates, 'duplicate'));
  if (counts.failed > 0) parts.push(formatCount(counts.failed, 'failed', 'failed'));
  return parts.length > 0 ? parts.join(', ') : 'no books';
}

/** The words beside a tar's name. `worker` is the one that it is assigned to. */
export function tarDescription(tar: TarState, worker: WorkerState | undefined, alive: boolean): string {
  const look = tarLook(tar, alive);
  switch (look) {
    case 'waiting':
      return 'waiting';
    case 'interrupted':
      return `interrupted at ${formatPercent(tar.doneBytes, tar.sizeBytes)}`;
    case 'running':
      return runningText(tar, worker);
    case 'completed':
      if (!tar.earlier) return `completed · ${booksText(tar.counts)}`;
      // Not every earlier run recorded what it counted.
      return tar.counts.found > 0 ? `completed earlier · ${booksText(tar.counts)}` : 'completed earlier';
    case 'completedWithErrors':
      return `completed with errors · ${booksText(tar.counts)}`;
    case 'failed':
      return `failed: ${reasonText(tar)}`;
    default:
      return look satisfies never;
  }
}

/** Why a tar failed, without its own name, which stands beside it. */
function reasonText(tar: TarState): string {
  const message = tar.failure?.message ?? 'the reason is not known';
  const name = `${tar.name}: `;
  return message.startsWith(name) ? message.slice(name.length) : message;
}

function runningText(tar: TarState, worker: WorkerState | undefined): string {
  if (worker?.currentTar === tar.name && worker.extraction) {
    return `extracting · ${extractionText(worker.extraction, tar.sizeBytes)}`;
  }
  const parts = [formatPercent(tar.doneBytes, tar.sizeBytes)];
  const rate = worker?.currentTar === tar.name ? worker.bytesPerSecond : 0;
  if (rate > 0) {
    parts.push(formatRate(rate));
    const secondsLeft = (tar.sizeBytes - tar.doneBytes) / rate;
    if (secondsLeft >= 1) parts.push(`${formatDuration(secondsLeft)} left`);
  }
  return parts.join(' · ');
}

/** The rows of a tar's tooltip: what is counted, and its value. */
export function tarDetails(tar: TarState, alive: boolean): (readonly [string, string])[] {
  const { counts } = tar;
  const rows: (readonly [string, string])[] = [['Size', formatBytes(tar.sizeBytes)]];
  if (tarLook(tar, alive) === 'running' || tarLook(tar, alive) === 'interrupted') {
    rows.push(['Read', `${formatBytes(tar.doneBytes)} (${formatPercent(tar.doneBytes, tar.sizeBytes)})`]);
  }
  if (tar.phase !== 'waiting' && !tar.earlier) {
    rows.push(['New books', formatCount(counts.uploaded, 'book')]);
    rows.push(['Duplicates', duplicatesText(counts)]);
    rows.push(['Failed', formatCount(counts.failed, 'book')]);
    rows.push(['Not books', skippedText(counts.skippedBy ?? {}) || formatCount(counts.skipped, 'file')]);
  }
  if (tar.worker !== null) rows.push(['Worker', String(tar.worker)]);
  return rows;
}

function duplicatesText(counts: BookCounts): string {
  const { own, others, destination } = counts.duplicates;
  const all = formatCount(totalDuplicates(counts), 'book');
  const layers: string[] = [];
  if (own > 0) layers.push(`${String(own)} of this worker`);
  if (others > 0) layers.push(`${String(others)} of others`);
  if (destination > 0) layers.push(`${String(destination)} on the shelf`);
  return layers.length > 0 ? `${all} (${layers.join(', ')})` : all;
}
