import * as vscode from 'vscode';
import { formatNumber } from '../protocol/format.ts';
import { chosenRows, type BookRow } from './parts/chosenTars.ts';
import { failedBookChoice } from './texts/failedBookChoice.ts';
import { failedTarChoice, failuresOrSaySo } from './retry.ts';
import { runIngest } from './parts/runIngest.ts';
import type { Services } from './parts/services.ts';
import { shownRun } from './parts/shownRun.ts';
import { sourceFoldersOrAsk } from './sourceFolders.ts';

/**
 * Gives up failed books: they are not tried again, and count as skipped from then on. A short run does it, so that
 * only the worker whose record it is writes there.
 */
export async function skip(services: Services, ...args: readonly unknown[]): Promise<void> {
  const of = shownRun(services) ?? (await sourceFoldersOrAsk(services));
  if (of === undefined) return;
  const { books: ofRows } = chosenRows(args);
  const books = ofRows.length > 0 ? ofRows : await pickBooks(services);
  if (!books || books.length === 0) return;
  const [only] = books;
  const agreed = await services.prompts.confirm(
    books.length === 1 && only
      ? vscode.l10n.t('Skip {0}?', only.member)
      : vscode.l10n.t('Skip {0} failed books?', formatNumber(books.length)),
    vscode.l10n.t('Tarshelf does not try again what is skipped, and no longer counts it as failed.'),
    vscode.l10n.t('Skip'),
  );
  if (!agreed) return;
  // Tar by tar: another one may have a member of the same name that is to be tried again.
  for (const [tar, members] of byTar(books)) {
    const given = { tars: [tar], books: members, skip: true };
    const summary = await runIngest(services, of, { retry: given }, () => skip(services, ...args));
    if (!summary) return;
  }
}

function byTar(books: readonly BookRow[]): Map<string, string[]> {
  const members = new Map<string, string[]>();
  for (const { tar, member } of books) members.set(tar, [...(members.get(tar) ?? []), member]);
  return members;
}

async function pickBooks(services: Services): Promise<BookRow[] | undefined> {
  const failures = (await failuresOrSaySo(services))?.filter(({ books }) => books.length > 0);
  if (!failures) return undefined;
  if (failures.length === 0) {
    services.messages.information(
      vscode.l10n.t('No single book has failed: only whole tars, which are read again by "Retry Failed".'),
    );
    return undefined;
  }
  const title = vscode.l10n.t('Tarshelf: Skip Failed Books');
  const tar = await services.prompts.pick(failures.map(failedTarChoice), { title });
  if (!tar) return undefined;
  const choices = tar.value.books.map(book => failedBookChoice(tar.value.tar, book));
  const picked = await services.prompts.pickMany(choices, { title, placeHolder: tar.value.tar });
  return picked?.map(({ value }) => value);
}
