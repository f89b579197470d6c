import { readdir } from 'node:fs/promises';
import * as vscode from 'vscode';
import { failingLine } from '../logDocuments/logFilter.ts';
import { revealEnd } from '../logDocuments/logDocuments.ts';
import { workerLogUri } from '../logDocuments/logUri.ts';
import { workerOfLog } from '../protocol/logFiles.ts';
import { chosenRows, type BookRow } from './parts/chosenTars.ts';
import { workersOfRows } from './parts/chosenWorkers.ts';
import type { Choice } from './parts/prompts.ts';
import type { Services } from './parts/services.ts';
import { shownStateFolder } from './parts/shownRun.ts';
import { showFailure } from './showFailure.ts';

/** What a log is opened for. */
interface Sought {
  readonly worker: number;
  readonly tar?: string;
  readonly member?: string;
}

/**
 * Opens the log of a worker and follows it; of a tar or a book, at the line that tells what went wrong. Without a row
 * a person picks the worker.
 */
export async function showWorkerLog(services: Services, ...args: readonly unknown[]): Promise<void> {
  try {
    const sought = (await soughtByRow(services, args)) ?? (await pickWorker(services));
    if (sought) await openLog(shownStateFolder(services), sought);
  } catch (thrown) {
    showFailure(services, thrown);
  }
}

async function openLog(stateFolder: string, { worker, tar, member }: Sought): Promise<void> {
  let document = await vscode.workspace.openTextDocument(workerLogUri(stateFolder, worker));
  let line = tar === undefined ? -1 : failingLine(linesOf(document), tar, member);
  if (tar !== undefined && line < 0) {
    // Its lines stand further up than the whole log is read; those of one tar are read further.
    const filtered = await vscode.workspace.openTextDocument(workerLogUri(stateFolder, worker, { tar }));
    const found = failingLine(linesOf(filtered), tar, member);
    if (found >= 0) [document, line] = [filtered, found];
  }
  const editor = await vscode.window.showTextDocument(document, { preview: true });
  if (line < 0) {
    revealEnd(editor);
    return;
  }
  const range = document.lineAt(line).range;
  editor.selection = new vscode.Selection(range.start, range.end);
  editor.revealRange(range, vscode.TextEditorRevealType.InCenter);
}

function linesOf(document: vscode.TextDocument): string[] {
  return document.getText().split('\n');
}

/** Undefined where no row says it; a row of a tar that no worker ever had is told of by the picker. */
async function soughtByRow(services: Services, args: readonly unknown[]): Promise<Sought | undefined> {
  const [worker] = workersOfRows(args);
  const { tars, books } = chosenRows(args);
  const row: BookRow | { readonly tar: string } | undefined =
    books[0] ?? (tars[0] === undefined ? undefined : { tar: tars[0] });
  if (!row) return worker === undefined ? undefined : { worker };
  const of =
    worker ?? services.engine.store.tar(row.tar)?.worker ?? (await workerThatFailed(services, row.tar));
  return of === undefined ? undefined : { worker: of, ...row };
}

/** By what is recorded: a run that has passed over the tar does not know. */
async function workerThatFailed(services: Services, tar: string): Promise<number | undefined> {
  const failures = await services.listFailures(shownStateFolder(services));
  return failures.find(failed => failed.tar === tar)?.worker;
}

async function pickWorker(services: Services): Promise<Sought | undefined> {
  const { prompts, messages, engine } = services;
  const stateFolder = shownStateFolder(services);
  const workers = await workersWithLogs(stateFolder);
  if (workers.length === 0) {
    messages.information(
      vscode.l10n.t('There are no logs of workers in {0} yet. They begin with the first run.', stateFolder),
    );
    return undefined;
  }
  const choices = workers.map((number): Choice<number> => {
    const currentTar = engine.store.worker(number)?.currentTar;
    return {
      label: vscode.l10n.t('Worker {0}', number),
      ...(currentTar === null || currentTar === undefined ? {} : { description: currentTar }),
      value: number,
    };
  });
  const picked = await prompts.pick(choices, { title: vscode.l10n.t('Tarshelf: Show Worker Log') });
  return picked && { worker: picked.value };
}

/** Numbers of the workers that have a log in a state folder, in their order. */
export async function workersWithLogs(stateFolder: string): Promise<number[]> {
  // A folder that is not there yet has no logs.
  const names = await readdir(stateFolder).catch(() => []);
  return names
    .map(workerOfLog)
    .filter(worker => worker !== undefined)
    .sort((a, b) => a - b);
}
