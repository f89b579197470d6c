import assert from 'node:assert/strict';
import { mkdir, readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import * as vscode from 'vscode';
import type { ShownMessage } from '../../../src/commands/parts/messages.ts';
import type { TarshelfApi } from '../../../src/extension.ts';
import { commandIds, extensionId, logScheme, settingNames, settingsSection } from '../../../src/manifest.ts';
import type { Summary } from '../../../src/protocol/snapshot.ts';
import type { Verification } from '../../../src/protocol/verification.ts';
import { makeSampleTars, type SampleTruth } from '../../../src/samples/makeSample.ts';

describe('Trying it with sample books', function () {
  this.timeout(60_000);

  let api: TarshelfApi;
  let truth: SampleTruth;

  const samples = (): string => api.samplesFolder;
  const trySamples = async (): Promise<Summary | undefined> =>
    await vscode.commands.executeCommand<Summary | undefined>(commandIds.trySamples);

  before(async () => {
    const extension = vscode.extensions.getExtension<TarshelfApi>(extensionId);
    assert.ok(extension);
    api = await extension.activate();
    truth = await makeSampleTars(path.join(samples(), 'tars'));
    // Another suite may have tried it before.
    await rm(samples(), { recursive: true });
  });

  it('needs nothing that is set, and puts every sample book on a shelf of its own, once', async () => {
    const before = settingsOfUser();
    const messages = listen();
    const summary = await trySamples();
    assert.equal(summary?.books.uploaded, truth.books.length);
    assert.equal(summary.tars.completed, truth.tars.length);
    assert.deepEqual((await readdir(samples())).sort(), ['library', 'state', 'tars']);
    assert.equal(booksIn(path.join(samples(), 'library')), truth.books.length);
    assert.deepEqual(settingsOfUser(), before);
    const [message, ...others] = messages();
    assert.deepEqual(others, []);
    assert.equal(message?.kind, 'information');
    assert.match(message.text, new RegExp(`each of the ${String(truth.books.length)} different ones`));
    assert.deepEqual(message.actions, ['Show Books', 'Choose Your Tars']);
  });

  it('opens the log of a sample tar, and verifies it, though nothing is set', async () => {
    if (process.platform === 'win32') return;
    const row = { kind: 'tar', tar: truth.tars[0]!.name };
    await vscode.commands.executeCommand(commandIds.showWorkerLog, row, [row]);
    const document = vscode.window.activeTextEditor?.document;
    assert.equal(document?.uri.scheme, logScheme);
    assert.ok(document.uri.path.includes('/samples/state/'), document.uri.path);
    assert.ok(document.getText().includes(row.tar));
    await vscode.commands.executeCommand('workbench.action.closeActiveEditor');
    const [found] = await vscode.commands.executeCommand<Verification[]>(commandIds.verifyTar, row, [row]);
    assert.deepEqual([found?.tar, found?.missing, found?.damage], [row.tar, 0, null]);
    assert.ok((found?.onShelf ?? 0) > 0);
  });

  it('says on a second try that nothing came twice', async () => {
    const messages = listen();
    const summary = await trySamples();
    assert.equal(summary?.books.uploaded, 0);
    assert.match(messages()[0]?.text ?? '', /none came twice/);
    assert.equal(booksIn(path.join(samples(), 'library')), truth.books.length);
  });

  it('leaves the folders of tars unchosen', () => {
    assert.deepEqual(api.settings.sourceFolders, []);
  });

  it('answers while it is under way', async () => {
    const first = trySamples();
    // The run begins when the tars are made.
    while (api.status.text?.includes('spin') !== true) await new Promise(resolve => setTimeout(resolve, 5));
    const messages = listen();
    assert.equal(await trySamples(), undefined);
    assert.deepEqual(messages()[0]?.actions, ['Show', 'Stop']);
    await first;
  });

  it('says what is in the way of the tars, and throws nothing', async () => {
    const inTheWay = path.join(samples(), 'tars', truth.tars[0]!.name);
    await rm(inTheWay);
    await mkdir(inTheWay);
    const messages = listen();
    assert.equal(await trySamples(), undefined);
    const [message, ...others] = messages();
    assert.deepEqual(others, []);
    assert.equal(message?.kind, 'error');
    await rm(inTheWay, { recursive: true });
  });

  /** Collects what is shown from now on. */
  function listen(): () => readonly ShownMessage[] {
    const shown: ShownMessage[] = [];
    const listening = api.onDidShowMessage(message => shown.push(message));
    return () => {
      listening.dispose();
      return shown;
    };
  }
});

function settingsOfUser(): unknown {
  const configuration = vscode.workspace.getConfiguration(settingsSection);
  return settingNames.map(name => configuration.inspect(name));
}

function booksIn(library: string): number {
  const database = new DatabaseSync(path.join(library, 'library.db'), { readOnly: true });
  try {
    return Number(database.prepare('select count(*) as books from books').get()?.['books']);
  } finally {
    database.close();
  }
}
