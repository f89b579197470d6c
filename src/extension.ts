import path from 'node:path';
import * as vscode from 'vscode';
import { checkDestination } from './client/askEngine.ts';
import { EngineClient, type EngineLaunch } from './client/engineClient.ts';
import { makeSampleTars, type SampleLaunch } from './client/sampleTars.ts';
import type { SnapshotReader } from './client/snapshotStore.ts';
import { Messages, type ShownMessage } from './commands/messages.ts';
import { openSettings } from './commands/openSettings.ts';
import { windowPrompts, type Prompts } from './commands/prompts.ts';
import type { Services } from './commands/services.ts';
import { registerCommands } from './commands/table.ts';
import { announceRun } from './commands/trySamples.ts';
import { ContextKeys } from './contextKeys.ts';
import { IngestSession } from './ingestSession.ts';
import { setTranslate } from './localize.ts';
import { contextKeys, outputChannelName } from './manifest.ts';
import { StoredSecrets } from './secrets.ts';
import { Settings } from './settings.ts';
import { watchSignIn } from './signInWatch.ts';
import { RunLog } from './views/runLog.ts';
import { StatusBar } from './views/statusBar.ts';
import { TarsView } from './views/tarsView.ts';
import { WorkersView, type WorkerRow } from './views/workersView.ts';

/** What `activate` hands out: the live parts, for tests. Not a public interface; it changes without notice. */
export interface TarshelfApi {
  readonly store: SnapshotReader;
  readonly settings: Settings;
  readonly secrets: StoredSecrets;
  /** Whoever cannot type answers by putting another `ask` here. */
  readonly prompts: Prompts;
  readonly tars: vscode.TreeDataProvider<string>;
  readonly workers: vscode.TreeDataProvider<WorkerRow>;
  readonly status: { readonly text: string | undefined };
  /** How long `activate` took. */
  readonly activationMs: number;
  /** Where the sample books are. */
  readonly samplesFolder: string;
  readonly onDidShowMessage: vscode.Event<ShownMessage>;
}

export function activate(context: vscode.ExtensionContext): TarshelfApi {
  const begin = performance.now();
  setTranslate(vscode.l10n.t);
  const log = vscode.window.createOutputChannel(outputChannelName, { log: true });
  const messages = new Messages(thrown => {
    log.error(String(thrown));
  });
  const settings = new Settings(context.globalStorageUri.fsPath, (name, text) => {
    messages.warning(text, { title: vscode.l10n.t('Open Settings'), run: () => openSettings(name) });
  });
  const secrets = new StoredSecrets(context.secrets);
  const prompts = windowPrompts();
  const engineLaunch: EngineLaunch = {
    enginePath: path.join(context.extensionPath, 'dist', 'engine.js'),
    execPath: process.execPath,
    onStderr: text => {
      runLog.stderr(text);
    },
    whenLeft: settings.onWindowClose,
  };
  const sampleLaunch: SampleLaunch = {
    samplesPath: path.join(context.extensionPath, 'dist', 'samples.js'),
    execPath: process.execPath,
  };
  const client = new EngineClient(engineLaunch);
  const runLog = new RunLog(listener => client.onEvent(listener), log);
  const session = new IngestSession(client);
  const keys = new ContextKeys();
  const showSourceChosen = (): void => {
    keys.set(contextKeys.sourceChosen, settings.sourceFolder !== undefined);
  };
  showSourceChosen();
  const tars = new TarsView(session);
  const workers = new WorkersView(session);
  const status = new StatusBar(session);
  const services: Services = {
    engine: session,
    settings,
    secrets,
    prompts,
    checkDestination: (...check) => checkDestination(engineLaunch, ...check),
    samples: {
      folder: path.join(context.globalStorageUri.fsPath, 'samples'),
      make: (folder, signal) => makeSampleTars(sampleLaunch, folder, signal),
    },
    messages,
    log,
  };
  const findRun = (): void => {
    session
      .find(settings.stateFolder, destination => secrets.of(destination))
      .catch((thrown: unknown) => {
        log.error(String(thrown));
      });
  };
  context.subscriptions.push(
    log,
    messages,
    settings,
    secrets,
    runLog,
    session,
    settings.onDidChange(changed => {
      showSourceChosen();
      if (changed.has('onWindowClose')) client.setWhenLeft(settings.onWindowClose);
      if (changed.has('stateFolder')) findRun();
    }),
    session.onDidEndRun(run => {
      announceRun(services, run);
    }),
    watchSignIn(settings, secrets, isNeeded => {
      keys.set(contextKeys.signInNeeded, isNeeded);
    }),
    session.onDidChangeConnection(() => {
      keys.set(contextKeys.running, session.isRunning);
    }),
    tars,
    workers,
    status,
    registerCommands(services),
  );
  findRun();
  return {
    store: session.store,
    settings,
    secrets,
    prompts,
    tars,
    workers,
    status,
    activationMs: performance.now() - begin,
    samplesFolder: services.samples.folder,
    onDidShowMessage: messages.onDidShow,
  };
}

/** The engine is let go of with the subscriptions; whether it goes on is what `onWindowClose` says. */
export function deactivate(): void {
  // Nothing beyond the subscriptions.
}
