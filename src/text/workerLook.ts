import { engineText } from './engineText.ts';
import { t } from './localize.ts';
import type { WorkerPhase, WorkerState } from '../protocol/snapshot.ts';

/**
 * How a worker is shown: its own phases, `finished` for one that ended because nothing was left for it, and `ended` for one
 * that died, and that nobody starts again any more.
 */
export type WorkerLook = WorkerPhase | 'finished' | 'ended';

/** What it does, in one or two words. */
export function workerLookText(look: WorkerLook): string {
  switch (look) {
    case 'starting':
      return t('starting');
    case 'idle':
      return t('idle');
    case 'index':
    case 'scan':
      return t('reading');
    case 'extract':
      return t('extracting');
    case 'hash':
      return t('comparing');
    case 'upload':
      return t('uploading');
    case 'wait':
      return t('waiting');
    case 'stopping':
      return t('stopping');
    case 'stopped':
      return t('stopped');
    case 'finished':
      return t('finished');
    case 'paused':
      return t('paused');
    case 'died':
      return t('starting again');
    case 'ended':
      return t('ended unexpectedly');
    default:
      return look satisfies never;
  }
}

/** The engine's note. */
export function workerNote({ note }: WorkerState): string | null {
  return note === null ? null : engineText(note);
}
