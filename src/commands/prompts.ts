import * as vscode from 'vscode';

/** Asks a person for a line of text; undefined when it was refused. */
export interface Prompts {
  ask: (question: vscode.InputBoxOptions) => Thenable<string | undefined>;
}

/** In a box that stays while the person looks the answer up elsewhere. */
export function windowPrompts(): Prompts {
  return { ask: question => vscode.window.showInputBox({ ignoreFocusOut: true, ...question }) };
}
