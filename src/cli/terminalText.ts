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
