import assert from 'node:assert/strict';
import { mkdir, readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { DatabaseSync } from 'node:sqlite';
import * as vscode from 'vscode';
import type { ShownMessage } from '../../../src/commands/parts/messages.ts';
import type { TarshelfApi } from '../../../src/extension.ts';
import {
  commandIds,
  extensionId,
  logScheme,
  settingNames,
  settingsSection,
  viewCommandIds,
  viewIds,
  type CommandId,
} from '../../../src/manifest.ts';
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

  it('finds the logs of its workers, by their rows and by picking one', async () => {
    await vscode.commands.executeCommand(commandIds.showWorkerLog, { worker: 1, tar: undefined });
    const ofRow = vscode.window.activeTextEditor?.document;
    assert.ok(ofRow);
    assert.ok(ofRow.uri.path.includes('/samples/state/'), ofRow.uri.path);
    assert.match(ofRow.getText(), / INFO /);
    await vscode.commands.executeCommand('workbench.action.closeActiveEditor');
    const { picked, opened } = await pickFirst(commandIds.showWorkerLog);
    assert.deepEqual(picked, ['Worker 1', 'Worker 2', 'Worker 3']);
    assert.ok(opened?.uri.path.includes('/samples/state/'), opened?.uri.path);
  });

  it('opens its progress files, and shows in the view what stands in them', async () => {
    const { picked, opened } = await pickFirst(commandIds.openProgressFile);
    assert.deepEqual(picked, ['Worker 1', 'Worker 2', 'Worker 3']);
    assert.ok(opened?.uri.path.includes('/samples/state/'), opened?.uri.path);
    await vscode.commands.executeCommand(`${viewIds.progress}.focus`);
    await vscode.commands.executeCommand(viewCommandIds.refreshProgress);
    const files = async (): Promise<string[]> =>
      ((await api.progress.getChildren()) ?? []).flatMap(row => (row.kind === 'file' ? [row.path] : []));
    for (let waited = 0; (await files()).length < 3 && waited < 100; waited++) await sleep(100);
    assert.deepEqual(
      (await files()).map(file => path.dirname(file)),
      [1, 2, 3].map(() => path.join(samples(), 'state')),
    );
  });

  it('puts its logs into the report of a problem', async () => {
    await vscode.commands.executeCommand(commandIds.reportProblem);
    const text = vscode.window.activeTextEditor?.document.getText() ?? '';
    assert.match(text, /The end of migration_worker1\.log/);
    assert.ok(text.includes(truth.tars[0]!.name));
    await vscode.commands.executeCommand('workbench.action.revertAndCloseActiveEditor');
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
    const run = { isOver: false };
    const begin = async (): Promise<void> => {
      run.isOver = false;
      await trySamples();
      run.isOver = true;
    };
    let first = begin();
    // The run begins when the tars are made. With nothing left to do it may be over between two looks: then there is another.
    while (api.status.text?.includes('spin') !== true) {
      if (run.isOver) first = begin();
      await new Promise(resolve => setTimeout(resolve, 5));
    }
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

  /** Calls a command, takes the first of what it offers, and gives all that, and what is open then. */
  async function pickFirst(
    id: CommandId,
  ): Promise<{ picked: string[]; opened: vscode.TextDocument | undefined }> {
    const { pick } = api.prompts;
    let picked: string[] = [];
    api.prompts.pick = choices => {
      picked = choices.map(({ label }) => label);
      return Promise.resolve(choices[0]);
    };
    try {
      await vscode.commands.executeCommand(id);
      const opened = vscode.window.activeTextEditor?.document;
      await vscode.commands.executeCommand('workbench.action.closeActiveEditor');
      return { picked, opened };
    } finally {
      api.prompts.pick = pick;
    }
  }

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
