import * as vscode from 'vscode';
import { SettingUnusable } from '../settings/destinationSettings.ts';
import { commandIds } from '../manifest.ts';
import { engineText } from '../text/engineText.ts';
import { toFailure, type ErrorCode } from '../protocol/errors.ts';
import { failureText } from './texts/failureText.ts';
import { launchWhileRunning } from './launchWhileRunning.ts';
import type { MessageAction } from './parts/messages.ts';
import { openSettings } from './openSettings.ts';
import type { Services } from './parts/services.ts';
import { showLog } from './showLog.ts';
import { chooseSourceFolder } from './sourceFolders.ts';

/** Shows why a run did not begin, or how it broke off: one message, with the button that helps. */
export function showFailure(services: Services, thrown: unknown): void {
  const failure = toFailure(thrown);
  if (failure.code === 'ENGINE_BUSY') {
    launchWhileRunning(services);
    return;
  }
  // The stack of what nobody foresaw is for whoever reads the log, not for a message.
  if (failure.code === 'INTERNAL') services.log.error(stackOf(thrown));
  // In English the engine's words say it all themselves.
  const text = vscode.l10n.bundle === undefined ? engineText(failure.message) : failureText(failure);
  services.messages.error(`Tarshelf: ${text}`, ...remedies(services, thrown, failure.code));
}

function remedies(services: Services, thrown: unknown, code: ErrorCode): MessageAction[] {
  if (thrown instanceof SettingUnusable) {
    return [{ title: vscode.l10n.t('Open Settings'), run: () => openSettings(thrown.setting) }];
  }
  const log: MessageAction = {
    title: vscode.l10n.t('Show Log'),
    run: () => {
      showLog(services);
    },
  };
  const launchAgain: MessageAction = {
    title: vscode.l10n.t('Launch Again'),
    run: () => vscode.commands.executeCommand(commandIds.launch),
  };
  switch (code) {
    case 'SOURCE_MISSING':
    case 'SOURCE_NOT_A_FOLDER':
    case 'SOURCE_WITHOUT_TARS':
    case 'SOURCE_NAME_TWICE':
      // Of several, the others are as they should be: choosing anew would give them up.
      if (services.settings.sourceFolders.length > 1) {
        return [
          launchAgain,
          {
            title: vscode.l10n.t('Remove Folder...'),
            run: () => vscode.commands.executeCommand(commandIds.removeSourceFolder),
          },
        ];
      }
      return [{ title: vscode.l10n.t('Choose Folder'), run: () => chooseAndLaunch(services) }];
    case 'STATE_NOT_WRITABLE':
    case 'STATE_IN_USE':
    case 'STATE_OTHER_DESTINATION':
      return [{ title: vscode.l10n.t('Open Settings'), run: () => openSettings('stateFolder') }];
    case 'LIBRARY_NOT_WRITABLE':
      return [{ title: vscode.l10n.t('Open Settings'), run: () => openSettings('libraryFolder') }];
    case 'DESTINATION_UNUSABLE':
    case 'ENGINE_DIED':
      return [launchAgain, log];
    default:
      return [log];
  }
}

async function chooseAndLaunch(services: Services): Promise<void> {
  const folders = await chooseSourceFolder(services);
  if (folders !== undefined) await vscode.commands.executeCommand(commandIds.launch);
}

function stackOf(thrown: unknown): string {
  return thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
}
