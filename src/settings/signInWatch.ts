import { SettingUnusable } from './destinationSettings.ts';
import type { StoredSecrets } from './storedSecrets.ts';
import type { Settings } from './settings.ts';

/**
 * Tells whether somebody has to sign in before a launch: now, and whenever the settings or, in any window, the
 * secrets change.
 */
export function watchSignIn(
  settings: Settings,
  secrets: StoredSecrets,
  tell: (isNeeded: boolean) => void,
): { dispose(): void } {
  let latest = 0;
  const look = async (): Promise<void> => {
    const mine = ++latest;
    const isNeeded = await isSignInNeeded(settings, secrets);
    // A slower answer to an earlier look is out of date.
    if (mine === latest) tell(isNeeded);
  };
  const lookAgain = (): void => {
    void look();
  };
  const listening = [settings.onDidChange(lookAgain), secrets.onDidChange(lookAgain)];
  lookAgain();
  return {
    dispose: () => {
      latest++;
      for (const one of listening) one.dispose();
    },
  };
}

async function isSignInNeeded(settings: Settings, secrets: StoredSecrets): Promise<boolean> {
  try {
    return await secrets.isPasswordMissing(settings.destination());
  } catch (thrown) {
    // Signing in asks for that one; what else is wrong with the settings, a launch says.
    return thrown instanceof SettingUnusable && thrown.setting === 'mybookshelf2.userName';
  }
}
