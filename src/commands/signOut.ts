import { destinationText } from '../protocol/destinationText.ts';
import type { Services } from './services.ts';
import { showFailure } from './showFailure.ts';

/** Forgets what is kept for the destination. A run that is under way goes on with what it has. */
export async function signOut(services: Services): Promise<void> {
  const { settings, secrets, messages } = services;
  try {
    const destination = settings.destination();
    const place = destinationText(destination);
    messages.information(
      (await secrets.forget(destination))
        ? `Signed out: the password for ${place} is forgotten.`
        : `No password is kept for ${place}.`,
    );
  } catch (thrown) {
    showFailure(services, thrown);
  }
}
