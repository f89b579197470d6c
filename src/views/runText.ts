import { formatCount, formatDuration, formatNumber, formatRate } from '../protocol/format.ts';
import { totalDuplicates, type RunState, type TarState } from '../protocol/snapshot.ts';
import type { RunView } from './engineReader.ts';

/** Numbers of tars by how they ended. `incomplete` are those that ended with something in them not dealt with. */
export interface TarTally {
  readonly total: number;
  readonly completed: number;
  readonly incomplete: number;
}

export function tallyTars(tars: readonly TarState[]): TarTally {
  let completed = 0;
  let incomplete = 0;
  for (const tar of tars) {
    if (tar.phase === 'completed') completed++;
    else if (tar.phase === 'completedWithErrors' || tar.phase === 'failed') incomplete++;
  }
  return { total: tars.length, completed, incomplete };
}

/** What the status bar shows; undefined when there is nothing to say. */
export interface StatusText {
  readonly text: string;
  /** The same without icons, for a screen reader. */
  readonly spoken: string;
  readonly warn: boolean;
}

export function statusText(view: RunView, tars: readonly TarState[]): StatusText | undefined {
  switch (view.kind) {
    case 'none':
      return undefined;
    case 'starting':
      return status('sync~spin', ['Tarshelf: starting']);
    case 'running':
      return status('sync~spin', runningParts(view.run, tallyTars(tars)));
    case 'stopping':
      return status('sync~spin', ['Tarshelf: stopping']);
    case 'finished':
    case 'stopped':
      return endedStatus(view.kind, view.run, tallyTars(tars));
    case 'lost':
      return status('warning', ['Tarshelf: the engine ended unexpectedly'], true);
    default:
      return view satisfies never;
  }
}

function runningParts(run: RunState, tally: TarTally): string[] {
  const parts = [`${formatNumber(tally.completed + tally.incomplete)}/${formatNumber(tally.total)}`];
  if (run.bytesPerSecond > 0) parts.push(formatRate(run.bytesPerSecond));
  if (run.secondsLeft !== null && run.secondsLeft >= 1) parts.push(`${formatDuration(run.secondsLeft)} left`);
  if (tally.incomplete > 0) parts.push(`${formatNumber(tally.incomplete)} incomplete`);
  return parts;
}

function endedStatus(kind: 'finished' | 'stopped', run: RunState, tally: TarTally): StatusText {
  const parts = [`${formatNumber(tally.completed)}/${formatNumber(tally.total)} tars`];
  if (kind === 'stopped') parts.push('stopped');
  parts.push(run.counts.uploaded > 0 ? formatCount(run.counts.uploaded, 'book') : 'no new books');
  // A failed book leaves its tar incomplete, so that one number tells of both.
  if (tally.incomplete > 0) parts.push(`${formatNumber(tally.incomplete)} incomplete`);
  const warn = tally.incomplete > 0 || run.failure !== null;
  const icon = warn ? 'warning' : kind === 'finished' ? 'check' : 'debug-pause';
  return status(icon, parts, warn);
}

function status(icon: string, parts: readonly string[], warn = false): StatusText {
  const spoken = parts.join(' · ');
  return { text: `$(${icon}) ${spoken}`, spoken, warn };
}

/** `1 tar incomplete, 2 books failed`, or undefined when all went well. */
function failuresText(incompleteTars: number, failedBooks: number): string | undefined {
  const parts: string[] = [];
  if (incompleteTars > 0) parts.push(`${formatCount(incompleteTars, 'tar')} incomplete`);
  if (failedBooks > 0) parts.push(`${formatCount(failedBooks, 'book')} failed`);
  return parts.length > 0 ? parts.join(', ') : undefined;
}

/** One line on how a run stands, for the status bar's tooltip. */
export function runHeadline(view: RunView, tars: readonly TarState[]): string {
  switch (view.kind) {
    case 'none':
      return 'No ingest has been launched in this window.';
    case 'starting':
      return 'Starting the engine and looking for tars.';
    case 'stopping':
      return 'Finishing the books in hand before the end.';
    case 'lost':
      return 'The engine ended unexpectedly. Nothing is lost: launch again to go on.';
    case 'running':
    case 'finished':
    case 'stopped': {
      const tally = tallyTars(tars);
      const { counts } = view.run;
      const parts = [
        `${formatNumber(tally.completed)} of ${formatCount(tally.total, 'tar')}`,
        formatCount(counts.uploaded, 'new book'),
        formatCount(totalDuplicates(counts), 'duplicate'),
      ];
      const failures = failuresText(tally.incomplete, counts.failed);
      if (failures !== undefined) parts.push(failures);
      const headline = parts.join(' · ');
      return view.run.failure ? `${headline}. ${view.run.failure.message}` : headline;
    }
    default:
      return view satisfies never;
  }
}
