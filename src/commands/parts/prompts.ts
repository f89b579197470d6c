import * as vscode from 'vscode';
import { printable } from '../../protocol/printable.ts';
import { printableItem } from '../texts/printableItem.ts';

/** Something to choose, and what it stands for. What only separates others stands for nothing that can be chosen. */
export interface Choice<T> extends vscode.QuickPickItem {
  readonly value: T;
}

/** Asks a person; undefined when it was refused. */
export interface Prompts {
  ask: (question: vscode.InputBoxOptions) => Thenable<string | undefined>;
  pick: <T>(
    choices: readonly Choice<T>[],
    options: vscode.QuickPickOptions,
  ) => Thenable<Choice<T> | undefined>;
  pickMany: <T>(
    choices: readonly Choice<T>[],
    options: vscode.QuickPickOptions,
  ) => Thenable<readonly Choice<T>[] | undefined>;
  save: (options: vscode.SaveDialogOptions) => Thenable<vscode.Uri | undefined>;
  openFolder: (options: vscode.OpenDialogOptions) => Thenable<vscode.Uri | undefined>;
  openFolders: (options: vscode.OpenDialogOptions) => Thenable<readonly vscode.Uri[] | undefined>;
  /** In a box that nothing else can be done beside: for what cannot be taken back. */
  confirm: (question: string, detail: string, yes: string) => Thenable<boolean>;
}

/** In a box that stays while the person looks the answer up elsewhere. */
export function windowPrompts(): Prompts {
  return {
    ask: question => vscode.window.showInputBox({ ignoreFocusOut: true, ...question }),
    pick: (choices, options) =>
      vscode.window.showQuickPick(choices.map(printableItem), printableOptions(options)),
    pickMany: (choices, options) =>
      vscode.window.showQuickPick(choices.map(printableItem), {
        ...printableOptions(options),
        canPickMany: true,
      }),
    save: options => vscode.window.showSaveDialog(options),
    openFolder: async options => {
      const only = { canSelectFolders: true, canSelectFiles: false, canSelectMany: false };
      return (await vscode.window.showOpenDialog({ ...options, ...only }))?.[0];
    },
    openFolders: options =>
      vscode.window.showOpenDialog({
        ...options,
        ...{ canSelectFolders: true, canSelectFiles: false, canSelectMany: true },
      }),
    confirm: async (question, detail, yes) =>
      (await vscode.window.showWarningMessage(printable(question), { modal: true, detail }, yes)) === yes,
  };
}

function printableOptions(options: vscode.QuickPickOptions): vscode.QuickPickOptions {
  const { title, placeHolder } = options;
  return {
    ...options,
    ...(title === undefined ? {} : { title: printable(title) }),
    ...(placeHolder === undefined ? {} : { placeHolder: printable(placeHolder) }),
  };
}
