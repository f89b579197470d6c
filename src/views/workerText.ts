import { formatBytes, formatCount, formatNumber, formatRate } from '../protocol/format.ts';
import type { WorkerHealth, WorkerPhase, WorkerState } from '../protocol/snapshot.ts';
import type { RunView } from './engineReader.ts';

/** How a worker is shown: its own phases, and `finished` for one that ended because nothing was left for it. */
export type WorkerLook = WorkerPhase | 'finished';

/** What is known of a worker: without its engine it is gone, whatever was said last. */
export function workerLook(worker: WorkerState, run: RunView['kind']): WorkerLook {
  const { phase } = worker;
  switch (run) {
    case 'starting':
    case 'stopping':
      return phase;
    case 'running':
      return phase === 'stopped' ? 'finished' : phase;
    case 'finished':
      return phase === 'died' ? 'died' : 'finished';
    case 'none':
    case 'stopped':
    case 'lost':
      return phase === 'died' ? 'died' : 'stopped';
    default:
      return run satisfies never;
  }
}

const doing: Record<WorkerLook, string> = {
  starting: 'starting',
  idle: 'idle',
  index: 'reading',
  extract: 'extracting',
  scan: 'reading',
  hash: 'comparing',
  upload: 'uploading',
  wait: 'waiting: see the log',
  stopping: 'stopping',
  stopped: 'stopped',
  finished: 'finished',
  paused: 'paused',
  died: 'starting again',
};

/** The looks that belong to the work on a tar. */
const atTar: ReadonlySet<WorkerLook> = new Set(['index', 'extract', 'scan', 'hash', 'upload', 'stopping']);

export function workerLabel(number: number): string {
  return `Worker ${String(number)}`;
}

/** The words beside a worker's name: `uploading · books-1.tar · 12 MB/s · 1 restart`. */
export function workerDescription(worker: WorkerState, look: WorkerLook): string {
  const parts = [doing[look]];
  if (atTar.has(look)) {
    if (worker.currentTar !== null) parts.push(worker.currentTar);
    if (worker.extraction) {
      parts.push(`${formatBytes(worker.extraction.bytes)}, ${formatCount(worker.extraction.files, 'file')}`);
    }
    if (worker.bytesPerSecond > 0) parts.push(formatRate(worker.bytesPerSecond));
  }
  if (worker.restarts > 0) parts.push(formatCount(worker.restarts, 'restart'));
  if (worker.health !== 'well' && atTar.has(look)) parts.push(healthText[worker.health]);
  return parts.join(' · ');
}

const healthText: Record<Exclude<WorkerHealth, 'well'>, string> = {
  slow: 'nothing has moved for a while',
  stuck: 'stuck, being started again',
  silent: 'does not answer, being started again',
};

/** The rows of a worker's tooltip: what is counted, and its value. */
export function workerDetails(worker: WorkerState, alive: boolean): (readonly [string, string])[] {
  const rows: (readonly [string, string])[] = [['Assigned', formatCount(worker.assignedTars.length, 'tar')]];
  if (alive && worker.pid !== null) rows.push(['Process', String(worker.pid)]);
  if (alive && worker.memoryBytes !== null) rows.push(['Memory', formatBytes(worker.memoryBytes)]);
  rows.push(['Restarts in 24 hours', formatNumber(worker.restarts)]);
  if (worker.note !== null) rows.push(['Note', worker.note]);
  return rows;
}
