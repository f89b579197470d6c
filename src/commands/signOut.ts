import * as vscode from 'vscode';
import { destinationName } from '../text/destinationName.ts';
import type { Services } from './parts/services.ts';
import { showFailure } from './showFailure.ts';

/** Forgets what is kept for the destination. A run that is under way goes on with what it has. */
export async function signOut(services: Services): Promise<void> {
  const { settings, secrets, messages } = services;
  try {
    const destination = settings.destination();
    const place = destinationName(destination);
    messages.information(
      (await secrets.forget(destination))
        ? vscode.l10n.t('Signed out: the password for {0} is forgotten.', place)
        : vscode.l10n.t('No password is kept for {0}.', place),
    );
  } catch (thrown) {
    showFailure(services, thrown);
  }
}
