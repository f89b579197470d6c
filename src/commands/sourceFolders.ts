import path from 'node:path';
import * as vscode from 'vscode';
import { commandIds } from '../manifest.ts';
import { foldersText } from '../protocol/sourceFolders.ts';
import type { MessageAction } from './parts/messages.ts';
import type { Services } from './parts/services.ts';

/** The folders of tars that are set; asks for them where none is. Undefined when the dialog was cancelled. */
export async function sourceFoldersOrAsk(services: Services): Promise<readonly string[] | undefined> {
  const { sourceFolders } = services.settings;
  return sourceFolders.length > 0 ? sourceFolders : await chooseSourceFolder(services);
}

/** Asks for folders of tars and remembers them in place of those that were set. Undefined when the dialog was cancelled. */
export async function chooseSourceFolder(services: Services): Promise<readonly string[] | undefined> {
  const { settings, messages } = services;
  const before = settings.sourceFolders;
  const folders = await askForFolders(services, {
    title: vscode.l10n.t('Choose a folder of tars'),
    openLabel: vscode.l10n.t('Choose Folder'),
    ...beginningAt(before[0]),
  });
  if (folders === undefined) return undefined;
  await settings.rememberSourceFolders(folders);
  const left = before.filter(folder => !folders.includes(folder));
  const parts: string[] = [];
  const actions: MessageAction[] = [];
  if (before.length > 1 && left.length > 0) {
    parts.push(vscode.l10n.t('Tars are no longer read from {0}.', foldersText(left)));
    actions.push({
      title: vscode.l10n.t('Read Those, Too'),
      run: () => settings.addSourceFolders(left),
    });
  }
  if (services.engine.isRunning) parts.push(countsLater());
  if (parts.length > 0) messages.information(parts.join(' '), ...actions);
  return folders;
}

/** Asks for folders of tars to be read beside those that are set. */
export async function addSourceFolder(services: Services): Promise<void> {
  const { settings, messages, engine } = services;
  const last = settings.sourceFolders.at(-1);
  const folders = await askForFolders(services, {
    title: vscode.l10n.t('Add a folder of tars'),
    openLabel: vscode.l10n.t('Add Folder'),
    // It is another one that is looked for, if not far from there.
    ...beginningAt(last === undefined ? undefined : path.dirname(last)),
  });
  if (folders === undefined) return;
  const before = settings.sourceFolders;
  const added = folders.filter(folder => !before.includes(folder));
  if (added.length === 0) {
    messages.information(vscode.l10n.t('Tars are read from {0} already.', foldersText(folders)));
    return;
  }
  await settings.addSourceFolders(added);
  const text =
    before.length === 0
      ? vscode.l10n.t('Tars are read from {0}.', foldersText(added))
      : vscode.l10n.t('Tars are read from {0}, too.', foldersText(added));
  if (engine.isRunning) {
    messages.information(`${text} ${countsLater()}`);
    return;
  }
  messages.information(text, {
    title: vscode.l10n.t('Launch...'),
    run: () => vscode.commands.executeCommand(commandIds.launchWithPlan),
  });
}

/** Asks which folders of tars are no longer to be read. On the disk nothing is changed. */
export async function removeSourceFolder(services: Services): Promise<void> {
  const { settings, messages, engine, prompts } = services;
  const before = settings.sourceFolders;
  if (before.length === 0) {
    messages.information(vscode.l10n.t('No folder of tars is chosen.'), {
      title: vscode.l10n.t('Choose Folder'),
      run: () => vscode.commands.executeCommand(commandIds.chooseSourceFolder),
    });
    return;
  }
  const picked = await prompts.pickMany(
    before.map(folder => ({ label: folder, value: folder })),
    {
      title: vscode.l10n.t('Tarshelf: Remove Tar Folder'),
      placeHolder: vscode.l10n.t('Tick what is no longer to be read; on the disk nothing is changed'),
    },
  );
  if (!picked || picked.length === 0) return;
  const removed = picked.map(({ value }) => value);
  await settings.removeSourceFolders(removed);
  const text = vscode.l10n.t('Tars are no longer read from {0}.', foldersText(removed));
  messages.information(engine.isRunning ? `${text} ${countsLater()}` : text);
}

/** Of a change while a run is under way. */
function countsLater(): string {
  return vscode.l10n.t('That counts from the next launch on; the run under way goes on as it is.');
}

function beginningAt(folder: string | undefined): vscode.OpenDialogOptions {
  return folder === undefined ? {} : { defaultUri: vscode.Uri.file(folder) };
}

async function askForFolders(
  { prompts }: Services,
  options: vscode.OpenDialogOptions,
): Promise<readonly string[] | undefined> {
  const chosen = await prompts.openFolders(options);
  return chosen && chosen.length > 0 ? [...new Set(chosen.map(uri => uri.fsPath))] : undefined;
}
