import type { RunStatus, WorkerRecord } from '../client/runStatus.ts';
import {
  formatBytes,
  formatCount,
  formatDuration,
  formatNumber,
  formatPercent,
  formatRate,
} from '../protocol/format.ts';
import { extractionText } from '../protocol/extractionText.ts';
import type { HistoryEntry } from '../protocol/history.ts';
import type { TarState, WorkerState } from '../protocol/snapshot.ts';
import { jsonProgress } from './jsonLines.ts';
import { bookParts, renderFailure, renderHeadline } from './summaryText.ts';
import { countTars, isIncomplete, type TarTotals } from '../protocol/totals.ts';
import { printable } from '../protocol/printable.ts';
import type { Paint } from './terminalText.ts';
import { standstillText } from './workerText.ts';

/** What `tarshelf status` says, for people and for programs. */

type Told = Exclude<RunStatus, { kind: 'nothing' }>;
type ToldByEngine = Exclude<Told, { kind: 'progress' }>;
type ToldByProgress = Extract<Told, { kind: 'progress' }>;

/** So many failed tars are listed; `--json` has all of them. */
const listedTars = 20;

/** So many of the last things that supervision did are listed; `--json` has all that the engine keeps. */
const listedHistory = 5;

/** @param now milliseconds since 1970 */
export function renderStatus(status: Told, stateFolder: string, paint: Paint, now = Date.now()): string[] {
  return status.kind === 'progress'
    ? renderRecords(status, stateFolder, paint)
    : renderRun(status, paint, now);
}

/** An engine that is there without a run. */
export function renderIdle(pid: number): string {
  return `An engine is there, pid ${String(pid)}, and has nothing to do; it ends by itself.`;
}

function renderRun(status: ToldByEngine, paint: Paint, now: number): string[] {
  const { run, tars, workers } = status.file.snapshot;
  const totals = countTars(tars);
  const lines = [renderState(status, paint)];
  if (status.kind === 'ended') lines.push(renderHeadline(run, totals, paint));
  if (run.failure) lines.push(paint('bad', printable(run.failure.message)));
  const row = (label: string, text: string): void => {
    lines.push(`  ${paint('dim', label.padEnd(9))} ${text}`);
  };
  const failed = totals.failed + totals.withErrors;
  row(
    'Tars',
    `${formatNumber(totals.completed)} of ${formatNumber(totals.total)} completed` +
      (failed > 0 ? `, ${formatNumber(failed)} failed` : '') +
      (totals.notInRun > 0 ? `, ${formatNumber(totals.notInRun)} not in this run` : '') +
      `; ${runShare(totals)}${formatPercent(run.doneBytes, run.totalBytes)} of ${formatBytes(run.totalBytes)}`,
  );
  row('Books', `${formatNumber(run.counts.found)} found: ${bookParts(run.counts)}`);
  if (status.kind === 'running') {
    const left = run.secondsLeft === null ? '' : `, ${formatDuration(run.secondsLeft)} left`;
    row('Rate', `${formatRate(run.bytesPerSecond)}${left}`);
  }
  run.sourceFolders.forEach((folder, index) => {
    row(index === 0 ? 'From' : '', printable(folder));
  });
  const byName = new Map(tars.map(tar => [tar.name, tar]));
  for (const worker of workers) {
    const line = renderWorker(worker, byName, status.kind);
    if (line !== null) row(`Worker ${String(worker.number)}`, line);
  }
  const notes = tars.flatMap(tar => failureOfTar(tar) ?? []);
  lines.push(...renderFailures(notes, paint), ...renderHistory(status.file.snapshot.history, paint, now));
  return lines;
}

/** Where the bytes are not those of all tars, whose they are. */
function runShare({ inRun, total }: TarTotals): string {
  return inRun.total < total
    ? `in this run ${formatNumber(inRun.ended)} of ${formatNumber(inRun.total)}, `
    : '';
}

