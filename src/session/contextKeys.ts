import * as vscode from 'vscode';
import type { ContextKey } from '../manifest.ts';

/** Context keys for menus and welcome texts, written only when they change: each write re-evaluates all menus. */
export class ContextKeys {
  readonly #written = new Map<ContextKey, boolean>();

  set(key: ContextKey, value: boolean): void {
    if ((this.#written.get(key) ?? false) === value) return;
    this.#written.set(key, value);
    void vscode.commands.executeCommand('setContext', key, value);
  }
}
