import type { FailedBook } from '../protocol/progressFile.ts';
import { rowId, type GroupRow, type TarRow, type TarsRow } from './tarsRow.ts';

/** Rows that a group, or a tar with failed books, shows at first, and more each time that more are asked for. */
export const rowsAtATime = 100;

/** The rows of the "Tars" view, each made once: VS Code knows them by identity. */
export class TarRows {
  readonly #rows = new Map<string, TarsRow>();
  /** How many rows are shown below a row, where those are not the first ones only. */
  readonly #shown = new Map<TarsRow, number>();

  get size(): number {
    return this.#rows.size;
  }

  tar(tar: string): TarRow {
    return this.of({ kind: 'tar', tar });
  }

  book(tar: string, book: FailedBook): TarsRow {
    const row = { kind: 'book', tar, book } as const;
    const known = this.#rows.get(rowId(row));
    // Another try may have given another reason.
    if (known?.kind === 'book' && isSame(known.book, book)) return known;
    return this.#keep(row);
  }

  note(tar: string, text: string): TarsRow {
    return this.#keep({ kind: 'note', tar, text });
  }

  /** The one that is there by the id of this one, or else this one, from now on. */
  of<R extends TarsRow>(row: R): R {
    const known = this.#rows.get(rowId(row));
    // An id begins with its kind.
    return known ? (known as R) : this.#keep(row);
  }

  /** Whether a row is one of these, and none of an earlier run that VS Code still has. */
  has(row: unknown): row is TarsRow {
    return [...this.#rows.values()].some(each => each === row);
  }

  shownBelow(row: TarsRow): number {
    return this.#shown.get(row) ?? rowsAtATime;
  }

  showMoreBelow(row: GroupRow | TarRow): void {
    this.#shown.set(row, this.shownBelow(row) + rowsAtATime);
  }

  /** Forgets the rows of all tars but those that are there; these, and the groups, stay the same. */
  forgetBut(isThere: (tar: string) => boolean): void {
    for (const [id, row] of this.#rows) {
      const tar = tarOf(row);
      if (tar === undefined || isThere(tar)) continue;
      this.#rows.delete(id);
      this.#shown.delete(row);
    }
  }

  #keep<R extends TarsRow>(row: R): R {
    this.#rows.set(rowId(row), row);
    return row;
  }
}

function tarOf(row: TarsRow): string | undefined {
  switch (row.kind) {
    case 'group':
      return undefined;
    case 'tar':
    case 'book':
    case 'note':
      return row.tar;
    case 'more':
      return tarOf(row.of);
    default:
      return row satisfies never;
  }
}

function isSame(a: FailedBook, b: FailedBook): boolean {
  return a.code === b.code && a.message === b.message && a.attempts === b.attempts && a.file === b.file;
}