/** The last things that supervision did, the newest last. */
function renderHistory(history: readonly HistoryEntry[], paint: Paint, now: number): string[] {
  // That an engine began or ended is no news to whoever asks how the run is.
  const entries = history.filter(({ kind }) => kind !== 'engine').slice(-listedHistory);
  if (entries.length === 0) return [];
  const ages = entries.map(({ at }) => `${formatDuration((now - Date.parse(at)) / 1000)} ago`);
  const width = Math.max(...ages.map(age => age.length));
  return [
    '',
    'Supervision:',
    ...entries.map(
      ({ message }, index) => `  ${paint('dim', (ages[index] ?? '').padEnd(width))}  ${printable(message)}`,
    ),
  ];
}

function renderState({ kind, file, savedSecondsAgo, isSilent, isLive }: ToldByEngine, paint: Paint): string {
  const saved = `saved ${formatDuration(savedSecondsAgo)} ago`;
  const engine = `pid ${String(file.pid)}`;
  switch (kind) {
    case 'running': {
      const doing = file.snapshot.run.phase === 'stopping' ? 'Stopping' : 'Running';
      if (isSilent) {
        return paint(
          'warning',
          `${doing}, but silent: ${saved}, though ${engine} is there. It hangs, or the pid is another program's by now.`,
        );
      }
      return paint('good', isLive ? `${doing}, ${engine}.` : `${doing}, ${engine}, ${saved}.`);
    }
    case 'died':
      return paint(
        'bad',
        `The engine died: ${engine} is gone, ${saved}. Nothing is lost: run the same ingest again to go on.`,
      );
    case 'ended':
      return `Ended ${formatDuration(savedSecondsAgo)} ago.`;
    default:
      return kind satisfies never;
  }
}

/** Null for a worker that there is nothing to say of. */
function renderWorker(
  worker: WorkerState,
  tars: ReadonlyMap<string, TarState>,
  kind: ToldByEngine['kind'],
): string | null {
  const tar = worker.currentTar === null ? undefined : tars.get(worker.currentTar);
  const extracted =
    tar && worker.extraction ? `, ${extractionText(worker.extraction, tar.sizeBytes)} extracted` : '';
  const where = tar
    ? `${printable(tar.name)}, ${formatPercent(tar.doneBytes, tar.sizeBytes)}${extracted}`
    : null;
  const restarts = worker.restarts > 0 ? ` (started again ${formatCount(worker.restarts, 'time')})` : '';
  if (kind === 'ended') return restarts === '' ? null : `ended${restarts}`;
  if (kind === 'died') return where === null ? null : `was at ${where}${restarts}`;
  const rate = worker.bytesPerSecond > 0 ? `, ${formatRate(worker.bytesPerSecond)}` : '';
  const standstill = standstillText(worker);
  // Why it stands still comes last: it may be a whole sentence.
  const doing = standstill?.split(':', 1)[0] ?? worker.phase;
  const why =
    standstill?.slice(doing.length) ?? (worker.health === 'slow' ? `, slow${noteText(worker)}` : '');
  return `${doing}${where === null ? '' : ` ${where}${rate}`}${restarts}${why}`;
}

function noteText({ note }: WorkerState): string {
  return note === null ? '' : `: ${printable(note)}`;
}

function failureOfTar(tar: TarState): string | null {
  if (tar.phase === 'failed') {
    return tar.failure
      ? renderFailure({ tar: tar.name, member: null, failure: tar.failure })
      : printable(tar.name);
  }
  if (tar.phase !== 'completedWithErrors') return null;
  const log = tar.worker === null ? '' : `; "tarshelf logs ${String(tar.worker)}" has the reasons`;
  return `${printable(tar.name)}: ${formatCount(tar.counts.failed, 'book')} failed${log}`;
}

