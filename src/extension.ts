import path from 'node:path';
import * as vscode from 'vscode';
import { checkDestination, listFailures, listProgress, makePlan, verifyTar } from './client/askEngine.ts';
import { EngineClient, type EngineLaunch } from './client/engineClient.ts';
import { makeSampleTars, type SampleLaunch } from './client/sampleTars.ts';
import type { SnapshotReader } from './client/snapshotStore.ts';
import { Messages, type ShownMessage } from './commands/parts/messages.ts';
import { openSettings } from './commands/openSettings.ts';
import { windowPrompts, type Prompts } from './commands/parts/prompts.ts';
import { saveThroughput } from './commands/saveThroughput.ts';
import type { Services } from './commands/parts/services.ts';
import { shownStateFolder } from './commands/parts/shownRun.ts';
import { registerCommands } from './commands/table.ts';
import { announceRun } from './commands/trySamples.ts';
import { ContextKeys } from './session/contextKeys.ts';
import { IngestSession } from './session/ingestSession.ts';
import { RunWatch } from './session/runWatch.ts';
import { setTranslate } from './text/localize.ts';
import { LogDocuments } from './logDocuments/logDocuments.ts';
import { contextKeys, outputChannelName } from './manifest.ts';
import { programVersion } from './protocol/version.ts';
import { proxyEnvironment } from './settings/proxyEnvironment.ts';
import { StoredSecrets } from './settings/storedSecrets.ts';
import { Settings } from './settings/settings.ts';
import { watchSignIn } from './settings/signInWatch.ts';
import { ProgressView, type ProgressRow } from './views/progressView.ts';
import { RunLog } from './views/runLog.ts';
import { StatusBar } from './views/statusBar.ts';
import type { TarsRow } from './views/tarsRow.ts';
import { TarsView } from './views/tarsView.ts';
import { ThroughputView } from './views/throughputView.ts';
import { WorkersView, type WorkerRow } from './views/workersView.ts';

/** What `activate` hands out: the live parts, for tests. Not a public interface; it changes without notice. */
export interface TarshelfApi {
  readonly store: SnapshotReader;
  readonly settings: Settings;
  readonly secrets: StoredSecrets;
  /** Whoever cannot type answers by putting another `ask` here. */
  readonly prompts: Prompts;
  readonly tars: vscode.TreeDataProvider<TarsRow> & {
    readonly selection: readonly TarsRow[];
    readonly onDidChangeSelection: vscode.Event<unknown>;
    readonly badge: vscode.ViewBadge | undefined;
    reveal(tar: string): Promise<void>;
  };
  readonly workers: vscode.TreeDataProvider<WorkerRow>;
  readonly progress: vscode.TreeDataProvider<ProgressRow>;
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
  const secrets = new StoredSecrets(context.secrets, thrown => {
    log.warn(String(thrown));
  });
  const prompts = windowPrompts();
  const engineLaunch: EngineLaunch = {
    enginePath: path.join(context.extensionPath, 'dist', 'engine.js'),
    execPath: process.execPath,
    // Read at each start of one: what is set by then counts.
    get env() {
      const http = vscode.workspace.getConfiguration('http');
      return proxyEnvironment(process.env, {
        proxy: http.get('proxy'),
        support: http.get('proxySupport'),
        noProxy: http.get('noProxy'),
      });
    },
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
    keys.set(contextKeys.sourceChosen, settings.sourceFolders.length > 0);
  };
  showSourceChosen();
  /** Of the run that is shown, which may be another than the next one's. */
  const stateFolder = (): string => shownStateFolder({ engine: session, settings });
  const tars = new TarsView(session, () => listFailures(engineLaunch, stateFolder()));
  const workers = new WorkersView(session);
  const progress = new ProgressView(session, signal => listProgress(engineLaunch, stateFolder(), signal));
  const status = new StatusBar(session);
  const throughput = new ThroughputView({
    engine: session,
    extensionUri: context.extensionUri,
    save: file =>
      saveThroughput(services, file.kind, file.kind === 'csv' ? Buffer.from(file.text) : file.bytes),
    onProblem: thrown => {
      log.error(String(thrown));
    },
  });
  const services: Services = {
    engine: session,
    settings,
    secrets,
    prompts,
    checkDestination: (...check) => checkDestination(engineLaunch, ...check),
    makePlan: (...plan) => makePlan(engineLaunch, ...plan),
    listFailures: stateFolder => listFailures(engineLaunch, stateFolder),
    verifyTar: (...check) => verifyTar(engineLaunch, ...check),
    chosen: { tars: tars.chosen, workers: workers.chosen },
    revealTar: tar => tars.reveal(tar),
    version: programVersion,
    samples: {
      folder: path.join(context.globalStorageUri.fsPath, 'samples'),
      make: (folder, signal) => makeSampleTars(sampleLaunch, folder, signal),
    },
    messages,
    throughput,
    log,
  };
  const findRun = (): void => {
    session
      .find(settings.stateFolder, destination => secrets.of(destination))
      .catch((thrown: unknown) => {
        log.error(String(thrown));
      });
  };
  let lastProblem = '';
  const lookAgain = async (): Promise<void> => {
    try {
      await session.lookAgain(settings.stateFolder);
      lastProblem = '';
    } catch (thrown) {
      // An engine that does not answer is met again every few seconds.
      const problem = String(thrown);
      if (problem !== lastProblem) log.error(problem);
      lastProblem = problem;
    }
  };
  const runWatch = new RunWatch(lookAgain, [tars, workers, progress, throughput]);
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
      if (changed.has('stateFolder')) {
        findRun();
        progress.refresh();
      }
    }),
    session.onDidEndRun(run => {
      announceRun(services, run);
    }),
    runWatch,
    vscode.window.onDidChangeWindowState(({ focused }) => {
      if (focused) runWatch.lookNow();
    }),
    watchSignIn(settings, secrets, isNeeded => {
      keys.set(contextKeys.signInNeeded, isNeeded);
    }),
    session.onDidChangeConnection(() => {
      keys.set(contextKeys.running, session.isRunning);
    }),
    tars,
    workers,
    progress,
    status,
    throughput,
    new LogDocuments(thrown => {
      log.error(String(thrown));
    }),
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
    progress,
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
