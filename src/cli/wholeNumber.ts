import { TarshelfError } from '../protocol/errors.ts';

export interface Bounds {
  readonly min: number;
  readonly max: number;
  readonly default: number;
}

/**
 * The number that an option was given, or its default.
 *
 * @param name of the option, for the message
 * @throws TarshelfError `USAGE`
 */
export function wholeNumber(
  name: string,
  text: string | undefined,
  { min, max, default: usual }: Bounds,
): number {
  if (text === undefined) return usual;
  const number = /^\d+$/.test(text) ? Number(text) : NaN;
  if (!(number >= min && number <= max)) {
    throw new TarshelfError(
      'USAGE',
      `${name} takes a whole number from ${String(min)} to ${String(max)}, not "${text}".`,
    );
  }
  return number;
}
