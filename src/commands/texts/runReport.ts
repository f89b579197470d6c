import { engineText } from '../../text/engineText.ts';
import { booksThatFailedCount } from '../../text/countText.ts';
import { destinationName } from '../../text/destinationName.ts';
import { t } from '../../text/localize.ts';
import { formatBytes, formatDuration, formatNumber } from '../../protocol/format.ts';
import type { IngestOptions } from '../../protocol/ingestOptions.ts';
import type { FailedTar } from '../../protocol/progressFile.ts';
import {
  totalDuplicates,
  type RunPhase,
  type RunState,
  type TarPhase,
  type TarState,
} from '../../protocol/snapshot.ts';
import { cell, table } from './markdownTable.ts';

/** All that a report of a run is made of. */
export interface ReportedRun {
  readonly run: RunState;
  readonly options: IngestOptions | null;
  readonly tars: readonly TarState[];
  readonly failures: readonly FailedTar[];
}

/** A run as a document for people. */
export function runMarkdown({ run, options, tars, failures }: ReportedRun): string {
  const { counts, summary } = run;
  const lines = [
    `# ${t('Tarshelf: report of a run')}`,
    '',
    ...table(
      [t('What'), t('Value')],
      [
        ...run.sourceFolders.map(folder => [t('Source folder'), folder]),
        [t('State folder'), run.stateFolder],
        ...(options ? [[t('Destination'), destinationName(options.destination)]] : []),
        [t('State'), runPhaseText(run.phase)],
        [t('Tars'), formatNumber(tars.length)],
        [t('Read'), t('{0} of {1}', formatBytes(run.doneBytes), formatBytes(run.totalBytes))],
        [t('Books found'), formatNumber(counts.found)],
        [t('New books'), formatNumber(counts.uploaded)],
        [t('Duplicates'), formatNumber(totalDuplicates(counts))],
        [t('Failed'), formatNumber(counts.failed)],
        [t('Other files'), formatNumber(counts.skipped)],
        ...(summary ? [[t('Time'), formatDuration(summary.seconds)]] : []),
      ],
    ),
    '',
    `## ${t('Tars')}`,
    '',
    ...table(
      [
        t('Tar'),
        t('State'),
        t('Size'),
        t('Worker'),
        t('New books'),
        t('Duplicates'),
        t('Failed'),
        t('Reason'),
      ],
      tars.map(tar => [
        tar.name,
        tarStateText(tar),
        formatBytes(tar.sizeBytes),
        tar.worker ?? '',
        formatNumber(tar.counts.uploaded),
        formatNumber(totalDuplicates(tar.counts)),
        formatNumber(tar.counts.failed),
        engineText(tar.failure?.message ?? ''),
      ]),
    ),
  ];
  if (failures.length > 0) lines.push('', `## ${t('Failures')}`);
  for (const { tar, message, books } of failures) {
    lines.push('', `### ${cell(tar)}`, '');
    if (message !== null) lines.push(cell(engineText(message)), '');
    if (books.length === 0) continue;
    lines.push(`${booksThatFailedCount(books.length)}:`, '');
    lines.push(
      ...table(
        [t('Book'), t('Size'), t('Code'), t('Reason'), t('Tried')],
        books.map(book => [
          book.file,
          formatBytes(book.size),
          book.code,
          engineText(book.message),
          book.attempts,
        ]),
      ),
    );
  }
  return `${lines.join('\n')}\n`;
}

function runPhaseText(phase: RunPhase): string {
  switch (phase) {
    case 'starting':
      return t('starting');
    case 'running':
      return t('running');
    case 'stopping':
      return t('stopping');
    case 'stopped':
      return t('stopped');
    case 'finished':
      return t('finished');
    case 'refused':
      return t('refused');
    default:
      return phase satisfies never;
  }
}

function tarStateText({ earlier, inRun, phase }: TarState): string {
  if (earlier) return t('completed earlier');
  return phase === 'waiting' && !inRun ? t('not in this run') : tarPhaseText(phase);
}

function tarPhaseText(phase: TarPhase): string {
  switch (phase) {
    case 'waiting':
      return t('waiting');
    case 'running':
      return t('running');
    case 'completed':
      return t('completed');
    case 'completedWithErrors':
      return t('books failed');
    case 'failed':
      return t('failed');
    default:
      return phase satisfies never;
  }
}

const columns = [
  ...['kind', 'tar', 'book', 'state', 'worker', 'size_bytes', 'done_bytes', 'found', 'uploaded'],
  ...['duplicates_own', 'duplicates_others', 'duplicates_destination', 'failed', 'skipped'],
  ...['code', 'message', 'attempts'],
] as const;

/** A run for a spreadsheet: a row for each tar, and one for each failed book. Its column names are no words to translate. */
export function runCsv({ tars, failures }: ReportedRun): string {
  const rows: Partial<Record<(typeof columns)[number], string | number>>[] = tars.map(tar => ({
    kind: 'tar',
    tar: tar.name,
    state: tar.phase,
    worker: tar.worker ?? '',
    size_bytes: tar.sizeBytes,
    done_bytes: tar.doneBytes,
    found: tar.counts.found,
    uploaded: tar.counts.uploaded,
    duplicates_own: tar.counts.duplicates.own,
    duplicates_others: tar.counts.duplicates.others,
    duplicates_destination: tar.counts.duplicates.destination,
    failed: tar.counts.failed,
    skipped: tar.counts.skipped,
    code: tar.failure?.code ?? '',
    message: tar.failure?.message ?? '',
  }));
  for (const { tar, worker, books } of failures) {
    for (const { file, size, code, message, attempts } of books) {
      rows.push({
        ...{ kind: 'book', tar, worker, code, message, attempts },
        ...{ book: file, state: 'failed', size_bytes: size },
      });
    }
  }
  const lines = rows.map(row => columns.map(column => field(row[column] ?? '')).join(','));
  return `${[columns.join(','), ...lines].join('\r\n')}\r\n`;
}

function field(value: string | number): string {
  if (typeof value === 'number') return String(value);
  // A spreadsheet would take these for formulas, and what a member is called comes from anywhere.
  const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
