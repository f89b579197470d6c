import stringWidth from 'string-width';
import { formatCount, formatDuration, formatNumber, formatPercent, formatRate } from '../protocol/format.ts';
import {
  totalDuplicates,
  type BookCounts,
  type RunState,
  type TarState,
  type WorkerState,
} from '../protocol/snapshot.ts';
import { extractionText } from '../protocol/extractionText.ts';
import { stoppingText } from './stoppingText.ts';
import { countTars } from '../protocol/totals.ts';
import { padLeft, padRight, shortenEnd, shortenMiddle } from './terminalColumns.ts';
import { printable } from '../protocol/printable.ts';
import type { Paint } from './terminalText.ts';
import { standstillText } from './workerText.ts';

/** What the live display shows. */
export interface LiveView {
  /** Null until the engine has said something. */
  readonly run: RunState | null;
  readonly tars: readonly TarState[];
  readonly workers: readonly WorkerState[];
  /** The user has asked to stop. */
  readonly isStopping: boolean;
}

/** What it is shown on. */
export interface Screen {
  readonly columns: number;
  readonly rows: number;
  readonly paint: Paint;
  /** Whether the terminal has lines to draw with; else the bars are made of ASCII. */
  readonly hasLines: boolean;
}

const stoppedElsewhereText = 'The run is being ended: the books in hand are finished …';

interface Row {
  readonly label: string;
  readonly name: string;
  /** Null for a worker that has no tar, and while it extracts one: the bars count what has its outcome. */
  readonly bar: { readonly done: number; readonly total: number } | null;
  readonly rate: string;
  readonly left: string;
  readonly isTotal: boolean;
}

/** Widths of the columns; 0 leaves one out. */
interface Layout {
  readonly label: number;
  readonly name: number;
  readonly bar: number;
  readonly rate: number;
  readonly left: number;
}

const gap = '  ';
const percentWidth = '100 %'.length;
const rateWidth = '999 MB/s'.length;
const leastLeftWidth = '59 min left'.length;
const barWidths = { min: 10, max: 40 };
const usefulNameWidth = 12;

/**
 * The display as lines, none wider than the screen and no more of them than it has: a row for each worker, one
 * for the whole run in the same columns, and one with the books.
 */
export function renderLive(view: LiveView, screen: Screen): string[] {
  // The last column stays free: some terminals go to the next line as soon as it is written.
  const width = Math.max(1, screen.columns - 1);
  const fit = (tone: Parameters<Paint>[0], text: string): string =>
    screen.paint(tone, shortenEnd(text, width));
  const isStoppedElsewhere = view.run?.phase === 'stopping';
  const foot = view.isStopping
    ? [fit('warning', stoppingText)]
    : isStoppedElsewhere
      ? [fit('warning', stoppedElsewhereText)]
      : [];
  const { run } = view;
  if (!run || run.phase === 'starting')
    return [fit('dim', 'Looking at the tars and at what is on the shelf …'), ...foot];

  const room = Math.max(1, screen.rows - 3 - foot.length);
  const shown = view.workers.length <= room ? view.workers : chooseBusy(view.workers, Math.max(0, room - 1));
  const hidden = view.workers.length - shown.length;
  const byName = new Map(view.tars.map(tar => [tar.name, tar]));
  const rows = [...shown.map(worker => workerRow(worker, byName)), totalRow(run, view.tars)];
  const layout = layOut(rows, view.tars, width);
  const lines = rows.map(row => renderRow(row, layout, width, screen));
  if (hidden > 0)
    lines.splice(
      -1,
      0,
      fit('dim', `${' '.repeat(layout.label)}${gap}… and ${formatCount(hidden, 'more worker')}`),
    );
  lines.push(
    fit(run.counts.failed > 0 ? 'bad' : 'dim', `${' '.repeat(layout.label)}${gap}${booksText(run.counts)}`),
  );
  // On a terminal of hardly any lines the end counts most.
  return [...lines, ...foot].slice(-Math.max(1, screen.rows - 1));
}

/** `1,234 books uploaded · 56 already there · 1 failed`. */
function booksText(counts: BookCounts): string {
  const parts = [`${formatCount(counts.uploaded, 'book')} uploaded`];
  const duplicates = totalDuplicates(counts);
  if (duplicates > 0) parts.push(`${formatNumber(duplicates)} already there`);
  if (counts.failed > 0) parts.push(`${formatNumber(counts.failed)} failed`);
  return parts.join(' · ');
}

function chooseBusy(workers: readonly WorkerState[], count: number): WorkerState[] {
  const busyFirst = workers.toSorted((a, b) => Number(b.currentTar !== null) - Number(a.currentTar !== null));
  return busyFirst.slice(0, count).sort((a, b) => a.number - b.number);
}

