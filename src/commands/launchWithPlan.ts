import * as vscode from 'vscode';
import { commandIds } from '../manifest.ts';
import type { Plan, PlannedTar } from '../protocol/plan.ts';
import type { Summary } from '../protocol/snapshot.ts';
import { foldersText } from '../protocol/sourceFolders.ts';
import { cancellable } from './parts/cancellable.ts';
import { launchWhileRunning } from './launchWhileRunning.ts';
import { planHint, plannedTarText, planTitle, tarsToRead } from './texts/planText.ts';
import type { Choice } from './parts/prompts.ts';
import { runIngest } from './parts/runIngest.ts';
import type { Services } from './parts/services.ts';
import { showFailure } from './showFailure.ts';
import { sourceFoldersOrAsk } from './sourceFolders.ts';

/**
 * Shows what a run would do, and runs it with the tars that are left ticked. Resolves when the run has ended, as
 * `launch` does; undefined also when the person left.
 */
export async function launchWithPlan(services: Services): Promise<Summary | undefined> {
  const { engine, settings, secrets, prompts, messages } = services;
  const sourceFolders = await sourceFoldersOrAsk(services);
  if (sourceFolders === undefined) return undefined;
  let plan: Plan | undefined;
  let title: string;
  try {
    await engine.find(settings.stateFolder, destination => secrets.of(destination));
    if (engine.isRunning) {
      launchWhileRunning(services);
      return undefined;
    }
    const options = settings.ingestOptions(sourceFolders);
    plan = await cancellable(
      vscode.l10n.t('Tarshelf: looking for tars in {0}', foldersText(sourceFolders)),
      signal => services.makePlan(options, signal),
    );
    if (plan === undefined) return undefined;
    title = planTitle(plan, options.destination);
  } catch (thrown) {
    showFailure(services, thrown);
    return undefined;
  }
  const picked = await prompts.pickMany(planChoices(plan, sourceFolders.length > 1), {
    title,
    placeHolder: planHint(plan),
    matchOnDescription: true,
    ignoreFocusOut: true,
  });
  if (!picked) return undefined;
  const names = new Set(picked.flatMap(({ value }) => (value === null ? [] : [value.name])));
  if (names.size === 0) {
    messages.information(vscode.l10n.t('No tar was ticked, so nothing was launched.'), {
      title: vscode.l10n.t('Launch...'),
      run: () => vscode.commands.executeCommand(commandIds.launchWithPlan),
    });
    return undefined;
  }
  const open = tarsToRead(plan);
  // What comes into the folders until the run begins belongs to it, unless somebody chose.
  const isAll = open.length > 0 && open.every(tar => names.has(tar.name));
  return await runIngest(services, sourceFolders, isAll ? {} : { tars: [...names] }, () =>
    vscode.commands.executeCommand(commandIds.launchWithPlan),
  );
}

/** The tars to read, ticked, and behind them those that are done. */
function planChoices(plan: Plan, withFolder: boolean): Choice<PlannedTar | null>[] {
  const open = tarsToRead(plan);
  const done = plan.tars.filter(tar => tar.state === 'completed');
  return [
    ...group(vscode.l10n.t('To read'), open, true, withFolder),
    ...group(vscode.l10n.t('Done by earlier runs'), done, false, withFolder),
  ];
}

function group(
  label: string,
  tars: readonly PlannedTar[],
  picked: boolean,
  withFolder: boolean,
): Choice<PlannedTar | null>[] {
  if (tars.length === 0) return [];
  return [
    { label, kind: vscode.QuickPickItemKind.Separator, value: null },
    ...tars.map(tar => ({
      label: picked ? tar.name : `$(check) ${tar.name}`,
      description:
        withFolder && tar.folder !== null ? `${plannedTarText(tar)} · ${tar.folder}` : plannedTarText(tar),
      picked,
      value: tar,
    })),
  ];
}
