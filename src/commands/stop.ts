import { commandIds } from '../manifest.ts';
import * as vscode from 'vscode';
import type { Services } from './parts/services.ts';

/** Lets the books in hand be finished and ends the run; resolves when it has ended. */
export async function stop({ engine }: Services): Promise<void> {
  await engine.stop();
}

/** The answer to a stop while nothing runs. */
export function stopWhenIdle({ messages }: Services): void {
  messages.information(vscode.l10n.t('Nothing is running, so there is nothing to stop.'), {
    title: vscode.l10n.t('Launch'),
    run: () => vscode.commands.executeCommand(commandIds.launch),
  });
}
