import * as vscode from 'vscode';
import { escapeMarkdown } from './markdownText.ts';

const columnGap = '&nbsp;'.repeat(4);

/**
 * A title, a line on the state, and a row for each detail.
 *
 * @param state null where the details say it all
 */
export function detailsMarkdown(
  title: string,
  state: string | null,
  rows: readonly (readonly [string, string])[],
): vscode.MarkdownString {
  const lines = [
    `**${escapeMarkdown(title)}**`,
    '',
    ...(state === null ? [] : [escapeMarkdown(state), '']),
    '| | |',
    '|---|---|',
    // The longest name would touch its value: VS Code puts no space between columns.
    ...rows.map(([name, value]) => `| ${escapeMarkdown(name)}${columnGap} | ${escapeMarkdown(value)} |`),
  ];
  return new vscode.MarkdownString(lines.join('\n'), true);
}
