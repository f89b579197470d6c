import { booksCount, tarsCount, workersCount } from '../../text/countText.ts';
import { destinationName } from '../../text/destinationName.ts';
import { t } from '../../text/localize.ts';
import { formatBytes, formatPercent } from '../../protocol/format.ts';
import type { DestinationOptions } from '../../protocol/ingestOptions.ts';
import type { Plan, PlannedTar } from '../../protocol/plan.ts';
import { foldersText } from '../../protocol/sourceFolders.ts';

/** The tars that a run would read. */
export function tarsToRead({ tars }: Plan): PlannedTar[] {
  return tars.filter(tar => tar.state !== 'completed');
}

/** What a run would do, in one line. */
export function planTitle(plan: Plan, destination: DestinationOptions): string {
  const open = tarsToRead(plan);
  const left = open.reduce((sum, tar) => sum + tar.sizeBytes - tar.doneBytes, 0);
  return t(
    'Launch: {0} with {1} to read · {2} · to {3}',
    tarsCount(open.length),
    formatBytes(left),
    workersCount(Math.min(plan.workers, Math.max(1, open.length))),
    destinationName(destination),
  );
}

/** What there is room for, in one line; whether it is too little. */
export function planSpace({ mode, freeBytes, extractBytes }: Plan): { text: string; isTight: boolean } {
  if (freeBytes === null) return { text: t('Tick the tars to read'), isTight: false };
  const free = t('{0} free on the disk of the state folder', formatBytes(freeBytes));
  if (mode !== 'extract') return { text: free, isTight: false };
  const isTight = freeBytes < extractBytes;
  const needs = t('extracting takes up to {0}', formatBytes(extractBytes));
  return {
    text: isTight ? t('Too little room: {0}, and {1}', free, needs) : t('{0}; {1}', free, needs),
    isTight,
  };
}

/** What a person should see before a launch, in one line. */
export function planHint(plan: Plan): string {
  const { text, isTight } = planSpace(plan);
  const space = isTight ? `⚠ ${text}` : text;
  const { emptyFolders } = plan;
  if (emptyFolders.length === 0) return space;
  return `⚠ ${t('No tars in {0}: is the disk connected?', foldersText(emptyFolders))} · ${space}`;
}

/** What is to be done with a tar, and by whom. */
export function plannedTarText({ state, sizeBytes, doneBytes, failedBooks, worker }: PlannedTar): string {
  const parts = [formatBytes(sizeBytes)];
  switch (state) {
    case 'completed':
      parts.push(t('done by an earlier run'));
      break;
    case 'begun':
      parts.push(t('{0} done', formatPercent(doneBytes, sizeBytes)));
      break;
    case 'failed':
      parts.push(
        failedBooks > 0 ? t('{0} failed, tried again', booksCount(failedBooks)) : t('failed, tried again'),
      );
      break;
    case 'new':
      break;
    default:
      state satisfies never;
  }
  if (worker !== null) parts.push(t('worker {0}', worker));
  return parts.join(' · ');
}
