import { styleText } from 'node:util';

/** Text as a terminal may show it: on one line, coloured. How wide it is: `terminalColumns.ts`. */

export type Tone = 'plain' | 'strong' | 'dim' | 'good' | 'bad' | 'warning' | 'accent';

/** Puts a tone on a text, or leaves it as it is where colours are not wanted. */
export type Paint = (tone: Tone, text: string) => string;

const formats = {
  strong: 'bold',
  dim: 'dim',
  good: 'green',
  bad: 'red',
  warning: 'yellow',
  accent: 'cyan',
} as const;

export const paintPlain: Paint = (_tone, text) => text;

export const paintColours: Paint = (tone, text) =>
  tone === 'plain' || text === '' ? text : styleText(formats[tone], text, { validateStream: false });

// Control characters, line and paragraph separators, and the marks that turn the direction of text: a member's
// name may hold any of them, and none may move the cursor or make one name look like another.
const unprintable = /[\p{Cc}\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

/** The text on one line, with nothing in it that a terminal would obey. */
export function printable(text: string): string {
  return text.replace(unprintable, '\ufffd');
}
