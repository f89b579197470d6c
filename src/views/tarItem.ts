import * as vscode from 'vscode';
import { printable } from '../protocol/printable.ts';
import type { TarState, WorkerState } from '../protocol/snapshot.ts';
import { tarDescription, tarDetails, tarLook, type TarLook } from './tarText.ts';
import { detailsMarkdown } from './tooltip.ts';
import type { RowLook } from './treeRefresh.ts';

const icons: Record<TarLook, vscode.ThemeIcon> = {
  waiting: new vscode.ThemeIcon('circle-large-outline', new vscode.ThemeColor('disabledForeground')),
  running: new vscode.ThemeIcon('sync~spin', new vscode.ThemeColor('charts.blue')),
  begun: new vscode.ThemeIcon('debug-pause', new vscode.ThemeColor('disabledForeground')),
  interrupted: new vscode.ThemeIcon('debug-pause', new vscode.ThemeColor('list.warningForeground')),
  completed: new vscode.ThemeIcon('pass-filled', new vscode.ThemeColor('testing.iconPassed')),
  completedWithErrors: new vscode.ThemeIcon('warning', new vscode.ThemeColor('list.warningForeground')),
  failed: new vscode.ThemeIcon('error', new vscode.ThemeColor('list.errorForeground')),
};

export function tarRowLook(tar: TarState, worker: WorkerState | undefined, alive: boolean): RowLook {
  return {
    contextValue: `tar;${tarLook(tar, alive)}`,
    description: tarDescription(tar, worker, alive),
    hasChildren: false,
  };
}

/** One row for a tar, wherever it stands. */
export function tarItem(id: string, tar: TarState, alive: boolean, look: RowLook): vscode.TreeItem {
  const item = new vscode.TreeItem(
    printable(tar.name),
    look.hasChildren ? vscode.TreeItemCollapsibleState.Collapsed : vscode.TreeItemCollapsibleState.None,
  );
  item.id = id;
  item.description = printable(look.description);
  item.iconPath = icons[tarLook(tar, alive)];
  item.contextValue = look.contextValue;
  return item;
}

export function tarTooltip(
  tar: TarState,
  worker: WorkerState | undefined,
  alive: boolean,
): vscode.MarkdownString {
  return detailsMarkdown(tar.name, tarDescription(tar, worker, alive), tarDetails(tar, alive));
}
