import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import * as vscode from 'vscode';
import type { ShownMessage } from '../../../src/commands/parts/messages.ts';
import type { TarshelfApi } from '../../../src/extension.ts';
import { commandIds, extensionId } from '../../../src/manifest.ts';
import type { Summary } from '../../../src/protocol/snapshot.ts';
import { makeSampleTars, type SampleTruth } from '../../../src/samples/makeSample.ts';
import { resetSettings, set } from './window.ts';

const runTimeoutMs = 60_000;

/** A row of a view as it is seen. */
interface Row {
  id: string | undefined;
  label: string;
  description: string;
  icon: string;
  contextValue: string | undefined;
}

describe('An ingest in VS Code', function () {
  this.timeout(runTimeoutMs);

  let api: TarshelfApi;
  let folder: string;
  let truth: SampleTruth;

  const source = (): string => path.join(folder, 'tars');
  const library = (): string => path.join(folder, 'library');

  before(async () => {
    const extension = vscode.extensions.getExtension<TarshelfApi>(extensionId);
    assert.ok(extension);
    api = await extension.activate();
    folder = await mkdtemp(path.join(tmpdir(), 'tarshelf-vscode-'));
    truth = await makeSampleTars(source());
    await set('sourceFolders', [source()]);
    await set('stateFolder', path.join(folder, 'state'));
    await set('libraryFolder', library());
    await set('workers', 3);
  });

  after(async () => {
    await resetSettings();
    await rm(folder, { recursive: true, force: true, maxRetries: 10 });
  });

  it('puts every book on the shelf once, and the views say so', async () => {
    const messages = listen();
    const summary = await launch();
    assert.ok(summary);
    assert.deepEqual(summary.tars, { total: truth.tars.length, completed: truth.tars.length, failed: 0 });
    assert.deepEqual(summary.books, {
      found: truth.bookMembers,
      uploaded: truth.books.length,
      duplicates: truth.duplicates,
      failed: 0,
    });
    assert.equal(summary.skipped, truth.skipped);
    assert.deepEqual(shelf(), keysOf(truth));

    const [group] = await rowsOf(api.tars);
    assert.deepEqual([group?.label, group?.description], ['Completed', String(truth.tars.length)]);
    const tars = await childRowsOf(api.tars);
    assert.deepEqual(
      tars.map(row => row.label),
      truth.tars.map(tar => tar.name),
    );
    assert.equal(sum(tars, /(\d+) books?/), truth.books.length);
    assert.equal(sum(tars, /(\d+) duplicates?/), truth.duplicates);
    for (const tar of tars) {
      assert.match(tar.description, /^completed · /);
      assert.equal(tar.contextValue, 'tar;completed');
      assert.equal(tar.icon, 'pass-filled');
    }
    assert.equal(new Set(tars.map(row => row.id)).size, tars.length);
    assert.equal(
      api.status.text,
      `$(check) ${String(truth.tars.length)}/${String(truth.tars.length)} tars · ${String(truth.books.length)} books`,
    );
    assert.deepEqual(
      messages().map(message => message.kind),
      ['information'],
    );
  });

  it('shows a row for each worker, and below it the tars assigned to it', async () => {
    const workers = await rowsOf(api.workers);
    assert.deepEqual(
      workers.map(row => [row.label, row.description]),
      [1, 2, 3].map(number => [`Worker ${String(number)}`, 'finished']),
    );
    const children = await childRowsOf(api.workers);
    assert.deepEqual(
      children.map(row => row.label).sort(),
      truth.tars.map(tar => tar.name),
    );
    assert.equal(new Set([...workers, ...children].map(row => row.id)).size, 3 + truth.tars.length);
  });

  it('fills in a tooltip only when it is asked for', async () => {
    const [group] = (await api.tars.getChildren()) ?? [];
    const [row] = (await api.tars.getChildren(group)) ?? [];
    assert.ok(row?.kind === 'tar');
    const item = await api.tars.getTreeItem(row);
    assert.equal(item.tooltip, undefined);
    const resolved = await api.tars.resolveTreeItem?.(item, row, new vscode.CancellationTokenSource().token);
    assert.ok(resolved?.tooltip instanceof vscode.MarkdownString);
    assert.match(resolved.tooltip.value, /New books/);
  });

  it('uploads nothing when launched again', async () => {
    const summary = await launch();
    assert.equal(summary?.books.uploaded, 0);
    assert.equal(summary.tars.completed, truth.tars.length);
    assert.deepEqual(shelf(), keysOf(truth));
    for (const tar of await childRowsOf(api.tars)) assert.match(tar.description, /^completed earlier/);
    assert.match(api.status.text ?? '', /no new books/);
  });

  it('answers a second launch while the first is under way, and stops when asked', async () => {
    await set('stateFolder', path.join(folder, 'other state'));
    await set('libraryFolder', path.join(folder, 'other library'));
    const messages = listen();
    const first = launch();
    assert.equal(await launch(), undefined);
    assert.deepEqual(messages()[0]?.actions, ['Show', 'Stop']);
    await vscode.commands.executeCommand(commandIds.stop);
    await first;
    const phase = api.store.run?.phase;
    assert.ok(phase === 'stopped' || phase === 'finished', phase);
    assert.doesNotMatch(api.status.text ?? '', /spin/);
    await set('stateFolder', path.join(folder, 'state'));
    await set('libraryFolder', library());
  });

  it('says which folder is missing, offers to choose another, and throws nothing', async () => {
    await set('sourceFolders', [path.join(folder, 'no such folder')]);
    const messages = listen();
    assert.equal(await launch(), undefined);
    const [message, ...others] = messages();
    assert.equal(others.length, 0);
    assert.equal(message?.kind, 'error');
    assert.match(message.text, /no such folder/);
    assert.deepEqual(message.actions, ['Choose Folder']);
    await set('sourceFolders', [source()]);
  });

  it('answers a stop when nothing runs', async () => {
    const messages = listen();
    await vscode.commands.executeCommand(commandIds.stop);
    assert.deepEqual(messages(), [
      {
        kind: 'information',
        text: 'Nothing is running, so there is nothing to stop.',
        actions: ['Launch'],
      },
    ]);
  });

  it('warns of a bad setting once, and uses the default', async () => {
    const messages = listen();
    await set('workers', 0);
    assert.equal(api.settings.workers, 4);
    assert.equal(api.settings.workers, 4);
    assert.deepEqual(
      messages().map(message => message.kind),
      ['warning'],
    );
    assert.match(messages()[0]?.text ?? '', /tarshelf\.workers/);
    await set('workers', 3);
    assert.equal(api.settings.workers, 3);
  });

  it('tells of settings that change', async () => {
    const changed = new Promise<ReadonlySet<string>>(resolve => {
      const listening = api.settings.onDidChange(names => {
        listening.dispose();
        resolve(names);
      });
    });
    await set('batchSize', 7);
    assert.deepEqual([...(await changed)], ['batchSize']);
    assert.equal(api.settings.batchSize, 7);
  });

  it('keeps state in the workspace, and the library in the state, when nothing else is set', async () => {
    await set('stateFolder', undefined);
    await set('libraryFolder', undefined);
    const workspace = vscode.workspace.workspaceFolders?.[0]?.uri.fsPath;
    assert.ok(workspace !== undefined);
    assert.equal(api.settings.stateFolder, path.join(workspace, '.tarshelf'));
    assert.equal(api.settings.libraryFolder, path.join(workspace, '.tarshelf', 'library'));
    await set('stateFolder', '${workspaceFolder}/progress');
    assert.equal(api.settings.libraryFolder, path.join(workspace, 'progress', 'library'));
  });

  async function launch(): Promise<Summary | undefined> {
    return await vscode.commands.executeCommand<Summary | undefined>(commandIds.launch);
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

  /** SHA-1 and size of every book in the library. */
  function shelf(): string[] {
    const database = new DatabaseSync(path.join(library(), 'library.db'), { readOnly: true });
    try {
      const rows = database.prepare('select sha1, size from books').all();
      return rows.map(row => `${String(row['sha1'])} ${String(row['size'])}`).sort();
    } finally {
      database.close();
    }
  }
});

function keysOf(truth: SampleTruth): string[] {
  return truth.books.map(book => `${book.sha1} ${String(book.sizeBytes)}`).sort();
}

async function rowsOf<T>(provider: vscode.TreeDataProvider<T>, parent?: T): Promise<Row[]> {
  const elements = (await provider.getChildren(parent)) ?? [];
  return await Promise.all(
    elements.map(async element => {
      const item = await provider.getTreeItem(element);
      assert.ok(typeof item.label === 'string' && item.iconPath instanceof vscode.ThemeIcon);
      return {
        id: item.id,
        label: item.label,
        description: String(item.description),
        icon: item.iconPath.id,
        contextValue: item.contextValue,
      };
    }),
  );
}

async function childRowsOf<T>(provider: vscode.TreeDataProvider<T>): Promise<Row[]> {
  const rows: Row[] = [];
  for (const parent of (await provider.getChildren()) ?? []) rows.push(...(await rowsOf(provider, parent)));
  return rows;
}

function sum(rows: readonly Row[], pattern: RegExp): number {
  return rows.reduce((total, row) => total + Number(pattern.exec(row.description)?.[1] ?? 0), 0);
}
