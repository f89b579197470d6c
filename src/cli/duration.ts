import { TarshelfError } from '../protocol/errors.ts';
import { formatNumber } from '../protocol/format.ts';

const secondsOf: Readonly<Record<string, number>> = { '': 1, s: 1, m: 60, h: 3600 };

/**
 * Seconds of a time as people write it: `90`, `90s`, `15m`, `2h`.
 *
 * @param name of the option, for the message
 * @throws TarshelfError `USAGE`
 */
export function parseDuration(
  name: string,
  text: string,
  { min, max }: { min: number; max: number },
): number {
  const match = /^(\d{1,9})([smh]?)$/.exec(text);
  const seconds = Number(match?.[1]) * (secondsOf[match?.[2] ?? ''] ?? NaN);
  if (seconds >= min && seconds <= max) return seconds;
  throw new TarshelfError(
    'USAGE',
    `${name} takes a time from ${formatNumber(min)} to ${formatNumber(max)} seconds, such as 90s, 15m or 2h, not "${text}".`,
  );
}
