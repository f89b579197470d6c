import * as vscode from 'vscode';
import { commandIds } from '../manifest.ts';
import { namedTar } from './logFilter.ts';

/** Links from the lines of a log to the tars that they are about. */
export class LogLinks implements vscode.DocumentLinkProvider {
  provideDocumentLinks(document: vscode.TextDocument): vscode.DocumentLink[] {
    const links: vscode.DocumentLink[] = [];
    for (let line = 0; line < document.lineCount; line++) {
      const named = namedTar(document.lineAt(line).text);
      if (!named) continue;
      const args = encodeURIComponent(JSON.stringify([{ tar: named.tar }]));
      const link = new vscode.DocumentLink(
        new vscode.Range(line, named.start, line, named.end),
        vscode.Uri.parse(`command:${commandIds.revealTar}?${args}`),
      );
      link.tooltip = vscode.l10n.t('Show {0} among the tars', named.tar);
      links.push(link);
    }
    return links;
  }
}
