import { supervisionLimits, type SupervisionName } from '../protocol/supervision.ts';
import { parseDuration } from './duration.ts';
import { wholeNumber } from './wholeNumber.ts';

/** The options of `tarshelf ingest` that say how workers are watched. Times are such as 90s, 15m, 2h. */
export const supervisionOptionTable = {
  'min-workers': { value: 'N', help: 'so many work in any case (default: 1)' },
  'max-restarts': { value: 'N', help: 'restarts of a worker in 24 hours (default: 3)' },
  'worker-memory': { value: 'MB', help: 'a worker may hold so much (default: 1024)' },
  'stuck-upload': { value: 'TIME', help: 'restarted if nothing moves (default: 15m)' },
  'stuck-read': { value: 'TIME', help: 'the same while it reads (default: 30m)' },
  'silent-after': { value: 'TIME', help: 'restarted if not heard of (default: 60s)' },
  'gentle-stop': { value: 'TIME', help: 'to finish the book in hand (default: 30s)' },
  'check-every': { value: 'TIME', help: 'how often workers are looked at (default: 10s)' },
} as const;

type OptionName = keyof typeof supervisionOptionTable;

const settings: readonly { option: OptionName; name: SupervisionName; isTime: boolean }[] = [
  { option: 'min-workers', name: 'minWorkers', isTime: false },
  { option: 'max-restarts', name: 'restartsPerDay', isTime: false },
  { option: 'worker-memory', name: 'workerMemoryMb', isTime: false },
  { option: 'stuck-upload', name: 'uploadStuckSeconds', isTime: true },
  { option: 'stuck-read', name: 'discoverStuckSeconds', isTime: true },
  { option: 'silent-after', name: 'silentSeconds', isTime: true },
  { option: 'gentle-stop', name: 'gentleStopSeconds', isTime: true },
  { option: 'check-every', name: 'checkSeconds', isTime: true },
];

/**
 * What was set of it; undefined where nothing was, so that the engine's own defaults hold.
 *
 * @throws TarshelfError `USAGE`
 */
export function readSupervision(given: {
  value(name: OptionName): string | undefined;
}): Partial<Record<SupervisionName, number>> | undefined {
  const set: Partial<Record<SupervisionName, number>> = {};
  for (const { option, name, isTime } of settings) {
    const text = given.value(option);
    if (text === undefined) continue;
    const limits = supervisionLimits[name];
    set[name] = isTime
      ? parseDuration(`--${option}`, text, limits)
      : wholeNumber(`--${option}`, text, limits);
  }
  return Object.keys(set).length === 0 ? undefined : set;
}
