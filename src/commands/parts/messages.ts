import * as vscode from 'vscode';
import { printable } from '../../protocol/printable.ts';

/** A button of a message, and what it does. */
export interface MessageAction {
  readonly title: string;
  run(): unknown;
}

export type MessageKind = 'information' | 'warning' | 'error';

/** A message as it was shown. */
export interface ShownMessage {
  readonly kind: MessageKind;
  readonly text: string;
  readonly actions: readonly string[];
}

/** Shows messages with buttons. Nobody waits for an answer: a command ends when its work does. */
export class Messages implements vscode.Disposable {
  readonly #shown = new vscode.EventEmitter<ShownMessage>();
  readonly #onActionFailed: (thrown: unknown) => void;

  constructor(onActionFailed: (thrown: unknown) => void) {
    this.#onActionFailed = onActionFailed;
  }

  /** Fires with every message shown, for whoever cannot see it. */
  get onDidShow(): vscode.Event<ShownMessage> {
    return this.#shown.event;
  }

  information(text: string, ...actions: readonly MessageAction[]): void {
    this.#show('information', text, actions);
  }

  warning(text: string, ...actions: readonly MessageAction[]): void {
    this.#show('warning', text, actions);
  }

  error(text: string, ...actions: readonly MessageAction[]): void {
    this.#show('error', text, actions);
  }

  dispose(): void {
    this.#shown.dispose();
  }

  #show(kind: MessageKind, text: string, actions: readonly MessageAction[]): void {
    const titles = actions.map(action => action.title);
    // Messages make links of `[words](command:…)`, and the name of a tar or a folder may read like one.
    const plain = printable(text.replaceAll(/\s+/g, ' ')).replaceAll('](', '] (');
    this.#shown.fire({ kind, text: plain, actions: titles });
    this.#answer(kind, plain, titles, actions).catch(this.#onActionFailed);
  }

  async #answer(
    kind: MessageKind,
    text: string,
    titles: readonly string[],
    actions: readonly MessageAction[],
  ): Promise<void> {
    const show = {
      information: vscode.window.showInformationMessage,
      warning: vscode.window.showWarningMessage,
      error: vscode.window.showErrorMessage,
    }[kind] as (message: string, ...items: string[]) => Thenable<string | undefined>;
    const chosen = await show(text, ...titles);
    await actions.find(action => action.title === chosen)?.run();
  }
}
