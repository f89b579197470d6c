import { engineText } from '../text/engineText.ts';
import { t } from '../text/localize.ts';
import { formatDuration, formatNumber, formatRate } from '../protocol/format.ts';
import { totalDuplicates, type RunState, type TarState, type WorkerState } from '../protocol/snapshot.ts';
import { countTars, type TarTotals } from '../protocol/totals.ts';
import {
  booksCount,
  duplicatesCount,
  failedBooksCount,
  newBooksCount,
  notInRunCount,
  tarsOutOf,
} from '../text/countText.ts';
import type { RunView } from './engineReader.ts';
import { isGivenUp } from './workerText.ts';

/** What waits for a person: tars with failures, and workers that are not started any more. */
export interface Attention {
  readonly tars: number;
  readonly workers: number;
}

/** @param alive without its engine no worker waits for anybody */
export function needAttention(
  tars: readonly TarState[],
  workers: readonly WorkerState[],
  alive: boolean,
): Attention {
  return {
    tars: countTars(tars).incomplete,
    workers: alive ? workers.filter(isGivenUp).length : 0,
  };
}

/** `2 tars with failures, 1 worker started again too often`, or undefined where nobody is needed. */
export function attentionText({ tars, workers }: Attention): string | undefined {
  const parts: string[] = [];
  if (tars > 0) {
    parts.push(tars === 1 ? t('1 tar with failures') : t('{0} tars with failures', formatNumber(tars)));
  }
  if (workers > 0) {
    parts.push(
      workers === 1
        ? t('1 worker paused, because it was started again too often')
        : t('{0} workers paused, because they were started again too often', formatNumber(workers)),
    );
  }
  return parts.length > 0 ? parts.join(', ') : undefined;
}

/** What the status bar shows; undefined when there is nothing to say. */
export interface StatusText {
  readonly text: string;
  /** The same without icons, for a screen reader. */
  readonly spoken: string;
  readonly warn: boolean;
}

/** What else the text of a run depends on. */
export interface StatusFacts {
  readonly tars: readonly TarState[];
  readonly workers: readonly WorkerState[];
  /** For how long an engine that should speak has said nothing; null while it does. */
  readonly silentSeconds: number | null;
}

export function statusText(view: RunView, facts: StatusFacts): StatusText | undefined {
  switch (view.kind) {
    case 'none':
      return undefined;
    case 'starting':
      return facts.silentSeconds === null
        ? status('sync~spin', [t('Tarshelf: starting')])
        : status('question', [t('Tarshelf: starting'), noWord(facts.silentSeconds)]);
    case 'running':
      return runningStatus(view.run, facts);
    case 'stopping':
      return facts.silentSeconds === null
        ? status('sync~spin', [t('Tarshelf: stopping')])
        : status('question', [t('Tarshelf: stopping'), noWord(facts.silentSeconds)]);
    case 'finished':
    case 'stopped':
      return endedStatus(view.kind, view.run, countTars(facts.tars));
    case 'lost':
      return status('debug-disconnect', [t('Tarshelf: disconnected')], true);
    default:
      return view satisfies never;
  }
}

function runningStatus(run: RunState, { tars, workers, silentSeconds }: StatusFacts): StatusText {
  const tally = countTars(tars);
  // How far it is, is told of what it does; what waits for a person, of all tars.
  const parts = [`${formatNumber(tally.inRun.ended)}/${formatNumber(tally.inRun.total)}`];
  const paused = areAllPaused(workers);
  // What was said last of rates and times is no news any more.
  if (silentSeconds !== null) parts.push(noWord(silentSeconds));
  else if (paused) parts.push(t('paused'));
  else {
    if (run.bytesPerSecond > 0) parts.push(formatRate(run.bytesPerSecond));
    if (run.secondsLeft !== null && run.secondsLeft >= 1) {
      parts.push(t('{0} left', formatDuration(run.secondsLeft)));
    }
  }
  if (tally.incomplete > 0) parts.push(incompleteText(tally));
  const icon = silentSeconds !== null ? 'question' : paused ? 'debug-pause' : 'sync~spin';
  return status(icon, parts, tally.incomplete > 0 || workers.some(isGivenUp));
}

