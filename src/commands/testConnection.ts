import * as vscode from 'vscode';
import { commandIds } from '../manifest.ts';
import { engineText } from '../text/engineText.ts';
import { toFailure } from '../protocol/errors.ts';
import type { DestinationOptions } from '../protocol/ingestOptions.ts';
import { secretNames } from '../settings/storedSecrets.ts';
import { checkConnection } from './parts/checkConnection.ts';
import type { MessageAction } from './parts/messages.ts';
import { openAddressSetting } from './openSettings.ts';
import type { Services } from './parts/services.ts';
import { showFailure } from './showFailure.ts';
import { askToSignIn } from './signIn.ts';

/** Says whether books could go to the destination, or what is in the way. */
export async function testConnection(services: Services): Promise<void> {
  const { settings, secrets, messages } = services;
  let destination: DestinationOptions;
  try {
    destination = settings.destination();
  } catch (thrown) {
    showFailure(services, thrown);
    return;
  }
  // With a password that is missing, a server could only say that it is wrong.
  if (await secrets.isPasswordMissing(destination)) {
    askToSignIn(services, destination, () => testConnection(services));
    return;
  }
  try {
    const found = await checkConnection(services, destination, await secrets.of(destination));
    if (found !== undefined) messages.information(found);
  } catch (thrown) {
    messages.error(`Tarshelf: ${engineText(toFailure(thrown).message)}`, ...remedies(destination));
  }
}

function remedies(destination: DestinationOptions): MessageAction[] {
  const settings: MessageAction = {
    title: vscode.l10n.t('Open Settings'),
    run: () => openAddressSetting(destination),
  };
  const signIn: MessageAction = {
    title: vscode.l10n.t('Sign In'),
    run: () => vscode.commands.executeCommand(commandIds.signIn),
  };
  return secretNames(destination).password === null ? [settings] : [signIn, settings];
}
