import path from 'node:path';
import * as vscode from 'vscode';
import { commandIds } from '../manifest.ts';
import { defaultMetadataReader, limits, type IngestOptions } from '../protocol/ingestOptions.ts';
import { noSecrets } from '../protocol/secrets.ts';
import type { RunState, Summary } from '../protocol/snapshot.ts';
import { announceEnd } from './launch.ts';
import { launchWhileRunning } from './launchWhileRunning.ts';
import type { Services } from './parts/services.ts';
import { showFailure } from './showFailure.ts';
import { showTars } from './showTars.ts';

/** Enough to see that several tars are read at a time, on any machine. */
const sampleWorkers = 3;

/**
 * Makes sample tars and puts their books on a shelf of their own, all in the extension's storage: nothing that a
 * person has set is read or changed. A second try shows that nothing comes twice. Failures are shown, not thrown.
 *
 * @returns what came of it, when the run has ended; undefined when it did not begin
 */
export async function trySamples(services: Services): Promise<Summary | undefined> {
  const progress = {
    location: vscode.ProgressLocation.Notification,
    title: vscode.l10n.t('Tarshelf: trying it with sample books'),
    cancellable: true,
  };
  return await vscode.window.withProgress(progress, async (report, token) => {
    const cancelled = new AbortController();
    const listening = token.onCancellationRequested(() => {
      cancelled.abort();
      // Of the run that may have begun; the books in hand are finished.
      void services.engine.stop();
    });
    try {
      report.report({ message: vscode.l10n.t('making a few tars') });
      return await run(services, cancelled.signal, () => {
        report.report({ message: vscode.l10n.t('putting their books on a shelf') });
      });
    } catch (thrown) {
      if (!cancelled.signal.aborted) showFailure(services, thrown);
      return undefined;
    } finally {
      listening.dispose();
    }
  });
}

async function run(services: Services, signal: AbortSignal, begin: () => void): Promise<Summary | undefined> {
  const { engine, samples } = services;
  const options = sampleOptions(samples.folder);
  await samples.make(tarsFolder(samples.folder), signal);
  // Another window may be trying them, too.
  await engine.find(options.stateFolder, () => Promise.resolve(noSecrets));
  signal.throwIfAborted();
  if (engine.isRunning) {
    launchWhileRunning(services);
    return undefined;
  }
  begin();
  await showTars();
  const { summary } = await engine.ingest(options, noSecrets);
  return summary ?? undefined;
}

function tarsFolder(folder: string): string {
  return path.join(folder, 'tars');
}

function sampleOptions(folder: string): IngestOptions {
  return {
    sourceFolders: [tarsFolder(folder)],
    stateFolder: path.join(folder, 'state'),
    workers: sampleWorkers,
    batchSize: limits.batchSize.default,
    parallelUploads: limits.parallelUploads.default,
    mode: 'in-place',
    afterCompletion: 'keep',
    metadataReader: defaultMetadataReader,
    destination: { kind: 'library', folder: path.join(folder, 'library') },
  };
}

/** One message for a whole run: of sample books, it says where they are and what comes next. */
export function announceRun(services: Services, run: RunState): void {
  const { engine, messages, samples } = services;
  const { summary } = run;
  const options = sampleOptions(samples.folder);
  if (run.failure || !summary || engine.store.options?.stateFolder !== options.stateFolder) {
    announceEnd(services, run);
    return;
  }
  const { tars, books } = summary;
  const text =
    run.phase === 'stopped'
      ? vscode.l10n.t('The try with sample books was stopped.')
      : books.uploaded === 0
        ? vscode.l10n.t('All sample books were on the shelf already, and none came twice.')
        : vscode.l10n.t(
            'It works: {0} sample tars held {1} books, and each of the {2} different ones is on the shelf once.',
            tars.completed,
            books.found,
            books.uploaded,
          );
  messages.information(
    text,
    {
      title: vscode.l10n.t('Show Books'),
      run: () => showFolder(path.join(samples.folder, 'library', 'books')),
    },
    {
      title: vscode.l10n.t('Choose Your Tars'),
      run: () => vscode.commands.executeCommand(commandIds.chooseSourceFolder),
    },
  );
}

/** In the file manager of this machine; where the folder is on another one, in a window there. */
async function showFolder(folder: string): Promise<void> {
  const isHere = vscode.env.remoteName === undefined && vscode.env.uiKind === vscode.UIKind.Desktop;
  const uri = vscode.Uri.file(folder);
  if (isHere) await vscode.commands.executeCommand('revealFileInOS', uri);
  else await vscode.commands.executeCommand('vscode.openFolder', uri, { forceNewWindow: true });
}
