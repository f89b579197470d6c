import * as vscode from 'vscode';
import { engineText } from '../text/engineText.ts';
import { destinationName } from '../text/destinationName.ts';
import { commandIds, type SettingName } from '../manifest.ts';
import { toFailure } from '../protocol/errors.ts';
import type { DestinationOptions } from '../protocol/ingestOptions.ts';
import type { Secrets } from '../protocol/secrets.ts';
import { secretNames } from '../settings/storedSecrets.ts';
import { checkConnection } from './parts/checkConnection.ts';
import { openAddressSetting, openSettings } from './openSettings.ts';
import type { Services } from './parts/services.ts';
import { showFailure } from './showFailure.ts';

/** What a person entered, before it is known whether it opens anything. */
interface Entered {
  readonly destination: DestinationOptions;
  readonly secrets: Secrets;
  /** Where the user name is to be remembered, when it was asked for. */
  readonly userNameSetting: SettingName | undefined;
}

/**
 * Asks for what the destination wants to be opened with, tries it, and keeps what worked. Failures are shown, not
 * thrown.
 *
 * @returns whether what was entered worked and is kept
 */
export async function signIn(services: Services): Promise<boolean> {
  try {
    const entered = await enter(services);
    return entered !== undefined && (await tryOut(services, entered));
  } catch (thrown) {
    showFailure(services, thrown);
    return false;
  }
}

/** Undefined when there is nothing to sign in to, or the person left. */
async function enter({ settings, prompts, messages }: Services): Promise<Entered | undefined> {
  const userNameSetting = settings.userNameToAskFor;
  let userName: string | undefined;
  if (userNameSetting !== undefined) {
    userName = (
      await prompts.ask({ title: vscode.l10n.t('Tarshelf: Sign In'), prompt: vscode.l10n.t('User name') })
    )?.trim();
    if (userName === undefined || userName === '') return undefined;
  }
  const destination = settings.destination(userName);
  if (secretNames(destination).password === null) {
    messages.information(vscode.l10n.t('{0} asks for no password.', destinationName(destination)), {
      title: vscode.l10n.t('Open Settings'),
      run: () => openSettings('destination'),
    });
    return undefined;
  }
  const place = describe(destination);
  const password = await prompts.ask({
    title: vscode.l10n.t('Tarshelf: Sign In'),
    prompt: vscode.l10n.t('Password for {0}', place),
    password: true,
  });
  if (password === undefined || password === '') return undefined;
  let databasePassword: string | null = null;
  if ('database' in destination && destination.database !== null) {
    const entered = await prompts.ask({
      title: vscode.l10n.t('Tarshelf: Sign In'),
      prompt: vscode.l10n.t('Password for the database {0}; empty if it asks for none', destination.database),
      password: true,
    });
    if (entered === undefined) return undefined;
    databasePassword = entered === '' ? null : entered;
  }
  return { destination, secrets: { password, databasePassword }, userNameSetting };
}

async function tryOut(services: Services, entered: Entered): Promise<boolean> {
  const { messages } = services;
  try {
    const found = await checkConnection(services, entered.destination, entered.secrets);
    if (found === undefined) return false;
    const isStored = await keep(services, entered);
    messages.information(
      isStored
        ? vscode.l10n.t('Signed in. {0}', found)
        : vscode.l10n.t('Signed in until this window is closed: no keyring keeps the password. {0}', found),
    );
    return true;
  } catch (thrown) {
    messages.error(
      vscode.l10n.t('Not signed in: {0}', engineText(toFailure(thrown).message)),
      { title: vscode.l10n.t('Try Again'), run: () => vscode.commands.executeCommand(commandIds.signIn) },
      { title: vscode.l10n.t('Open Settings'), run: () => openAddressSetting(entered.destination) },
      // A server that is away for now says nothing about a password.
      { title: vscode.l10n.t('Keep Anyway'), run: () => keep(services, entered) },
    );
    return false;
  }
}

/** Returns whether it is kept beyond this session. */
async function keep(
  { settings, secrets }: Services,
  { destination, secrets: entered, userNameSetting }: Entered,
): Promise<boolean> {
  const isStored = await secrets.keep(destination, entered);
  if (userNameSetting !== undefined && 'userName' in destination && destination.userName !== null) {
    await settings.rememberUserName(userNameSetting, destination.userName);
  }
  return isStored;
}

/** A place and who is to be let in there. */
function describe(destination: DestinationOptions): string {
  const place = destinationName(destination);
  return 'userName' in destination && destination.userName !== null
    ? vscode.l10n.t('{0} at {1}', destination.userName, place)
    : place;
}

/** Says that nobody is signed in, with the button that helps; `then` follows where that worked. */
export function askToSignIn(services: Services, destination: DestinationOptions, then: () => unknown): void {
  services.messages.warning(
    vscode.l10n.t('Tarshelf has no password for {0}. Sign in first.', describe(destination)),
    {
      title: vscode.l10n.t('Sign In'),
      run: async () => {
        if (await signIn(services)) await then();
      },
    },
  );
}
