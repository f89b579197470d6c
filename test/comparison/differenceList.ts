import { readFileSync } from 'node:fs';
import path from 'node:path';
import { rootFolder } from '../../scripts/paths.ts';

export const listFile = path.join(rootFolder, 'docs', 'calibre-comparison.md');

export interface Difference {
  readonly book: string;
  readonly field: string;
  readonly calibre: string;
  readonly ours: string;
}

export interface ListedDifference extends Difference {
  readonly reason: string;
}

/** The rows of the table in docs/calibre-comparison.md. A `*` in the name of a book stands for any text. */
export function listedDifferences(): ListedDifference[] {
  const rows = readFileSync(listFile, 'utf8')
    .split('\n')
    .filter(line => line.startsWith('| ') && !/^\| (?:book\b|-)/.test(line));
  return rows.map(row => {
    const [book = '', field = '', calibre = '', ours = '', reason = ''] = row
      .split(/(?<!\\)\|/)
      .slice(1, -1)
      .map(cell => cell.trim().replaceAll('\\|', '|'));
    return { book, field, calibre, ours, reason };
  });
}

export function isListed(difference: Difference, list: readonly ListedDifference[]): boolean {
  return list.some(row => row.field === difference.field && matches(row.book, difference.book));
}

function matches(pattern: string, name: string): boolean {
  const parts = pattern.split('*').map(part => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`).test(name);
}

export function asRow({ book, field, calibre, ours }: Difference): string {
  const cells = [book, field, calibre, ours, '?'].map(cell => cell.replaceAll('|', '\\|'));
  return `| ${cells.join(' | ')} |`;
}