function renderFailures(notes: readonly string[], paint: Paint): string[] {
  if (notes.length === 0) return [];
  const rest = notes.length - listedTars;
  return [
    '',
    paint('bad', `${formatCount(notes.length, 'failed tar')}:`),
    ...notes.slice(0, listedTars).map(note => `  ${note}`),
    ...(rest > 0 ? [paint('dim', `  … and ${formatNumber(rest)} more; --json lists all`)] : []),
  ];
}

function renderRecords(status: ToldByProgress, stateFolder: string, paint: Paint): string[] {
  const { completed, books, failed } = sumUp(status.workers);
  const lines = [
    `No engine has left its state in ${printable(stateFolder)}; this is what the progress files record.`,
    `  ${paint('dim', 'In all'.padEnd(9))} ${formatCount(completed, 'tar')} completed, ${formatCount(books, 'book')} on the shelf`,
  ];
  for (const { number, progress } of status.workers) {
    const current = progress.current_tar ? `; at ${printable(progress.current_tar)}` : '';
    lines.push(
      `  ${paint('dim', `Worker ${String(number)}`.padEnd(9))} ` +
        `${formatCount(new Set(progress.completed_tars ?? []).size, 'tar')} completed${current}`,
    );
  }
  for (const name of status.unreadable) lines.push(paint('warning', `  ${name} could not be read.`));
  const notes = failed.map(({ name, message }) => printable(`${name}: ${message ?? 'no reason recorded'}`));
  return [...lines, ...renderFailures(notes, paint)];
}

interface RecordedFailure {
  readonly name: string;
  readonly worker: number;
  readonly message: string | null;
}

function sumUp(workers: readonly WorkerRecord[]): {
  completed: number;
  books: number;
  failed: RecordedFailure[];
} {
  const completed = new Set(workers.flatMap(({ progress }) => progress.completed_tars ?? []));
  // One book may be recorded by two workers.
  const books = new Set(workers.flatMap(({ progress }) => Object.keys(progress.completed_files ?? {})));
  const failed = workers.flatMap(({ number, progress }) =>
    Object.entries(progress.tar_progress ?? {}).flatMap(([name, { status, error_message }]) =>
      (status === 'failed' || status === 'completed_with_errors') && !completed.has(name)
        ? [{ name, worker: number, message: error_message ?? null }]
        : [],
    ),
  );
  return { completed: completed.size, books: books.size, failed };
}

/** The object of `--json` where an engine is there and no run has been. */
export function jsonNothing(stateFolder: string): object {
  return { type: 'status', running: false, state: 'nothing', stateFolder };
}

/** The object of `--json`. Fields are added but never renamed or taken away. Times are ISO 8601 in UTC. */
export function jsonStatus(status: Told, stateFolder: string): object {
  if (status.kind === 'progress') {
    const { completed, books, failed } = sumUp(status.workers);
    return {
      type: 'status',
      running: false,
      state: 'progress',
      stateFolder,
      tars: { completed, failed: failed.length },
      books: { recorded: books },
      workers: status.workers.map(({ number, progress }) => ({
        number,
        completedTars: new Set(progress.completed_tars ?? []).size,
        tar: progress.current_tar,
      })),
      failedTars: failed,
      unreadable: status.unreadable,
    };
  }
  const { file, kind } = status;
  const { run, tars, workers } = file.snapshot;
  return {
    ...jsonProgress(run, tars, workers),
    type: 'status',
    running: kind === 'running',
    state: kind,
    phase: run.phase,
    silent: kind === 'running' && status.isSilent,
    pid: file.pid,
    host: file.host,
    startedAt: file.startedAt,
    savedAt: file.savedAt,
    endedAt: file.endedAt ?? null,
    sourceFolders: run.sourceFolders,
    stateFolder,
    failedTars: tars.flatMap(tar =>
      isIncomplete(tar)
        ? [
            {
              name: tar.name,
              worker: tar.worker,
              result: tar.phase,
              failedBooks: tar.counts.failed,
              failure: tar.failure,
            },
          ]
        : [],
    ),
    failure: run.failure,
    history: file.snapshot.history,
  };
}
