import * as vscode from 'vscode';
import { chosenRows } from './parts/chosenTars.ts';
import type { Services } from './parts/services.ts';

/** Shows a tar among the tars. One that the run does not have any more is said to be gone. */
export async function revealTar(services: Services, ...args: readonly unknown[]): Promise<void> {
  const [tar] = chosenRows(args).tars;
  if (tar === undefined) return;
  if (services.engine.store.tar(tar)) await services.revealTar(tar);
  else services.messages.information(vscode.l10n.t('The last run did not have {0}.', tar));
}
