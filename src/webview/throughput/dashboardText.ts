import { booksCount } from '../../text/countText.ts';
import { t } from '../../text/localize.ts';
import { formatBytes, formatDuration, formatNumber, formatPercent } from '../../protocol/format.ts';
import {
  workPhases,
  type PhaseSeconds,
  type ThroughputPoint,
  type WorkPhase,
} from '../../protocol/throughput.ts';
import type { ThroughputState } from '../../protocol/throughputMessages.ts';
import { timeLeft } from './timeLeft.ts';

/** How the run stands, in one sentence; empty where the numbers say it. */
export function stateText({ kind }: ThroughputState, hasHistory: boolean): string {
  switch (kind) {
    case 'none':
      return t('There is no run yet. Launch one, and its throughput appears here.');
    case 'starting':
      return t('Starting the engine and looking for tars…');
    case 'running':
      return hasHistory ? '' : t('The first numbers come in a moment…');
    case 'stopping':
      return t('Stopping: the books in hand are finished first.');
    case 'finished':
      return hasHistory
        ? t('The run has finished.')
        : t('The run has finished, and its charts went with its engine.');
    case 'stopped':
      return hasHistory
        ? t('The run was stopped. The next launch goes on where it was.')
        : t(
            'The run was stopped, and its charts went with its engine. The next launch goes on where it was.',
          );
    case 'lost':
      return t('The engine ended unexpectedly. Nothing is lost: launch again to go on.');
    default:
      return kind satisfies never;
  }
}

/** `5 h, ± 40 min`; what is long and unsure is said by less digits. */
export function timeLeftText(secondsLeft: number | null, hour: readonly ThroughputPoint[]): string {
  if (secondsLeft === null) return t('not known yet');
  const { seconds, plusMinus } = timeLeft(secondsLeft, hour);
  if (plusMinus === null) return t('{0}, too early to say how sure', formatDuration(seconds));
  if (plusMinus < 1) return formatDuration(seconds);
  if (plusMinus > seconds) return t('{0}, very unsure', formatDuration(roughly(seconds)));
  return t('{0}, ± {1}', formatDuration(seconds), formatDuration(roughly(plusMinus)));
}

/** To two digits at most: no more of an uncertainty is known. */
function roughly(seconds: number): number {
  const step = seconds < 60 ? 1 : seconds < 3600 ? 60 : seconds < 36_000 ? 600 : 3600;
  return Math.max(step, Math.round(seconds / step) * step);
}

export function doneText(doneBytes: number, totalBytes: number): string {
  return t(
    '{0} of {1} ({2})',
    formatBytes(doneBytes),
    formatBytes(totalBytes),
    formatPercent(doneBytes, totalBytes),
  );
}

/** What workers do in a phase, as a noun of its own. */
export function phaseName(phase: WorkPhase): string {
  switch (phase) {
    case 'index':
      return t('Finding the files in tars');
    case 'extract':
      return t('Extracting');
    case 'scan':
      return t('Looking for books');
    case 'hash':
      return t('Comparing with known books');
    case 'upload':
      return t('Uploading');
    case 'wait':
      return t('Waiting');
    default:
      return phase satisfies never;
  }
}

export interface PhaseShare {
  readonly phase: WorkPhase;
  /** Of the time of all phases, from 0 to 1. */
  readonly share: number;
}

/** The phases that took time, the longest first. */
export function phaseShares(all: readonly PhaseSeconds[]): PhaseShare[] {
  const seconds = workPhases.map((_, index) => all.reduce((sum, spent) => sum + (spent[index] ?? 0), 0));
  const whole = seconds.reduce((sum, each) => sum + each, 0);
  if (whole === 0) return [];
  return workPhases
    .map((phase, index) => ({ phase, share: (seconds[index] ?? 0) / whole }))
    .filter(({ share }) => share > 0)
    .sort((a, b) => b.share - a.share);
}

export function slowestText(shares: readonly PhaseShare[]): string {
  const [slowest] = shares;
  if (!slowest) return t('not known yet');
  return t('{0}: {1} of the time', phaseName(slowest.phase), formatPercent(slowest.share, 1));
}

export function duplicatesText(own: number, others: number, destination: number): string {
  const all = formatNumber(own + others + destination);
  const parts = [
    ...(own > 0 ? [t('{0} by their own worker', formatNumber(own))] : []),
    ...(others > 0 ? [t('{0} by other workers', formatNumber(others))] : []),
    ...(destination > 0 ? [t('{0} on the shelf', formatNumber(destination))] : []),
  ];
  return parts.length === 0 ? all : `${all} (${parts.join(', ')})`;
}

export function failedText(failed: number): string {
  return failed === 0 ? t('none') : booksCount(failed);
}
