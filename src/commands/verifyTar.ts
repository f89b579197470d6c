import * as vscode from 'vscode';
import { destinationName } from '../text/destinationName.ts';
import { formatBytes } from '../protocol/format.ts';
import type { IngestOptions } from '../protocol/ingestOptions.ts';
import type { PlannedTar } from '../protocol/plan.ts';
import { foldersText } from '../protocol/sourceFolders.ts';
import type { Verification } from '../protocol/verification.ts';
import { cancellable } from './parts/cancellable.ts';
import { chosenRows } from './parts/chosenTars.ts';
import { openMarkdown } from './parts/openMarkdown.ts';
import type { Choice } from './parts/prompts.ts';
import { runIngest } from './parts/runIngest.ts';
import type { Services } from './parts/services.ts';
import { showFailure } from './showFailure.ts';
import { askToSignIn } from './signIn.ts';
import { sourceFoldersOrAsk } from './sourceFolders.ts';
import {
  hasLostBooks,
  isWholeOnShelf,
  verificationReport,
  verificationText,
} from './texts/verificationText.ts';

/** Reads tars and says which of their books the destination lacks. Nothing is changed; a run may go on meanwhile. */
export async function verifyTar(
  services: Services,
  ...args: readonly unknown[]
): Promise<Verification[] | undefined> {
  const { secrets } = services;
  const { tars: ofRows } = chosenRows(args);
  try {
    const options = await optionsFor(services, ofRows);
    if (options === undefined) return undefined;
    if (await secrets.isPasswordMissing(options.destination)) {
      askToSignIn(services, options.destination, () => verifyTar(services, ...args));
      return undefined;
    }
    const tars = ofRows.length > 0 ? ofRows : await pickTar(services, options);
    const all: Verification[] = [];
    for (const tar of tars) {
      const found = await verifyOne(services, options, tar);
      if (!found) break;
      all.push(found);
    }
    return all;
  } catch (thrown) {
    showFailure(services, thrown);
    return undefined;
  }
}

/** Those of the run that is shown, where the tars are of it: settings may be others by now. Else what is set. */
async function optionsFor(services: Services, tars: readonly string[]): Promise<IngestOptions | undefined> {
  const { engine, settings } = services;
  const { options } = engine.store;
  if (options && tars.length > 0 && tars.every(tar => engine.store.tar(tar))) return options;
  const sourceFolders = await sourceFoldersOrAsk(services);
  return sourceFolders === undefined ? undefined : settings.ingestOptions(sourceFolders);
}

/** Undefined when it was cancelled. */
async function verifyOne(
  services: Services,
  options: IngestOptions,
  tar: string,
): Promise<Verification | undefined> {
  const secrets = await services.secrets.of(options.destination);
  const found = await cancellable(vscode.l10n.t('Tarshelf: verifying {0}', tar), (signal, report) =>
    services.verifyTar(
      options,
      secrets,
      tar,
      (doneBytes, totalBytes) => {
        report(
          totalBytes === 0 ? 1 : doneBytes / totalBytes,
          vscode.l10n.t('{0} of {1}', formatBytes(doneBytes), formatBytes(totalBytes)),
        );
      },
      signal,
    ),
  );
  if (!found) return undefined;
  if (isWholeOnShelf(found)) services.messages.information(verificationText(found));
  else {
    const bringAgain = {
      title: vscode.l10n.t('Bring Them Again'),
      run: () => bringLost(services, options, tar),
    };
    services.messages.warning(verificationText(found), ...(hasLostBooks(found) ? [bringAgain] : []), {
      title: vscode.l10n.t('Show Books'),
      run: () => openMarkdown(verificationReport(found, destinationName(options.destination))),
    });
  }
  return found;
}

/** Reads a tar anew for the books in it whose files are gone from the library. */
async function bringLost(services: Services, options: IngestOptions, tar: string): Promise<void> {
  const retry = { tars: [tar], books: null, lost: true };
  await runIngest(services, options, { retry }, () => bringLost(services, options, tar));
}

/** Of the run that is shown, or else of the folder. */
async function pickTar(services: Services, options: IngestOptions): Promise<readonly string[]> {
  const { engine, prompts } = services;
  const known = engine.store.tars;
  const tars: readonly Pick<PlannedTar, 'name' | 'folder' | 'sizeBytes'>[] =
    known.length > 0
      ? known
      : (
          (await cancellable(
            vscode.l10n.t('Tarshelf: looking for tars in {0}', foldersText(options.sourceFolders)),
            signal => services.makePlan(options, signal),
          )) ?? { tars: [] }
        ).tars;
  if (tars.length === 0) return [];
  const several = new Set(tars.map(tar => tar.folder)).size > 1;
  const choices = tars.map(({ name, folder, sizeBytes }): Choice<string> => ({
    label: name,
    description: [formatBytes(sizeBytes), ...(several && folder !== null ? [folder] : [])].join(' · '),
    value: name,
  }));
  const picked = await prompts.pick(choices, {
    title: vscode.l10n.t('Tarshelf: Verify Tar'),
    placeHolder: vscode.l10n.t('The tar is read anew and compared with what the destination has'),
  });
  return picked ? [picked.value] : [];
}
