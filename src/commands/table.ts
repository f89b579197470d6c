import * as vscode from 'vscode';
import { commandIds, type CommandId } from '../manifest.ts';
import { chooseSourceFolder } from './chooseSourceFolder.ts';
import { launch } from './launch.ts';
import { launchWhileRunning } from './launchWhileRunning.ts';
import { openSettings } from './openSettings.ts';
import type { Services } from './services.ts';
import { showLog } from './showLog.ts';
import { showTars } from './showTars.ts';
import { signIn } from './signIn.ts';
import { signOut } from './signOut.ts';
import { stop, stopWhenIdle } from './stop.ts';
import { testConnection } from './testConnection.ts';

/**
 * A command and its twin: `enabled` does the work, `disabled` answers when it cannot be done now. A command
 * without a twin can always be done.
 */
interface CommandEntry {
  readonly enabled: (services: Services) => unknown;
  readonly disabled?: {
    readonly when: (services: Services) => boolean;
    readonly answer: (services: Services) => unknown;
  };
}

const table: Record<CommandId, CommandEntry> = {
  [commandIds.launch]: {
    enabled: launch,
    disabled: { when: ({ engine }) => engine.isRunning, answer: launchWhileRunning },
  },
  [commandIds.stop]: {
    enabled: stop,
    disabled: { when: ({ engine }) => !engine.isRunning, answer: stopWhenIdle },
  },
  [commandIds.chooseSourceFolder]: { enabled: chooseSourceFolder },
  [commandIds.showTars]: { enabled: showTars },
  [commandIds.showLog]: { enabled: showLog },
  [commandIds.openSettings]: { enabled: () => openSettings() },
  [commandIds.signIn]: { enabled: signIn },
  [commandIds.signOut]: { enabled: signOut },
  [commandIds.testConnection]: { enabled: testConnection },
};

/** Registers every command of the table. */
export function registerCommands(services: Services): vscode.Disposable {
  const registered = Object.entries(table).map(([id, { enabled, disabled }]) =>
    vscode.commands.registerCommand(id, () =>
      disabled?.when(services) ? disabled.answer(services) : enabled(services),
    ),
  );
  return vscode.Disposable.from(...registered);
}
