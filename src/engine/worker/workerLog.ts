import { formatBytes, formatCount, formatNumber } from '../../protocol/format.ts';
import { totalDuplicates } from '../../protocol/snapshot.ts';
import type { WorkerEvent } from '../../protocol/workerMessages.ts';
import { skippedText } from '../../protocol/skipReason.ts';
import type { EventLog } from '../system/eventLog.ts';

const results = {
  completed: 'completed',
  completedWithErrors: 'read to its end, with failed books',
  failed: 'failed',
  stopped: 'stopped before its end',
} as const satisfies Record<Extract<WorkerEvent, { type: 'tar:ended' }>['result'], string>;

/** Puts into a worker's log what a person would look for there of what the worker tells its engine. */
export function logWorkerEvent(event: WorkerEvent, log: Pick<EventLog, 'info' | 'warn' | 'error'>): void {
  switch (event.type) {
    case 'book:failed':
      log.warn(`book failed: ${event.tar} › ${event.member}: ${event.failure.message}`);
      break;
    case 'tar:ended': {
      const { name, result, counts, doneBytes, failure } = event;
      const text = [
        `tar ${name} ${results[result]}`,
        `${formatBytes(doneBytes)} read`,
        `${formatCount(counts.found, 'book')} found: ${formatNumber(counts.uploaded)} uploaded, ` +
          `${formatNumber(totalDuplicates(counts))} already there, ${formatNumber(counts.failed)} failed`,
        `${formatCount(counts.skipped, 'file')} skipped${counts.skippedBy ? ` (${skippedText(counts.skippedBy)})` : ''}`,
        ...(failure ? [failure.message] : []),
      ].join('; ');
      if (result === 'failed') log.error(text);
      else if (result === 'completedWithErrors') log.warn(text);
      else log.info(text);
      break;
    }
    case 'notice':
      log.warn(event.message);
      break;
    case 'worker:waiting':
      log.error(`waiting: ${event.failure.message}`);
      break;
    case 'worker:unable':
      log.error(event.failure.message);
      break;
    case 'worker:resumed':
      log.info('goes on');
      break;
    case 'worker:ready':
    case 'worker:health':
    case 'tar:progress':
    case 'claim:request':
    case 'claim:outcomes':
    case 'share:possible':
    case 'share:offer':
    case 'share:outcomes':
    case 'share:ended':
      break;
    default:
      event satisfies never;
  }
}
