import * as vscode from 'vscode';
import { commandIds } from '../manifest.ts';
import type { Services } from './parts/services.ts';
import { showTars } from './showTars.ts';

/** The answer to a launch while a run is under way. */
export function launchWhileRunning({ messages }: Services): void {
  messages.information(
    vscode.l10n.t('Tarshelf is already at work here.'),
    { title: vscode.l10n.t('Show'), run: showTars },
    { title: vscode.l10n.t('Stop'), run: () => vscode.commands.executeCommand(commandIds.stop) },
  );
}
