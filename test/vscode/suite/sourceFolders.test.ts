import assert from 'node:assert/strict';
import { homedir } from 'node:os';
import path from 'node:path';
import * as vscode from 'vscode';
import type { TarshelfApi } from '../../../src/extension.ts';
import { commandIds, settingsSection } from '../../../src/manifest.ts';
import type { Summary } from '../../../src/protocol/snapshot.ts';
import { makeTar, run, set, useDesk } from './window.ts';

// Real settings and real engines; the dialogs are answered by the tests.

describe('The folders of tars', function () {
  this.timeout(60_000);

  const desk = useDesk();
  let api: TarshelfApi;
  let folder: string;
  const first = (): string => path.join(folder, 'first');
  const second = (): string => path.join(folder, 'second');

  before(async () => {
    ({ api, folder } = desk());
    await makeTar(path.join(first(), 'a.tar'), books(1, 'first'));
    await makeTar(path.join(second(), 'b.tar'), books(1, 'second'));
    await set('stateFolder', path.join(folder, 'state'));
    await set('libraryFolder', path.join(folder, 'library'));
  });

  /** The next dialog chooses these folders; none: it is cancelled. */
  function answer(...folders: string[]): void {
    api.prompts.openFolders = () =>
      Promise.resolve(folders.length === 0 ? undefined : folders.map(chosen => vscode.Uri.file(chosen)));
  }

  const written = (): unknown =>
    vscode.workspace.getConfiguration(settingsSection).inspect('sourceFolders')?.globalValue;
  const writtenInWorkspace = (): unknown =>
    vscode.workspace.getConfiguration(settingsSection).inspect('sourceFolders')?.workspaceValue;
  const texts = (): string[] => desk().shown.map(({ text }) => text);

  it('are added to, one after another, where the list is set', async () => {
    await set('sourceFolders', []);
    answer(first());
    await run(commandIds.addSourceFolder);
    assert.deepEqual(api.settings.sourceFolders, [first()]);
    answer(second());
    await run(commandIds.addSourceFolder);
    assert.deepEqual(written(), [first(), second()]);
    assert.deepEqual(texts(), [`Tars are read from ${first()}.`, `Tars are read from ${second()}, too.`]);
    assert.deepEqual(desk().shown[0]?.actions, ['Launch...']);
  });

  it('stay as they are written when one is added, and when the dialog is cancelled', async () => {
    await set('sourceFolders', ['~/tars', '${workspaceFolder}/tars/']);
    await run(commandIds.addSourceFolder);
    assert.deepEqual(desk().shown, []);
    answer(first());
    await run(commandIds.addSourceFolder);
    assert.deepEqual(written(), ['~/tars', '${workspaceFolder}/tars/', first()]);
    assert.equal(api.settings.sourceFolders[0], path.join(homedir(), 'tars'));
  });

  it('hold none twice, and it is said where one is there already', async () => {
    await set('sourceFolders', [`${first()}/`, first()]);
    assert.deepEqual(api.settings.sourceFolders, [first()]);
    answer(first());
    await run(commandIds.addSourceFolder);
    assert.deepEqual(texts(), [`Tars are read from ${first()} already.`]);
    assert.deepEqual(written(), [`${first()}/`, first()]);
  });

  it('are all read, and the plan says which tar lies where', async () => {
    await set('sourceFolders', [first(), second()]);
    let descriptions: (string | undefined)[] = [];
    api.prompts.pickMany = choices => {
      descriptions = choices.map(choice => choice.description);
      return Promise.resolve(choices.filter(choice => choice.picked === true));
    };
    const summary = await run<Summary>(commandIds.launchWithPlan);
    assert.ok(descriptions[1]?.endsWith(` · ${first()}`), descriptions[1]);
    assert.ok(descriptions[2]?.endsWith(` · ${second()}`), descriptions[2]);
    assert.deepEqual(summary?.tars, { total: 2, completed: 2, failed: 0 });
    assert.equal(summary.books.uploaded, 2);
  });

  it('can be added to while a run is under way, which counts from the next launch on', async () => {
    const state = path.join(folder, 'other state');
    await set('stateFolder', state);
    await set('libraryFolder', path.join(folder, 'other library'));
    await makeTar(path.join(folder, 'many', 'many.tar'), books(300, 'many'));
    await set('sourceFolders', [path.join(folder, 'many')]);
    const running = run<Summary>(commandIds.launch);
    const isAtWork = (): boolean => api.store.run?.stateFolder === state && api.store.run.phase === 'running';
    while (!isAtWork()) await new Promise(resolve => setTimeout(resolve, 5));
    await run(commandIds.pauseAll);
    desk().shown = [];
    answer(second());
    await run(commandIds.addSourceFolder);
    await run(commandIds.resumeAll);
    assert.match(texts()[0] ?? '', /second, too\. That counts from the next launch on/);
    assert.deepEqual(desk().shown[0]?.actions, []);
    assert.equal((await running)?.tars.total, 1);
    assert.equal((await run<Summary>(commandIds.launch))?.tars.total, 2);
  });

  it('are replaced by what is chosen, and the others can be had back', async () => {
    await set('sourceFolders', [first(), second()]);
    answer(second());
    await run(commandIds.chooseSourceFolder);
    // What is chosen in a workspace is the workspace's; what is added goes where the list is that is in force.
    assert.deepEqual([written(), writtenInWorkspace()], [[first(), second()], [second()]]);
    assert.deepEqual(texts(), [`Tars are no longer read from ${first()}.`]);
    assert.deepEqual(desk().shown[0]?.actions, ['Read Those, Too']);
    answer(first());
    await run(commandIds.addSourceFolder);
    assert.deepEqual(writtenInWorkspace(), [second(), first()]);
    await set('sourceFolders', undefined, vscode.ConfigurationTarget.Workspace);
  });

  it('can be taken out, which leaves the others as they are written', async () => {
    await set('sourceFolders', [`${first()}/`, '~/tars']);
    api.prompts.pickMany = choices => Promise.resolve(choices.filter(({ label }) => label === first()));
    await run(commandIds.removeSourceFolder);
    assert.deepEqual(written(), ['~/tars']);
    assert.deepEqual(texts(), [`Tars are no longer read from ${first()}.`]);
    await set('sourceFolders', undefined);
    await run(commandIds.removeSourceFolder);
    assert.deepEqual(desk().shown[1]?.actions, ['Choose Folder']);
  });

  it('are not read in part where one is missing or has a tar of the same name', async () => {
    const gone = path.join(folder, 'gone');
    await set('sourceFolders', [first(), gone]);
    assert.equal(await run(commandIds.launch), undefined);
    await makeTar(path.join(folder, 'third', 'a.tar'), books(1, 'third'));
    await set('sourceFolders', [first(), path.join(folder, 'third')]);
    assert.equal(await run(commandIds.launchWithPlan), undefined);
    assert.deepEqual(
      desk().shown.map(({ kind, actions }) => [kind, ...actions]),
      [
        ['error', 'Launch Again', 'Remove Folder...'],
        ['error', 'Launch Again', 'Remove Folder...'],
      ],
    );
    assert.ok(texts()[0]?.includes(gone), texts()[0]);
    for (const name of ['first', 'third'])
      assert.ok(texts()[1]?.includes(path.join(folder, name, 'a.tar')), texts()[1]);
  });

  it('are none where an entry cannot be used, which is told: to read the others alone would be to leave out books', async () => {
    await set('sourceFolders', [first(), '${env:DISK}/tars']);
    assert.deepEqual(api.settings.sourceFolders, []);
    assert.match(texts().join('\n'), /tarshelf\.sourceFolders holds \$\{env:DISK\}/);
  });
});

function books(count: number, of: string): Record<string, Buffer> {
  return Object.fromEntries(
    Array.from({ length: count }, (_, n) => [`${String(n)}.epub`, Buffer.from(`book ${String(n)} of ${of}`)]),
  );
}
