import * as vscode from 'vscode';
import { commandIds } from '../manifest.ts';
import { formatCount, formatNumber } from '../protocol/format.ts';
import { TarshelfError } from '../protocol/errors.ts';
import type { RunState, Summary } from '../protocol/snapshot.ts';
import { chooseSourceFolder } from './chooseSourceFolder.ts';
import type { MessageAction } from './messages.ts';
import { runIngest } from './runIngest.ts';
import type { Services } from './services.ts';
import { showFailure } from './showFailure.ts';
import { showLog } from './showLog.ts';
import { showTars } from './showTars.ts';

/**
 * Ingests the source folder, asking for it when none is chosen. Resolves when the run has ended, with what came
 * of it; undefined when it did not begin, or ended without a summary. Failures are shown, not thrown.
 */
export async function launch(services: Services): Promise<Summary | undefined> {
  const sourceFolder = services.settings.sourceFolder ?? (await chooseSourceFolder(services));
  if (sourceFolder === undefined) return undefined;
  return await runIngest(services, sourceFolder, {}, () => vscode.commands.executeCommand(commandIds.launch));
}

/** One message for a whole run, however many books failed in it and whichever client began it. */
export function announceEnd(services: Services, run: RunState): void {
  const { messages } = services;
  if (run.failure) {
    showFailure(services, new TarshelfError(run.failure.code, run.failure.message));
    return;
  }
  const stopped = run.phase === 'stopped';
  const show: MessageAction = { title: 'Show', run: showTars };
  if (!run.summary) {
    messages.information(
      stopped ? 'Tarshelf has stopped. Launch again to go on.' : 'Tarshelf is done.',
      show,
    );
    return;
  }
  const { tars, books } = run.summary;
  const outcome =
    `${formatNumber(tars.completed)} of ${formatCount(tars.total, 'tar')} done,` +
    ` ${formatCount(books.uploaded, 'new book')}, ${formatCount(books.duplicates, 'duplicate')}`;
  const beginning = stopped ? 'Tarshelf has stopped' : 'Tarshelf is done';
  if (tars.failed > 0 || books.failed > 0) {
    const failed = [
      ...(tars.failed > 0 ? [formatCount(tars.failed, 'tar is incomplete', 'tars are incomplete')] : []),
      ...(books.failed > 0 ? [`${formatCount(books.failed, 'book')} failed`] : []),
    ];
    messages.warning(
      `${beginning}, but ${failed.join(' and ')}: ${outcome}.`,
      {
        title: 'Show Failures',
        run: async () => {
          await showTars();
          showLog(services);
        },
      },
      {
        title: 'Retry',
        run: () => vscode.commands.executeCommand(commandIds.retry),
      },
    );
  } else {
    messages.information(`${beginning}: ${outcome}.${stopped ? ' Launch again to go on.' : ''}`, show);
  }
}
