import { printable } from '../../protocol/printable.ts';

/** A cell of a table in Markdown: whatever a tar or a member is called stays one cell, and none of it is marked up. */
export function cell(text: string | number): string {
  return printable(String(text).replace(/[\r\n\t]+/g, ' ')).replace(
    /[\\`*_{}[\]<>()#+!|~&]/g,
    found => `\\${found}`,
  );
}

/** A table in Markdown; its cells are escaped here. */
export function table(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string[] {
  return [
    `| ${head.map(cell).join(' | ')} |`,
    `| ${head.map(() => '---').join(' | ')} |`,
    ...rows.map(row => `| ${row.map(cell).join(' | ')} |`),
  ];
}