/** Whether all that keeps the run from its end is somebody who resumes the workers. */
function areAllPaused(workers: readonly WorkerState[]): boolean {
  return (
    workers.some(({ phase }) => phase === 'paused') &&
    workers.every(({ phase }) => phase === 'paused' || phase === 'stopped')
  );
}

function endedStatus(kind: 'finished' | 'stopped', run: RunState, tally: TarTotals): StatusText {
  const parts = [t('{0}/{1} tars', formatNumber(tally.completed), formatNumber(tally.total))];
  if (kind === 'stopped') parts.push(t('stopped'));
  if (tally.notInRun > 0) parts.push(notInRunCount(tally.notInRun));
  parts.push(run.counts.uploaded > 0 ? booksCount(run.counts.uploaded) : t('no new books'));
  // A failed book leaves its tar incomplete, so that one number tells of both.
  if (tally.incomplete > 0) parts.push(incompleteText(tally));
  const warn = tally.incomplete > 0 || run.failure !== null;
  const icon = warn ? 'warning' : kind === 'finished' ? 'check' : 'debug-pause';
  return status(icon, parts, warn);
}

function incompleteText({ incomplete }: TarTotals): string {
  return t('{0} incomplete', formatNumber(incomplete));
}

function noWord(seconds: number): string {
  return t('no word for {0}', formatDuration(seconds));
}

function status(icon: string, parts: readonly string[], warn = false): StatusText {
  const spoken = parts.join(' · ');
  return { text: `$(${icon}) ${spoken}`, spoken, warn };
}

/** `1 tar incomplete, 2 books failed`, or undefined when all went well. */
function failuresText(incompleteTars: number, failedBooks: number): string | undefined {
  const parts: string[] = [];
  if (incompleteTars > 0) {
    parts.push(
      incompleteTars === 1 ? t('1 tar incomplete') : t('{0} tars incomplete', formatNumber(incompleteTars)),
    );
  }
  if (failedBooks > 0) {
    parts.push(failedBooksCount(failedBooks));
  }
  return parts.length > 0 ? parts.join(', ') : undefined;
}

/** One line on how a run stands, for the status bar's tooltip. */
export function runHeadline(view: RunView, facts: StatusFacts): string {
  const headline = plainHeadline(view, facts.tars);
  if (facts.silentSeconds === null) return headline;
  return `${t('The engine has said nothing for {0}. What follows is what it said last.', formatDuration(facts.silentSeconds))} ${headline}`;
}

function plainHeadline(view: RunView, tars: readonly TarState[]): string {
  switch (view.kind) {
    case 'none':
      return t('No ingest has been launched in this window.');
    case 'starting':
      return t('Starting the engine and looking for tars.');
    case 'stopping':
      return t('Finishing the books in hand before the end.');
    case 'lost':
      return t(
        'Disconnected: the engine ended unexpectedly, or cannot be reached. Nothing is lost: launch again to go on.',
      );
    case 'running':
    case 'finished':
    case 'stopped': {
      const tally = countTars(tars);
      const { counts } = view.run;
      const parts = [
        tarsOutOf(tally.completed, tally.total),
        ...(tally.notInRun > 0 ? [notInRunCount(tally.notInRun)] : []),
        newBooksCount(counts.uploaded),
        duplicatesCount(totalDuplicates(counts)),
      ];
      const failures = failuresText(tally.incomplete, counts.failed);
      if (failures !== undefined) parts.push(failures);
      const headline = parts.join(' · ');
      return view.run.failure ? `${headline}. ${engineText(view.run.failure.message)}` : headline;
    }
    default:
      return view satisfies never;
  }
}
