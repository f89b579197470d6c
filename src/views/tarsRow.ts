import type { FailedBook } from '../protocol/progressFile.ts';
import type { TarGroup } from './tarGroups.ts';

/**
 * A row of the "Tars" view. VS Code knows rows by identity, so that each is made once and kept, and says nothing
 * that may change.
 *
 *   group  ─▶ tar ─▶ book    that failed
 *                └─▶ note    why there is none to see
 *         └─▶ more           the rest of a big group; of the failed books of a tar, too
 */
export type TarsRow =
  | { readonly kind: 'group'; readonly group: TarGroup }
  | { readonly kind: 'tar'; readonly tar: string }
  | { readonly kind: 'book'; readonly tar: string; readonly book: FailedBook }
  | { readonly kind: 'note'; readonly tar: string; readonly text: string }
  | { readonly kind: 'more'; readonly of: GroupRow | TarRow };

export type GroupRow = Extract<TarsRow, { kind: 'group' }>;
export type TarRow = Extract<TarsRow, { kind: 'tar' }>;

/** The id by which VS Code keeps what is chosen, opened and in sight. */
export function rowId(row: TarsRow): string {
  switch (row.kind) {
    case 'group':
      return `group/${row.group}`;
    case 'tar':
      return `tar/${row.tar}`;
    case 'book':
      return `book/${String(row.book.header_offset)}/${row.tar}`;
    case 'note':
      return `note/${row.tar}`;
    case 'more':
      return `more/${rowId(row.of)}`;
    default:
      return row satisfies never;
  }
}
