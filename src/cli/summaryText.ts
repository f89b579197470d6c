import {
  formatBytes,
  formatCount,
  formatDuration,
  formatNumber,
  formatPercent,
  formatRate,
} from '../protocol/format.ts';
import { totalDuplicates, type BookCounts, type RunState, type TarState } from '../protocol/snapshot.ts';
import { skippedText } from '../protocol/skipReason.ts';
import { foldersText } from '../protocol/sourceFolders.ts';
import type { FailureNote, Happening } from './runFollower.ts';
import { countTars, isIncomplete, type TarTotals } from '../protocol/totals.ts';
import { printable } from '../protocol/printable.ts';
import type { Paint } from './terminalText.ts';

/** Lines that stay: what happened while a run went on, and what became of it. */

/** So many failures are listed at the end. */
export const listedFailures = 10;

/** What a summary is made of. */
export interface Outcome {
  readonly run: RunState;
  readonly tars: readonly TarState[];
  readonly failures: { readonly first: readonly FailureNote[]; readonly count: number };
  /** Where the books went, as a person knows it; null where that is not known. */
  readonly destination: string | null;
}

/** One line for one happening. */
export function renderHappening(happening: Happening, paint: Paint): string {
  switch (happening.kind) {
    case 'started': {
      const totals = countTars(happening.tars);
      const { total, inRun } = totals;
      const tars = inRun.total < total ? `${formatNumber(inRun.total)} of ` : '';
      const what = `${tars}${formatCount(total, 'tar')}, ${formatBytes(happening.run.totalBytes)}`;
      const earlier = totals.earlier > 0 ? `, ${formatNumber(totals.earlier)} completed earlier` : '';
      return `${what}${earlier}, in ${printable(foldersText(happening.run.sourceFolders))}`;
    }
    case 'tarEnded':
      return renderTarEnd(happening.tar, paint);
    case 'bookFailed':
      return paint('bad', `Failed: ${renderFailure({ ...happening })}`);
    case 'notice':
      // What a worker wrote to standard error may be several lines.
      return paint('warning', `Note: ${printable(happening.message.trim().replace(/\s*\n\s*/g, ' / '))}`);
    default:
      return happening satisfies never;
  }
}

function renderTarEnd(tar: TarState, paint: Paint): string {
  const name = printable(tar.name);
  const counts = `(${formatCount(tar.counts.found, 'book')}: ${bookParts(tar.counts)})`;
  if (tar.phase === 'failed') {
    const failure = tar.failure ? renderFailure({ tar: tar.name, member: null, failure: tar.failure }) : name;
    return paint('bad', `Failed: ${failure} ${counts}`);
  }
  if (tar.phase === 'completed') return `Completed: ${name} ${counts}`;
  return paint('bad', `Read with failed books: ${name} ${counts}`);
}

/** The summary at the end of a run, finished or stopped. */
export function renderSummary(outcome: Outcome, paint: Paint): string[] {
  const { run, failures } = outcome;
  const totals = countTars(outcome.tars);
  const lines = [renderHeadline(run, totals, paint)];
  if (run.failure) lines.push(paint('bad', printable(run.failure.message)));
  const row = (label: string, text: string): void => {
    lines.push(`  ${paint('dim', label.padEnd(9))} ${text}`);
  };
  const { counts } = run;
  if (counts.found > 0) {
    const open = counts.found - counts.uploaded - totalDuplicates(counts) - counts.failed;
    const rest = open > 0 ? `, ${formatNumber(open)} left for the next run` : '';
    row('Books', `${formatNumber(counts.found)} found: ${bookParts(counts)}${rest}`);
    if (totalDuplicates(counts) > 0) row('', `(${layersText(counts)})`);
  }
  if (counts.skipped > 0) {
    const reasons = skippedText(counts.skippedBy ?? {});
    row(
      'Skipped',
      `${formatCount(counts.skipped, 'file')} in the tars that are no books${reasons === '' ? '' : `: ${reasons}`}`,
    );
  }
  const bytes = run.summary?.bytes ?? 0;
  const seconds = run.summary?.seconds ?? 0;
  if (bytes > 0) {
    // A rate of less than a second is chance.
    const time =
      seconds < 1 ? 'less than a second' : `${formatDuration(seconds)} (${formatRate(bytes / seconds)})`;
    row('Read', `${formatBytes(bytes)} in ${time}`);
  }
  if (outcome.destination !== null) row('Shelf', printable(outcome.destination));
  if (failures.count > 0) {
    lines.push('', paint('bad', `${formatCount(failures.count, 'failure')}:`));
    for (const note of failures.first) lines.push(`  ${renderFailure(note)}`);
    const rest = failures.count - failures.first.length;
    if (rest > 0)
      lines.push(paint('dim', `  … and ${formatNumber(rest)} more; with --json each one is a line`));
  }
  lines.push(...renderOthers(outcome.tars, paint));
  const next = renderNext(run, totals, failures.count);
  if (next) lines.push('', ...next.split('\n'));
  return lines;
}

