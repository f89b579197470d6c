import type { WorkerState } from '../protocol/snapshot.ts';
import { printable } from '../protocol/printable.ts';

/** Why a worker does not get on, in plain words; null for one that does, or that has nothing to do. */
export function standstillText(worker: WorkerState): string | null {
  const why = worker.note === null ? '' : `: ${printable(worker.note)}`;
  switch (worker.health) {
    case 'stuck':
      return `stuck${why}`;
    case 'silent':
      return `not heard of${why}`;
    case 'well':
    case 'slow':
      break;
    default:
      worker.health satisfies never;
  }
  switch (worker.phase) {
    case 'paused':
      return `paused${why}`;
    case 'died':
      return `ended unexpectedly${why}`;
    case 'stopping':
      return `stopping${why}`;
    case 'wait':
      return `waiting${why}`;
    case 'starting':
    case 'idle':
    case 'index':
    case 'extract':
    case 'scan':
    case 'hash':
    case 'upload':
    case 'stopped':
      return null;
    default:
      return worker.phase satisfies never;
  }
}
