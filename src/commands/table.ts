import * as vscode from 'vscode';
import { commandIds, type CommandId } from '../manifest.ts';
import { chooseDestination } from './chooseDestination.ts';
import { exportReport } from './exportReport.ts';
import { filterLog } from './filterLog.ts';
import { launch } from './launch.ts';
import { launchWhileRunning } from './launchWhileRunning.ts';
import { launchWithPlan } from './launchWithPlan.ts';
import { openProgressFile, openProgressFolder } from './openProgressFile.ts';
import { openSettings } from './openSettings.ts';
import { reassign } from './reassign.ts';
import { reportProblem } from './reportProblem.ts';
import { failuresWhileRunning, retry } from './retry.ts';
import { revealTar } from './revealTar.ts';
import type { Services, ViewOfRows } from './parts/services.ts';
import { showLog } from './showLog.ts';
import { showTars } from './showTars.ts';
import { showThroughput } from './showThroughput.ts';
import { showWorkerLog } from './showWorkerLog.ts';
import { signIn } from './signIn.ts';
import { signOut } from './signOut.ts';
import { skip } from './skip.ts';
import { addSourceFolder, chooseSourceFolder, removeSourceFolder } from './sourceFolders.ts';
import { stop, stopWhenIdle } from './stop.ts';
import { testConnection } from './testConnection.ts';
import { verifyTar } from './verifyTar.ts';
import {
  pauseAll,
  pauseWorkers,
  restartAll,
  restartWorkers,
  resumeAll,
  resumeWorkers,
} from './workerCommands.ts';
import { trySamples } from './trySamples.ts';
import { workersWhenIdle } from './parts/chosenWorkers.ts';

/**
 * A command and its twin: `enabled` does the work, `disabled` answers when it cannot be done now. A command
 * without a twin can always be done.
 */
interface CommandEntry {
  /** @param args what a menu of a view hands over: the row, and all chosen rows */
  readonly enabled: (services: Services, ...args: readonly unknown[]) => unknown;
  /** The views in whose menus it stands. */
  readonly rowsOf?: readonly ViewOfRows[];
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

/** What tries failures again, or gives them up, is a run of its own. */
const whileRunning: CommandEntry['disabled'] = {
  when: ({ engine }) => engine.isRunning,
  answer: failuresWhileRunning,
};

const table: Record<CommandId, CommandEntry> = {
  [commandIds.launch]: {
    enabled: launch,
    disabled: { when: ({ engine }) => engine.isRunning, answer: launchWhileRunning },
  },
  [commandIds.launchWithPlan]: {
    enabled: launchWithPlan,
    disabled: { when: ({ engine }) => engine.isRunning, answer: launchWhileRunning },
  },
  [commandIds.stop]: {
    enabled: stop,
    disabled: { when: ({ engine }) => !engine.isRunning, answer: stopWhenIdle },
  },
  [commandIds.chooseSourceFolder]: { enabled: chooseSourceFolder },
  [commandIds.addSourceFolder]: { enabled: addSourceFolder },
  [commandIds.removeSourceFolder]: { enabled: removeSourceFolder },
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
  [commandIds.restartWorker]: { enabled: restartWorkers, rowsOf: ['workers'], disabled: whenIdle },
  [commandIds.pauseWorker]: { enabled: pauseWorkers, rowsOf: ['workers'], disabled: whenIdle },
  [commandIds.resumeWorker]: { enabled: resumeWorkers, rowsOf: ['workers'], disabled: whenIdle },
  [commandIds.reassign]: { enabled: reassign, rowsOf: ['workers'], disabled: whenIdle },
  [commandIds.showThroughput]: { enabled: showThroughput },
  [commandIds.restartAll]: { enabled: restartAll, disabled: whenIdle },
  [commandIds.pauseAll]: { enabled: pauseAll, disabled: whenIdle },
  [commandIds.resumeAll]: { enabled: resumeAll, disabled: whenIdle },
  [commandIds.retry]: { enabled: retry, rowsOf: ['tars'], disabled: whileRunning },
  [commandIds.skip]: { enabled: skip, rowsOf: ['tars'], disabled: whileRunning },
  [commandIds.verifyTar]: { enabled: verifyTar, rowsOf: ['tars'] },
  [commandIds.revealTar]: { enabled: revealTar },
  [commandIds.showWorkerLog]: { enabled: showWorkerLog, rowsOf: ['tars', 'workers'] },
  [commandIds.filterLog]: { enabled: filterLog },
  [commandIds.openProgressFile]: { enabled: openProgressFile },
  [commandIds.openProgressFolder]: { enabled: openProgressFolder },
  [commandIds.chooseDestination]: { enabled: chooseDestination },
  [commandIds.exportReport]: { enabled: exportReport },
  [commandIds.reportProblem]: { enabled: reportProblem },
};

/** Registers every command of the table. */
export function registerCommands(services: Services): vscode.Disposable {
  const registered = Object.entries(table).map(([id, { enabled, rowsOf, disabled }]) =>
    vscode.commands.registerCommand(id, (...args: unknown[]) =>
      disabled?.when(services)
        ? disabled.answer(services)
        : enabled(services, ...(rowsOf ? completed(services, rowsOf, args) : args)),
    ),
  );
  return vscode.Disposable.from(...registered);
}

/** With the rows that VS Code did not know; none where it may be one view's or the other's. */
function completed(
  { chosen }: Services,
  views: readonly ViewOfRows[],
  args: readonly unknown[],
): readonly unknown[] {
  const [answer, another] = views
    .map(view => chosen[view].complete(args))
    .filter((each, index, all) => each.length > 0 && all.indexOf(each) === index);
  return answer && !another ? answer : [];
}
