import * as vscode from 'vscode';
import { engineText } from '../text/engineText.ts';
import { booksThatFailedCount, tarsCount } from '../text/countText.ts';
import { commandIds } from '../manifest.ts';
import type { IngestOptions } from '../protocol/ingestOptions.ts';
import type { FailedTar } from '../protocol/progressFile.ts';
import type { Summary } from '../protocol/snapshot.ts';
import { chosenRows, textOf } from './parts/chosenTars.ts';
import type { Choice } from './parts/prompts.ts';
import { runIngest } from './parts/runIngest.ts';
import type { Services } from './parts/services.ts';
import { showFailure } from './showFailure.ts';
import { shownRun, shownStateFolder } from './parts/shownRun.ts';
import { showTars } from './showTars.ts';
import { sourceFoldersOrAsk } from './sourceFolders.ts';

type Retry = NonNullable<IngestOptions['retry']>;

/** Tries again what failed: the chosen books or tars, or else what a person picks. Resolves when the run has ended. */
export async function retry(services: Services, ...args: readonly unknown[]): Promise<Summary | undefined> {
  const of = shownRun(services) ?? (await sourceFoldersOrAsk(services));
  if (of === undefined) return undefined;
  const wanted = ofRows(args) ?? (await pickFailures(services));
  if (!wanted) return undefined;
  return await runIngest(services, of, { retry: wanted }, () => retry(services, ...args));
}

/** The answer to what needs an engine that rests, while a run is under way. */
export function failuresWhileRunning({ messages }: Services): void {
  messages.information(
    vscode.l10n.t('Tarshelf is at work. What failed can be tried again or skipped once the run has ended.'),
    { title: vscode.l10n.t('Show'), run: showTars },
    { title: vscode.l10n.t('Stop'), run: () => vscode.commands.executeCommand(commandIds.stop) },
  );
}

/** What has failed, in the run that is shown or in the state folder that is set. Undefined where nothing has, which is said, or where it cannot be told. */
export async function failuresOrSaySo(services: Services): Promise<FailedTar[] | undefined> {
  try {
    const failures = await services.listFailures(shownStateFolder(services));
    if (failures.length > 0) return failures;
    services.messages.information(vscode.l10n.t('Nothing has failed here.'));
  } catch (thrown) {
    showFailure(services, thrown);
  }
  return undefined;
}

/** A tar with failures as something to pick. */
export function failedTarChoice(failed: FailedTar): Choice<FailedTar> {
  return {
    label: failed.tar,
    description: [
      ...(failed.books.length > 0 ? [booksThatFailedCount(failed.books.length)] : []),
      ...(failed.message === null ? [] : [vscode.l10n.t('incomplete')]),
    ].join(' · '),
    ...(failed.message === null ? {} : { detail: engineText(failed.message) }),
    value: failed,
  };
}

function ofRows(args: readonly unknown[]): Retry | undefined {
  if (textOf(args[0], 'group') === 'failed') return { tars: null, books: null };
  const { tars, books } = chosenRows(args);
  if (tars.length === 0 && books.length === 0) return undefined;
  return {
    tars: [...new Set([...tars, ...books.map(({ tar }) => tar)])],
    // Of a tar that was chosen as a whole, all books are tried again.
    books: tars.length > 0 ? null : [...new Set(books.map(({ member }) => member))],
  };
}

async function pickFailures(services: Services): Promise<Retry | undefined> {
  const failures = await failuresOrSaySo(services);
  if (!failures) return undefined;
  const all: Choice<FailedTar | null> = {
    label: vscode.l10n.t('All that failed'),
    description: tarsCount(failures.length),
    value: null,
  };
  const picked = await services.prompts.pick([all, ...failures.map(failedTarChoice)], {
    title: vscode.l10n.t('Tarshelf: Retry Failed'),
  });
  if (!picked) return undefined;
  return { tars: picked.value === null ? null : [picked.value.tar], books: null };
}
