import path from 'node:path';
import * as vscode from 'vscode';
import { oneLine } from '../protocol/errors.ts';
import type { Services } from './parts/services.ts';

/** Asks where the throughput of a run shall go, and writes it there. */
export async function saveThroughput(
  services: Services,
  kind: 'csv' | 'png',
  bytes: Uint8Array,
): Promise<void> {
  const { messages, settings } = services;
  const folder =
    vscode.workspace.workspaceFolders?.[0]?.uri ?? vscode.Uri.file(path.dirname(settings.stateFolder));
  const target = await vscode.window.showSaveDialog({
    title: vscode.l10n.t('Export the throughput'),
    defaultUri: vscode.Uri.joinPath(folder, `throughput.${kind}`),
    filters:
      kind === 'csv'
        ? { [vscode.l10n.t('Table (CSV)')]: ['csv'] }
        : { [vscode.l10n.t('Picture (PNG)')]: ['png'] },
  });
  if (!target) return;
  try {
    await vscode.workspace.fs.writeFile(target, bytes);
  } catch (thrown) {
    messages.error(
      vscode.l10n.t('Cannot write {0} ({1}). Choose another place.', target.fsPath, oneLine(thrown)),
      {
        title: vscode.l10n.t('Choose Another Place'),
        run: () => saveThroughput(services, kind, bytes),
      },
    );
    return;
  }
  messages.information(vscode.l10n.t('The throughput was exported to {0}.', path.basename(target.fsPath)), {
    title: vscode.l10n.t('Open'),
    run: () => vscode.commands.executeCommand('vscode.open', target),
  });
}
