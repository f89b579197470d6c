import { t } from '../text/localize.ts';
import { formatBytes, formatNumber, formatRate } from '../protocol/format.ts';
import type { Extraction, WorkerHealth, WorkerState } from '../protocol/snapshot.ts';
import { workPhases } from '../protocol/throughput.ts';
import { pausedByPerson } from '../protocol/workerNotes.ts';
import { filesCount, restartsCount, tarsCount } from '../text/countText.ts';
import { workerLookText, type WorkerLook } from '../text/workerLook.ts';
import type { RunView } from './engineReader.ts';

/** What a person must see before what the worker does: the trouble that it has, if any. */
export type WorkerTrouble = Exclude<WorkerHealth, 'well'> | 'gaveUp';

/** What is known of a worker: without its engine it is gone, whatever was said last. */
export function workerLook(worker: WorkerState, run: RunView['kind']): WorkerLook {
  const { phase } = worker;
  switch (run) {
    case 'starting':
      return phase;
    case 'stopping':
      return phase === 'died' ? 'ended' : phase;
    case 'running':
      return phase === 'stopped' ? 'finished' : phase;
    case 'finished':
      return phase === 'died' ? 'ended' : 'finished';
    case 'none':
    case 'stopped':
    case 'lost':
      return phase === 'died' ? 'ended' : 'stopped';
    default:
      return run satisfies never;
  }
}

/** The looks that belong to the work on a tar. */
const atTar: ReadonlySet<WorkerLook> = new Set([
  'index',
  'extract',
  'scan',
  'hash',
  'upload',
  'wait',
  'stopping',
]);
/** The looks without a process: what was measured of one is of the past. */
const withoutProcess: ReadonlySet<WorkerLook> = new Set(['stopped', 'finished', 'paused', 'died', 'ended']);

/** The looks between which a worker changes all the time, many times a second where tars are small. */
const atWork: ReadonlySet<WorkerLook> = new Set<WorkerLook>(['idle', ...workPhases]);

/**
 * The kind and state of a worker's row. What it is at while it works makes no other row: drawn anew at each step, the
 * row would never show its hover.
 */
export function workerContext(look: WorkerLook): string {
  return `worker;${atWork.has(look) ? 'working' : look}`;
}

export function workerTrouble(worker: WorkerState, look: WorkerLook): WorkerTrouble | undefined {
  if (look === 'paused' && isGivenUp(worker)) return 'gaveUp';
  return worker.health !== 'well' && atTar.has(look) ? worker.health : undefined;
}

/** Whether a worker was paused because it was started again too often: it stays so until a person looks after it. */
export function isGivenUp({ phase, note }: WorkerState): boolean {
  return phase === 'paused' && note !== null && note !== pausedByPerson;
}

function troubleText(trouble: WorkerTrouble): string {
  switch (trouble) {
    case 'slow':
      return t('nothing has moved for a while');
    case 'stuck':
      return t('stuck, being started again');
    case 'silent':
      return t('does not answer, being started again');
    case 'gaveUp':
      return t('started again too often');
    default:
      return trouble satisfies never;
  }
}

/** The same for a row, which a side bar of the usual width shows whole. */
function shortTroubleText(trouble: WorkerTrouble): string {
  switch (trouble) {
    case 'slow':
      return t('nothing moves');
    case 'stuck':
      return t('stuck, restarting');
    case 'silent':
      return t('no answer, restarting');
    case 'gaveUp':
      return t('too many restarts');
    default:
      return trouble satisfies never;
  }
}

export function workerLabel(number: number): string {
  return t('Worker {0}', number);
}

/**
 * The words beside a worker's name: `uploading · 12 MB/s · ↻ 1`. A side bar of the usual width has room for some twenty
 * letters: what else is known stands in the hover, and beside the tars below.
 */
export function workerDescription(worker: WorkerState, look: WorkerLook): string {
  const trouble = workerTrouble(worker, look);
  const parts = [trouble ? shortTroubleText(trouble) : workerLookText(look)];
  if (!trouble && atTar.has(look) && worker.bytesPerSecond > 0) parts.push(formatRate(worker.bytesPerSecond));
  if (worker.restarts > 0) parts.push(`↻ ${formatNumber(worker.restarts)}`);
  return parts.join(' · ');
}

/** All of it in words, where there is room: `uploading · books-1.tar · 12 MB/s · 180 MB memory · 1 restart`. */
export function workerSummary(worker: WorkerState, look: WorkerLook): string {
  const trouble = workerTrouble(worker, look);
  const parts = [workerLookText(look)];
  if (trouble) parts.push(troubleText(trouble));
  if (atTar.has(look)) {
    if (worker.currentTar !== null) parts.push(worker.currentTar);
    if (look === 'extract' && worker.extraction) parts.push(extractedText(worker.extraction));
    if (worker.bytesPerSecond > 0) parts.push(formatRate(worker.bytesPerSecond));
  }
  if (worker.memoryBytes !== null && !withoutProcess.has(look)) {
    parts.push(t('{0} memory', formatBytes(worker.memoryBytes)));
  }
  if (worker.restarts > 0) parts.push(restartsCount(worker.restarts));
  return parts.join(' · ');
}

function extractedText({ bytes, files }: Extraction): string {
  return `${formatBytes(bytes)}, ${filesCount(files)}`;
}

/** The rows of a worker's tooltip: what is counted, and its value. Why it is as it is, is the engine's note. */
export function workerDetails(
  worker: WorkerState,
  look: WorkerLook,
  alive: boolean,
): (readonly [string, string])[] {
  const rows: (readonly [string, string])[] = [[t('State'), workerLookText(look)]];
  const trouble = workerTrouble(worker, look);
  if (trouble) rows.push([t('Trouble'), troubleText(trouble)]);
  if (worker.currentTar !== null && atTar.has(look)) rows.push([t('Tar'), worker.currentTar]);
  if (look === 'extract' && worker.extraction) rows.push([t('Extracted'), extractedText(worker.extraction)]);
  rows.push([t('Assigned'), tarsCount(worker.assignedTars.length)]);
  if (alive && !withoutProcess.has(look)) {
    rows.push([t('Rate'), formatRate(worker.bytesPerSecond)]);
    if (worker.pid !== null) rows.push([t('Process'), String(worker.pid)]);
    if (worker.memoryBytes !== null) rows.push([t('Memory'), formatBytes(worker.memoryBytes)]);
  }
  rows.push([t('Restarts in 24 hours'), formatNumber(worker.restarts)]);
  return rows;
}
