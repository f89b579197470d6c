import { styleText } from 'node:util';
import stringWidth from 'string-width';

/** Text as a terminal shows it: its width in columns, made to fit, coloured. */

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

const segmenter = new Intl.Segmenter();

/** Makes a text fit by taking out its middle: names of tars differ at their ends. */
export function shortenMiddle(text: string, columns: number): string {
  if (stringWidth(text) <= columns) return text;
  if (columns < 1) return '';
  const characters = [...segmenter.segment(text)].map(part => part.segment);
  const room = columns - 1;
  const tail = takeColumns(characters.toReversed(), Math.floor(room / 2)).reverse();
  const head = takeColumns(characters, room - stringWidth(tail.join('')));
  return `${head.join('')}…${tail.join('')}`;
}

/** Makes a text fit by taking away its end. */
export function shortenEnd(text: string, columns: number): string {
  if (stringWidth(text) <= columns) return text;
  if (columns < 1) return '';
  const characters = [...segmenter.segment(text)].map(part => part.segment);
  return `${takeColumns(characters, columns - 1).join('')}…`;
}

/** Fills up with blanks on the right. */
export function padRight(text: string, columns: number): string {
  return text + ' '.repeat(Math.max(0, columns - stringWidth(text)));
}

/** Fills up with blanks on the left. */
export function padLeft(text: string, columns: number): string {
  return ' '.repeat(Math.max(0, columns - stringWidth(text))) + text;
}

function takeColumns(characters: readonly string[], columns: number): string[] {
  const taken: string[] = [];
  let left = columns;
  for (const character of characters) {
    left -= stringWidth(character);
    if (left < 0) break;
    taken.push(character);
  }
  return taken;
}
