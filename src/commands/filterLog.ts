import * as vscode from 'vscode';
import { logLevels, type LogFilter } from '../logDocuments/logFilter.ts';
import { logUri, shownLog, workerLogUri, type ShownLog } from '../logDocuments/logUri.ts';
import { revealEnd } from '../logDocuments/logDocuments.ts';
import { commandIds, logScheme } from '../manifest.ts';
import { workerOfLog } from '../protocol/logFiles.ts';
import { namedTar } from '../logDocuments/logFilter.ts';
import type { Choice } from './parts/prompts.ts';
import type { Services } from './parts/services.ts';
import { workersWithLogs } from './showWorkerLog.ts';

/** Shows other lines of the log that is open: of another worker, of a level, of a tar. */
export async function filterLog(services: Services): Promise<void> {
  const editor = vscode.window.activeTextEditor;
  if (editor?.document.uri.scheme !== logScheme) {
    services.messages.information(vscode.l10n.t('Open the log of a worker first; then it can be filtered.'), {
      title: vscode.l10n.t('Show Worker Log...'),
      run: () => vscode.commands.executeCommand(commandIds.showWorkerLog),
    });
    return;
  }
  const next = await ask(services, editor.document);
  if (!next) return;
  const document = await vscode.workspace.openTextDocument(next);
  revealEnd(await vscode.window.showTextDocument(document, { preview: true }));
}

async function ask({ prompts }: Services, document: vscode.TextDocument): Promise<vscode.Uri | undefined> {
  const shown = shownLog(document.uri);
  const { level, tar } = shown.filter;
  const all = vscode.l10n.t('all');
  const title = vscode.l10n.t('Tarshelf: Filter Log');
  const what: Choice<() => Promise<vscode.Uri | undefined>>[] = [
    {
      label: vscode.l10n.t('Level'),
      description: level ?? all,
      value: async () => {
        const picked = await prompts.pick(levelChoices(), { title });
        return picked && logUri({ ...shown, filter: withoutUndefined({ level: picked.value, tar }) });
      },
    },
    {
      label: vscode.l10n.t('Tar'),
      description: tar ?? all,
      value: async () => {
        const picked = await prompts.pick(tarChoices(document), { title, matchOnDescription: true });
        return picked && logUri({ ...shown, filter: withoutUndefined({ level, tar: picked.value }) });
      },
    },
    {
      label: vscode.l10n.t('Worker'),
      description: workerText(shown),
      value: async () => {
        const workers = await workersWithLogs(shown.stateFolder);
        const choices = workers.map(number => ({
          label: vscode.l10n.t('Worker {0}', number),
          value: number,
        }));
        const picked = await prompts.pick(choices, { title });
        return picked && workerLogUri(shown.stateFolder, picked.value, shown.filter);
      },
    },
    {
      label: vscode.l10n.t('Show all lines'),
      value: () => Promise.resolve(logUri({ ...shown, filter: {} })),
    },
  ];
  const picked = await prompts.pick(what, { title, placeHolder: vscode.l10n.t('Which lines to show') });
  return await picked?.value();
}

function levelChoices(): Choice<LogFilter['level']>[] {
  return [
    { label: vscode.l10n.t('All levels'), value: undefined },
    ...logLevels.slice(1).map(level => ({
      label: level,
      description: level === 'ERROR' ? '' : vscode.l10n.t('and what is more serious'),
      value: level,
    })),
  ];
}

/** Those that the lines in sight name. */
function tarChoices(document: vscode.TextDocument): Choice<string | undefined>[] {
  const tars = new Set<string>();
  for (let line = 0; line < document.lineCount; line++) {
    const named = namedTar(document.lineAt(line).text);
    if (named) tars.add(named.tar);
  }
  return [
    { label: vscode.l10n.t('All tars'), value: undefined },
    ...[...tars].sort().map(tar => ({ label: tar, value: tar })),
  ];
}

function workerText({ name }: ShownLog): string {
  const worker = workerOfLog(name);
  return worker === undefined ? name : String(worker);
}

function withoutUndefined({
  level,
  tar,
}: {
  readonly level: LogFilter['level'] | undefined;
  readonly tar: string | undefined;
}): LogFilter {
  return { ...(level === undefined ? {} : { level }), ...(tar === undefined ? {} : { tar }) };
}
