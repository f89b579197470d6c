import * as vscode from 'vscode';
import {
  duplicatesCount,
  failedBooksCount,
  newBooksCount,
  notInRunCount,
  tarsOutOf,
} from '../text/countText.ts';
import { commandIds } from '../manifest.ts';
import { formatNumber } from '../protocol/format.ts';
import { TarshelfError } from '../protocol/errors.ts';
import type { RunState, Summary } from '../protocol/snapshot.ts';
import type { MessageAction } from './parts/messages.ts';
import { runIngest } from './parts/runIngest.ts';
import type { Services } from './parts/services.ts';
import { showFailure } from './showFailure.ts';
import { showLog } from './showLog.ts';
import { showTars } from './showTars.ts';
import { sourceFoldersOrAsk } from './sourceFolders.ts';

/**
 * Ingests the source folders, asking for them when none is chosen. Resolves when the run has ended, with what came
 * of it; undefined when it did not begin, or ended without a summary. Failures are shown, not thrown.
 */
export async function launch(services: Services): Promise<Summary | undefined> {
  const sourceFolders = await sourceFoldersOrAsk(services);
  if (sourceFolders === undefined) return undefined;
  return await runIngest(services, sourceFolders, {}, () =>
    vscode.commands.executeCommand(commandIds.launch),
  );
}

/** One message for a whole run, however many books failed in it and whichever client began it. */
export function announceEnd(services: Services, run: RunState): void {
  const { messages } = services;
  if (run.failure) {
    showFailure(services, new TarshelfError(run.failure.code, run.failure.message));
    return;
  }
  const stopped = run.phase === 'stopped';
  const show: MessageAction = { title: vscode.l10n.t('Show'), run: showTars };
  if (!run.summary) {
    messages.information(
      stopped
        ? vscode.l10n.t('Tarshelf has stopped. Launch again to go on.')
        : vscode.l10n.t('Tarshelf is done.'),
      show,
    );
    return;
  }
  const { tars, books } = run.summary;
  const outcome = [
    vscode.l10n.t('{0} done', tarsOutOf(tars.completed, tars.total)),
    ...(tars.notInRun === undefined ? [] : [notInRunCount(tars.notInRun)]),
    newBooksCount(books.uploaded),
    duplicatesCount(books.duplicates),
  ].join(', ');
  if (tars.failed > 0 || books.failed > 0) {
    const failed = failuresText(tars.failed, books.failed);
    messages.warning(
      stopped
        ? vscode.l10n.t('Tarshelf has stopped, but {0}: {1}.', failed, outcome)
        : vscode.l10n.t('Tarshelf is done, but {0}: {1}.', failed, outcome),
      {
        title: vscode.l10n.t('Show Failures'),
        run: async () => {
          await showTars();
          showLog(services);
        },
      },
      {
        title: vscode.l10n.t('Retry'),
        run: () => vscode.commands.executeCommand(commandIds.retry),
      },
    );
  } else {
    messages.information(
      stopped
        ? vscode.l10n.t('Tarshelf has stopped: {0}. Launch again to go on.', outcome)
        : vscode.l10n.t('Tarshelf is done: {0}.', outcome),
      show,
    );
  }
}

/** `2 tars are incomplete and 1 book failed`; at least one of the numbers is above 0. */
function failuresText(tars: number, books: number): string {
  if (tars === 0) return failedBooksCount(books);
  const incomplete =
    tars === 1
      ? vscode.l10n.t('1 tar is incomplete')
      : vscode.l10n.t('{0} tars are incomplete', formatNumber(tars));
  return books === 0 ? incomplete : vscode.l10n.t('{0} and {1}', incomplete, failedBooksCount(books));
}
