import { engineText } from '../text/engineText.ts';
import { t } from '../text/localize.ts';
import { formatBytes, formatDuration, formatNumber, formatPercent, formatRate } from '../protocol/format.ts';
import {
  totalDuplicates,
  type BookCounts,
  type TarPhase,
  type TarState,
  type WorkerState,
} from '../protocol/snapshot.ts';
import {
  booksCount,
  duplicatesCount,
  failedBooksCount,
  filesCount,
  notBooksText,
} from '../text/countText.ts';

/**
 * How a tar is shown: its own phases, `begun` for one that waits and was read in part, and `interrupted` for one whose
 * engine went without a word.
 */
export type TarLook = TarPhase | 'begun' | 'interrupted';

/** @param alive whether the engine that said so is still there. */
export function tarLook(tar: TarState, alive: boolean): TarLook {
  if (tar.phase === 'running' && !alive) return 'interrupted';
  return tar.phase === 'waiting' && tar.doneBytes > 0 ? 'begun' : tar.phase;
}

/** `34 books, 3 duplicates, 1 failed`; what is nought is left out. */
export function booksText(counts: BookCounts): string {
  const duplicates = totalDuplicates(counts);
  const parts: string[] = [];
  if (counts.uploaded > 0) parts.push(booksCount(counts.uploaded));
  if (duplicates > 0) parts.push(duplicatesCount(duplicates));
  if (counts.failed > 0) parts.push(t('{0} failed', formatNumber(counts.failed)));
  return parts.length > 0 ? parts.join(', ') : t('no books');
}

/** The words beside a tar's name. `worker` is the one that it is assigned to. */
export function tarDescription(tar: TarState, worker: WorkerState | undefined, alive: boolean): string {
  const look = tarLook(tar, alive);
  switch (look) {
    case 'waiting':
      return `${tar.inRun ? t('waiting') : t('not in this run')} · ${formatBytes(tar.sizeBytes)}`;
    case 'begun':
      return begunText(tar, worker, alive);
    case 'interrupted':
      return t('interrupted at {0}', formatPercent(tar.doneBytes, tar.sizeBytes));
    case 'running':
      return runningText(tar, worker);
    case 'completed':
      if (!tar.earlier) return `${t('completed')} · ${booksText(tar.counts)}`;
      // Not every earlier run recorded what it counted.
      return tar.counts.found > 0
        ? `${t('completed earlier')} · ${booksText(tar.counts)}`
        : t('completed earlier');
    case 'completedWithErrors':
      // What a person is needed for stands first: a narrow side bar cuts off the end.
      return `${failedBooksCount(tar.counts.failed)} · ${booksText({ ...tar.counts, failed: 0 })}`;
    case 'failed':
      return t('failed: {0}', reasonText(tar));
    default:
      return look satisfies never;
  }
}

/** Why a tar failed, without its own name, which stands beside it. */
function reasonText(tar: TarState): string {
  const message = tar.failure ? engineText(tar.failure.message) : t('the reason is not known');
  const name = `${tar.name}: `;
  return message.startsWith(name) ? message.slice(name.length) : message;
}

/** How far it was, and what it waits for: a person who resumes its worker, another run, or its turn. */
function begunText(tar: TarState, worker: WorkerState | undefined, alive: boolean): string {
  const percent = formatPercent(tar.doneBytes, tar.sizeBytes);
  if (!alive || !tar.inRun) return t('stopped at {0}', percent);
  return worker?.phase === 'paused' ? t('paused at {0}', percent) : t('waiting at {0}', percent);
}

function runningText(tar: TarState, worker: WorkerState | undefined): string {
  if (worker?.currentTar === tar.name && worker.extraction) {
    const { bytes, files } = worker.extraction;
    const done = t('{0} of {1}', formatBytes(bytes), formatBytes(tar.sizeBytes));
    return `${t('extracting')} · ${done}, ${filesCount(files)}`;
  }
  const parts = [formatPercent(tar.doneBytes, tar.sizeBytes)];
  if (worker?.currentTar !== tar.name) return parts.join(' · ');
  const { bytesPerSecond, secondsLeft } = worker;
  if (bytesPerSecond > 0) parts.push(formatRate(bytesPerSecond));
  if (secondsLeft !== null && secondsLeft >= 1) parts.push(t('{0} left', formatDuration(secondsLeft)));
  return parts.join(' · ');
}

/** The rows of a tar's tooltip: what is counted, and its value. */
export function tarDetails(tar: TarState, alive: boolean): (readonly [string, string])[] {
  const { counts } = tar;
  const rows: (readonly [string, string])[] = [[t('Size'), formatBytes(tar.sizeBytes)]];
  const look = tarLook(tar, alive);
  if (look === 'running' || look === 'begun' || look === 'interrupted') {
    rows.push([t('Read'), `${formatBytes(tar.doneBytes)} (${formatPercent(tar.doneBytes, tar.sizeBytes)})`]);
  }
  if (look !== 'waiting' && !tar.earlier) {
    rows.push([t('New books'), booksCount(counts.uploaded)]);
    rows.push([t('Duplicates'), duplicatesText(counts)]);
    rows.push([t('Failed'), booksCount(counts.failed)]);
    rows.push([t('Not books'), notBooksText(counts.skippedBy ?? {}) || filesCount(counts.skipped)]);
  }
  if (tar.worker !== null) rows.push([t('Worker'), String(tar.worker)]);
  if (tar.folder !== null) rows.push([t('Folder'), tar.folder]);
  return rows;
}

function duplicatesText(counts: BookCounts): string {
  const { own, others, destination } = counts.duplicates;
  const all = booksCount(totalDuplicates(counts));
  const layers: string[] = [];
  if (own > 0) layers.push(t('{0} of this worker', formatNumber(own)));
  if (others > 0) layers.push(t('{0} of others', formatNumber(others)));
  if (destination > 0) layers.push(t('{0} on the shelf', formatNumber(destination)));
  return layers.length > 0 ? `${all} (${layers.join(', ')})` : all;
}