function workerRow(worker: WorkerState, tars: ReadonlyMap<string, TarState>): Row {
  const label = String(worker.number);
  const tar = worker.currentTar === null ? undefined : tars.get(worker.currentTar);
  if (!tar) return { label, name: withoutTar(worker), bar: null, rate: '', left: '', isTotal: false };
  const standstill = standstillText(worker);
  // Who waits without a reason goes on in a moment, and its row is not to jump.
  if (standstill !== null && standstill !== 'waiting') {
    return {
      label,
      name: `${printable(tar.name)}: ${standstill}`,
      bar: null,
      rate: '',
      left: '',
      isTotal: false,
    };
  }
  if (worker.extraction) {
    const rate = worker.bytesPerSecond > 0 ? `, ${formatRate(worker.bytesPerSecond)}` : '';
    const name = `extracting ${printable(tar.name)}: ${extractionText(worker.extraction, tar.sizeBytes)}${rate}`;
    return { label, name, bar: null, rate: '', left: '', isTotal: false };
  }
  return {
    label,
    name: printable(tar.name),
    bar: { done: tar.doneBytes, total: tar.sizeBytes },
    rate: rateText(worker.bytesPerSecond) || paceText(worker),
    left: leftText(worker.secondsLeft),
    isTotal: false,
  };
}

function withoutTar(worker: WorkerState): string {
  const standstill = standstillText(worker);
  if (standstill !== null) return standstill;
  if (worker.phase === 'starting') return 'starting';
  return worker.phase === 'stopped' ? 'done' : 'nothing to do';
}

/** What stands in the place of a rate that is none. */
function paceText(worker: WorkerState): string {
  if (worker.phase === 'wait') return 'waiting';
  return worker.health === 'slow' ? 'slow' : '';
}

function totalRow(run: RunState, tars: readonly TarState[]): Row {
  const { inRun } = countTars(tars);
  return {
    label: 'all',
    name: `${String(inRun.ended)}/${formatCount(inRun.total, 'tar')}`,
    bar: { done: run.doneBytes, total: run.totalBytes },
    rate: rateText(run.bytesPerSecond),
    left: leftText(run.secondsLeft),
    isTotal: true,
  };
}

function rateText(bytesPerSecond: number): string {
  return bytesPerSecond > 0 ? formatRate(bytesPerSecond) : '';
}

function leftText(seconds: number | null): string {
  return seconds === null ? '' : `${formatDuration(seconds)} left`;
}

function layOut(rows: readonly Row[], tars: readonly TarState[], width: number): Layout {
  const label = Math.max(...rows.map(row => row.label.length));
  // The widest of all names and not of those shown now: the bars keep their length from tar to tar.
  const wanted = Math.max(
    ...rows.map(row => (row.bar ? stringWidth(row.name) : 0)),
    tars.reduce((widest, tar) => (tar.inRun ? Math.max(widest, stringWidth(tar.name)) : widest), 0),
  );
  const column = (columns: number): number => (columns === 0 ? 0 : columns + gap.length);
  const restAfter = (rate: number, left: number): number =>
    width - label - column(percentWidth) - column(rate) - column(left) - 2 * gap.length;
  const leftWidth = Math.max(leastLeftWidth, ...rows.map(row => row.left.length));
  const leastNeeded = Math.min(wanted, usefulNameWidth) + barWidths.min;
  const [rate, left] = [[rateWidth, leftWidth] as const, [rateWidth, 0] as const, [0, 0] as const].find(
    ([r, l]) => restAfter(r, l) >= leastNeeded,
  ) ?? [0, 0];
  const rest = restAfter(rate, left);
  // No room for a bar: its column goes to the names.
  if (rest < leastNeeded) return { label, name: Math.max(0, rest + gap.length), bar: 0, rate, left };
  const bar = Math.min(barWidths.max, Math.max(barWidths.min, rest - wanted));
  return { label, name: Math.min(wanted, rest - bar), bar, rate, left };
}

function renderRow(row: Row, layout: Layout, width: number, screen: Screen): string {
  const { paint } = screen;
  const label = padLeft(row.label, layout.label);
  if (!row.bar) return paint('dim', shortenEnd(`${label}${gap}${row.name}`, width));
  if (layout.bar === 0) {
    const name = padRight(shortenMiddle(row.name, layout.name), layout.name);
    const percent = padLeft(formatPercent(row.bar.done, row.bar.total), percentWidth);
    return shortenEnd([label, name, percent].join(gap), width);
  }
  const cells = [
    paint(row.isTotal ? 'strong' : 'dim', label),
    paint(row.isTotal ? 'strong' : 'plain', padRight(shortenMiddle(row.name, layout.name), layout.name)),
    renderBar(row.bar, layout.bar, screen),
    padLeft(formatPercent(row.bar.done, row.bar.total), percentWidth),
  ];
  if (layout.rate > 0) cells.push(padLeft(row.rate, layout.rate));
  if (layout.left > 0) cells.push(paint('dim', row.left));
  return cells.join(gap).trimEnd();
}

function renderBar(bar: { done: number; total: number }, width: number, { paint, hasLines }: Screen): string {
  const share = bar.total > 0 ? Math.min(1, Math.max(0, bar.done / bar.total)) : 1;
  const full = Math.floor(share * width);
  return (
    paint(share === 1 ? 'good' : 'accent', (hasLines ? '━' : '#').repeat(full)) +
    paint('dim', (hasLines ? '─' : '.').repeat(width - full))
  );
}
