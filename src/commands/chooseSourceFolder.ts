import * as vscode from 'vscode';
import type { Services } from './services.ts';

/** Asks for the folder of tars and remembers it. Undefined when the dialog was cancelled. */
export async function chooseSourceFolder({ settings }: Services): Promise<string | undefined> {
  const { sourceFolder } = settings;
  const chosen = await vscode.window.showOpenDialog({
    title: vscode.l10n.t('Choose a folder of tars'),
    openLabel: vscode.l10n.t('Choose Folder'),
    canSelectFolders: true,
    canSelectFiles: false,
    canSelectMany: false,
    ...(sourceFolder === undefined ? {} : { defaultUri: vscode.Uri.file(sourceFolder) }),
  });
  const folder = chosen?.[0];
  if (!folder) return undefined;
  await settings.rememberSourceFolder(folder.fsPath);
  return folder.fsPath;
}
