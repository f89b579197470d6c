import * as vscode from 'vscode';
import { viewIds } from '../manifest.ts';

/** Brings the "Tars" view into sight and focus. */
export async function showTars(): Promise<void> {
  await vscode.commands.executeCommand(`${viewIds.tars}.focus`);
}
