import path from 'node:path';
import * as vscode from 'vscode';
import { commandIds } from '../manifest.ts';
import type { FailedTar } from '../protocol/progressFile.ts';
import { runCsv, runMarkdown, type ReportedRun } from './texts/runReport.ts';
import type { Services } from './parts/services.ts';
import { showFailure } from './showFailure.ts';

/** Writes what became of the run that is shown into a file, as Markdown or CSV, as its ending says. */
export async function exportReport(services: Services): Promise<void> {
  const { engine, settings, prompts, messages } = services;
  const { run, options, tars } = engine.store;
  if (!run) {
    messages.information(vscode.l10n.t('There is no run to report yet.'), {
      title: vscode.l10n.t('Launch'),
      run: () => vscode.commands.executeCommand(commandIds.launch),
    });
    return;
  }
  try {
    const folder = vscode.workspace.workspaceFolders?.[0]?.uri.fsPath ?? settings.stateFolder;
    const file = await prompts.save({
      title: vscode.l10n.t('Tarshelf: Export Report'),
      filters: { Markdown: ['md'], CSV: ['csv'] },
      defaultUri: vscode.Uri.file(path.join(folder, 'tarshelf-report.md')),
    });
    if (!file) return;
    const report: ReportedRun = { run, options, tars, failures: await failuresOf(services, run.stateFolder) };
    const text = /\.csv$/i.test(file.path) ? runCsv(report) : runMarkdown(report);
    await vscode.workspace.fs.writeFile(file, new TextEncoder().encode(text));
    messages.information(vscode.l10n.t('The report is in {0}.', file.fsPath), {
      title: vscode.l10n.t('Open'),
      run: () => vscode.commands.executeCommand('vscode.open', file),
    });
  } catch (thrown) {
    showFailure(services, thrown);
  }
}

/** Without them a report is still worth having; why they are missing is for the log. */
async function failuresOf({ listFailures, log }: Services, stateFolder: string): Promise<FailedTar[]> {
  try {
    return await listFailures(stateFolder);
  } catch (thrown) {
    log.error(String(thrown));
    return [];
  }
}
