import { access, readdir } from 'node:fs/promises';
import path from 'node:path';
import * as vscode from 'vscode';
import { progressFileName, workerOfProgressFile } from '../protocol/progressFile.ts';
import { textOf } from './parts/chosenTars.ts';
import type { Services } from './parts/services.ts';
import { shownStateFolder } from './parts/shownRun.ts';
import { showFailure } from './showFailure.ts';

/** Opens the progress file of a row, or of a worker that a person picks. */
export async function openProgressFile(services: Services, row?: unknown): Promise<void> {
  try {
    const file = await fileOf(services, row, vscode.l10n.t('Tarshelf: Open Progress File'));
    if (file === undefined) return;
    await access(file);
    await vscode.commands.executeCommand('vscode.open', vscode.Uri.file(file));
  } catch (thrown) {
    showFailure(services, thrown);
  }
}

/** Shows the folder of progress files where folders of this machine are shown. */
export async function openProgressFolder(services: Services, row?: unknown): Promise<void> {
  const file = textOf(row, 'path') ?? (await progressFiles(services))[0]?.file;
  if (file === undefined) {
    saysNothingThere(services);
    return;
  }
  if (vscode.env.remoteName !== undefined || vscode.env.uiKind === vscode.UIKind.Web) {
    // Its files are on another machine than the person is.
    services.messages.information(vscode.l10n.t('The progress files are in {0}.', path.dirname(file)), {
      title: vscode.l10n.t('Copy Path'),
      run: () => vscode.env.clipboard.writeText(path.dirname(file)),
    });
    return;
  }
  await vscode.commands.executeCommand('revealFileInOS', vscode.Uri.file(file));
}

async function fileOf(services: Services, row: unknown, title: string): Promise<string | undefined> {
  const ofRow = textOf(row, 'path');
  if (ofRow !== undefined) return ofRow;
  const files = await progressFiles(services);
  if (files.length === 0) {
    saysNothingThere(services);
    return undefined;
  }
  const picked = await services.prompts.pick(
    files.map(({ worker, file }) => ({
      label: vscode.l10n.t('Worker {0}', worker),
      description: path.basename(file),
      value: file,
    })),
    { title },
  );
  return picked?.value;
}

function saysNothingThere(services: Services): void {
  services.messages.information(
    vscode.l10n.t(
      'There are no progress files in {0} yet. They begin with the first run.',
      shownStateFolder(services),
    ),
  );
}

async function progressFiles(services: Services): Promise<{ worker: number; file: string }[]> {
  const stateFolder = shownStateFolder(services);
  // A folder that is not there yet has none.
  const names = await readdir(stateFolder).catch(() => []);
  return names
    .flatMap(name => {
      const worker = workerOfProgressFile(name);
      // A journal without its file is not yet one to be read.
      return worker === undefined || name !== progressFileName(worker)
        ? []
        : [{ worker, file: path.join(stateFolder, name) }];
    })
    .sort((a, b) => a.worker - b.worker);
}