/** What is amiss with tars that are not in the run, so that its good end hides nothing. */
function renderOthers(tars: readonly TarState[], paint: Paint): string[] {
  const names = tars.flatMap(tar => (!tar.inRun && isIncomplete(tar) ? [printable(tar.name)] : []));
  if (names.length === 0) return [];
  const more = names.length - listedFailures;
  const which =
    names.slice(0, listedFailures).join(', ') + (more > 0 ? ` and ${formatNumber(more)} more` : '');
  const who =
    names.length === 1
      ? '1 tar that was not in this run has'
      : `${formatNumber(names.length)} tars that were not in this run have`;
  return [
    '',
    paint('bad', `${who} failures: ${which}.`),
    '"tarshelf failed" lists them, "tarshelf retry" tries them again.',
  ];
}

export function renderHeadline(run: RunState, totals: TarTotals, paint: Paint): string {
  const { total, completed, earlier, withErrors, failed, notInRun } = totals;
  const all = total === 1 ? 'The tar was' : `All ${formatNumber(total)} tars were`;
  if (earlier === total && total > 0) {
    const where = `recorded in ${printable(run.stateFolder)}`;
    return paint('good', `${all} completed by an earlier run (${where}). Nothing was left to upload.`);
  }
  const ofThem = earlier === completed ? 'by an earlier run' : `${formatNumber(earlier)} by an earlier run`;
  const byEarlier = earlier > 0 ? ` (${ofThem})` : '';
  if (completed === total) return paint('good', `${all} completed${byEarlier}.`);
  const parts = [`${formatNumber(completed)} of ${formatCount(total, 'tar')} completed${byEarlier}`];
  if (withErrors > 0) parts.push(`${formatNumber(withErrors)} with failed books`);
  if (failed > 0) parts.push(`${formatNumber(failed)} failed`);
  const open = openIn(totals);
  if (open > 0) parts.push(`${formatNumber(open)} not finished`);
  if (notInRun > 0) parts.push(`${formatNumber(notInRun)} not in this run`);
  const tone = withErrors + failed > 0 || run.failure ? 'bad' : open > 0 ? 'warning' : 'good';
  const start = run.phase === 'stopped' ? 'Stopped: ' : '';
  return paint(tone, `${start}${parts.join(', ')}.`);
}

/** Those that the run was to read and did not come to the end of. */
function openIn({ inRun }: TarTotals): number {
  return inRun.total - inRun.ended;
}

function renderNext(run: RunState, totals: TarTotals, failureCount: number): string | undefined {
  if (run.phase === 'stopped' && !run.failure && failureCount === 0) {
    return 'Run the same command again to go on where this run stopped. Nothing is uploaded twice.';
  }
  if (failureCount > 0 || openIn(totals) > 0) {
    return (
      'When the cause is mended, run the same command again: it takes up the tars that are not\n' +
      'completed, and uploads nothing twice.'
    );
  }
  return undefined;
}

export function bookParts(counts: BookCounts): string {
  const parts = [
    `${formatNumber(counts.uploaded)} uploaded`,
    `${formatNumber(totalDuplicates(counts))} already there`,
  ];
  if (counts.failed > 0) parts.push(`${formatNumber(counts.failed)} failed`);
  return parts.join(', ');
}

/** `known to the worker itself: 15, to another worker: 31`. */
function layersText({ duplicates: { own, others, destination } }: BookCounts): string {
  const layers: (readonly [string, number])[] = [
    ['the worker itself', own],
    ['another worker', others],
    ['the library', destination],
  ];
  const known = layers.filter(([, count]) => count > 0);
  return `known ${known.map(([layer, count]) => `to ${layer}: ${formatNumber(count)}`).join(', ')}`;
}

/** A failure on one line: where, and why. */
export function renderFailure(note: FailureNote): string {
  const { message } = note.failure;
  return printable(
    note.member === null ? withName(note.tar, message) : `${note.tar} › ${withName(note.member, message)}`,
  );
}

/** What is said of a tar or a book, with its name before it. Messages made for places that do not say which begin with it. */
export function withName(name: string, message: string): string {
  return message.startsWith(`${name}: `) || message.startsWith(`${name} `) ? message : `${name}: ${message}`;
}

/** The whole run on one line, for output that cannot be redrawn. */
export function renderTotal(run: RunState, tars: readonly TarState[]): string {
  const { inRun } = countTars(tars);
  const parts = [
    `${formatPercent(run.doneBytes, run.totalBytes)}, ${formatNumber(inRun.ended)} of ${formatCount(inRun.total, 'tar')}`,
    bookParts(run.counts),
  ];
  if (run.bytesPerSecond > 0) parts.push(formatRate(run.bytesPerSecond));
  if (run.secondsLeft !== null) parts.push(`${formatDuration(run.secondsLeft)} left`);
  return parts.join('; ');
}
