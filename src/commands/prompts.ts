import * as vscode from 'vscode';

/** Something to choose, and what it stands for. */
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
}

/** In a box that stays while the person looks the answer up elsewhere. */
export function windowPrompts(): Prompts {
  return {
    ask: question => vscode.window.showInputBox({ ignoreFocusOut: true, ...question }),
    pick: (choices, options) => vscode.window.showQuickPick(choices, options),
    pickMany: (choices, options) => vscode.window.showQuickPick(choices, { ...options, canPickMany: true }),
  };
}
