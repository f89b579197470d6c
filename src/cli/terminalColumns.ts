import stringWidth from 'string-width';

/** Text in the columns of a terminal: its width, made to fit. What counts columns takes long to load. */

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
