import * as vscode from 'vscode';
import { commandIds, type CommandId } from '../manifest.ts';
import { chooseSourceFolder } from './chooseSourceFolder.ts';
import { launch } from './launch.ts';
import { launchWhileRunning } from './launchWhileRunning.ts';
import { openSettings } from './openSettings.ts';
import { reassign } from './reassign.ts';
import { pauseWorkers, restartWorkers, resumeWorkers } from './workerCommands.ts';
import type { Services } from './services.ts';
import { showLog } from './showLog.ts';
import { showTars } from './showTars.ts';
import { signIn } from './signIn.ts';
import { signOut } from './signOut.ts';
import { stop, stopWhenIdle } from './stop.ts';
import { testConnection } from './testConnection.ts';
import { trySamples } from './trySamples.ts';
import { workersWhenIdle } from './chosenWorkers.ts';

/**
 * A command and its twin: `enabled` does the work, `disabled` answers when it cannot be done now. A command
 * without a twin can always be done.
 */
interface CommandEntry {
  /** @param args what a menu of a view hands over: the row, and all chosen rows */
  readonly enabled: (services: Services, ...args: readonly unknown[]) => unknown;
  readonly disabled?: {
    readonly when: (services: Services) => boolean;
    readonly answer: (services: Services) => unknown;
  };
}

/** What concerns workers needs a run. */
const whenIdle: CommandEntry['disabled'] = {
  when: ({ engine }) => !engine.isRunning,
  answer: workersWhenIdle,
};

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
  [commandIds.trySamples]: {
    enabled: trySamples,
    disabled: { when: ({ engine }) => engine.isRunning, answer: launchWhileRunning },
  },
  [commandIds.showTars]: { enabled: showTars },
  [commandIds.showLog]: { enabled: showLog },
  [commandIds.openSettings]: { enabled: () => openSettings() },
  [commandIds.signIn]: { enabled: signIn },
  [commandIds.signOut]: { enabled: signOut },
  [commandIds.testConnection]: { enabled: testConnection },
  [commandIds.restartWorker]: { enabled: restartWorkers, disabled: whenIdle },
  [commandIds.pauseWorker]: { enabled: pauseWorkers, disabled: whenIdle },
  [commandIds.resumeWorker]: { enabled: resumeWorkers, disabled: whenIdle },
  [commandIds.reassign]: { enabled: reassign, disabled: whenIdle },
};

/** Registers every command of the table. */
export function registerCommands(services: Services): vscode.Disposable {
  const registered = Object.entries(table).map(([id, { enabled, disabled }]) =>
    vscode.commands.registerCommand(id, (...args: unknown[]) =>
      disabled?.when(services) ? disabled.answer(services) : enabled(services, ...args),
    ),
  );
  return vscode.Disposable.from(...registered);
}
