import * as vscode from 'vscode';
import { escapeMarkdown } from './markdownText.ts';

/** A title, a line on the state, and a row for each detail. */
export function detailsMarkdown(
  title: string,
  state: string,
  rows: readonly (readonly [string, string])[],
): vscode.MarkdownString {
  const lines = [
    `**${escapeMarkdown(title)}**`,
    '',
    escapeMarkdown(state),
    '',
    '| | |',
    '|---|---|',
    ...rows.map(([name, value]) => `| ${escapeMarkdown(name)} | ${escapeMarkdown(value)} |`),
  ];
  return new vscode.MarkdownString(lines.join('\n'), true);
}
