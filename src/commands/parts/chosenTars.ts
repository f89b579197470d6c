/** A row that stands for a failed book: a member of a tar. */
export interface BookRow {
  readonly tar: string;
  readonly member: string;
}

/** What the rows that a command was called on stand for; rows of other kinds are left out. */
export interface ChosenRows {
  /** Of the rows that are tars, each once. */
  readonly tars: readonly string[];
  readonly books: readonly BookRow[];
}

/**
 * Reads tars and failed books out of the rows of a view. A row of a tar has `tar`, or is its name;
 * that of a book has `member` too.
 *
 * @param args what a menu hands over: the row, and all chosen rows
 */
export function chosenRows(args: readonly unknown[]): ChosenRows {
  const [row, rows] = args;
  const tars = new Set<string>();
  const books: BookRow[] = [];
  for (const each of Array.isArray(rows) && rows.length > 0 ? (rows as unknown[]) : [row]) {
    const tar = typeof each === 'string' ? each : textOf(each, 'tar');
    if (tar === undefined) continue;
    const member = textOf(each, 'member') ?? textOf(each, 'book');
    if (member === undefined) tars.add(tar);
    else books.push({ tar, member });
  }
  return { tars: [...tars], books };
}

/** A text that a row has under a name. */
export function textOf(row: unknown, name: string): string | undefined {
  if (typeof row !== 'object' || row === null) return undefined;
  const value: unknown = Reflect.get(row, name);
  if (typeof value === 'string') return value;
  // A row of a book may carry the whole record of it.
  if (name === 'book' && typeof value === 'object' && value !== null) return textOf(value, 'file');
  return undefined;
}
