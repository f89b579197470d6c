import assert from 'node:assert/strict';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { atExit } from '../../scripts/atExit.ts';
import { makeSampleTars, type SampleTruth } from '../../src/samples/makeSample.ts';
import { completedTars, useWorkbench } from './workbench.ts';

describe('a window with two folders, each of which has tars and settings', function () {
  this.timeout(120_000);

  let truth: SampleTruth;
  const folder = mkdtempSync(path.join(realpathSync(tmpdir()), 'tarshelf-ui-'));
  const remove = atExit(() => {
    rmSync(folder, { recursive: true, force: true, maxRetries: 10 });
  });
  const workbench = useWorkbench(async () => {
    for (const name of ['first', 'second']) {
      const root = path.join(folder, name);
      truth = await makeSampleTars(path.join(root, 'tars'));
      mkdirSync(path.join(root, '.vscode'));
      const settings = {
        'tarshelf.sourceFolders': ['${workspaceFolder}/tars'],
        'tarshelf.libraryFolder': `\${workspaceFolder}/shelf of ${name}`,
      };
      writeFileSync(path.join(root, '.vscode', 'settings.json'), JSON.stringify(settings));
    }
    const file = path.join(folder, 'two.code-workspace');
    writeFileSync(file, JSON.stringify({ folders: [{ path: 'first' }, { path: 'second' }] }));
    return { folder: file };
  });
  after(remove);

  it('goes by the first one, and reads no tar twice', async () => {
    await workbench().openContainer('Tarshelf');
    await workbench().view('Tars').getByText('The tars are chosen').waitFor();
    await workbench().runCommand('Tarshelf: Launch');
    const all = String(truth.tars.length);
    await workbench().statusItemThatBegins(`Tarshelf: ${all}/${all} tars`).waitFor({ timeout: 60_000 });
    assert.deepEqual(
      await completedTars(workbench().view('Tars')),
      truth.tars.map(tar => tar.name),
    );
    assert.ok(existsSync(path.join(folder, 'first', 'shelf of first', 'library.db')));
    for (const name of ['.tarshelf', 'shelf of second']) {
      assert.equal(existsSync(path.join(folder, 'second', name)), false, name);
    }
    await workbench().screenshot('twoRoots');
  });

  it('adds a folder to the list of the first one, which is in force, and mixes up no tars of one name', async () => {
    await workbench().runCommandThatAsks('Tarshelf: Add Tar Folder...');
    const dialog = workbench().page.locator('.quick-input-widget');
    // Beside the tars of the first one.
    await dialog.getByRole('option', { name: 'tars', exact: true }).waitFor();
    await dialog.getByRole('option', { name: '..', exact: true }).click();
    await dialog.getByRole('option', { name: 'second', exact: true }).click();
    await dialog.getByRole('option', { name: 'second', exact: true }).waitFor({ state: 'hidden' });
    await workbench().answerFolderDialog('tars', 'Add Folder');
    const added = path.join(folder, 'second', 'tars');
    await workbench().message(`Tars are read from ${added}, too.`).waitFor();
    const text = readFileSync(path.join(folder, 'first', '.vscode', 'settings.json'), 'utf8');
    assert.deepEqual((JSON.parse(text) as Record<string, unknown>)['tarshelf.sourceFolders'], [
      '${workspaceFolder}/tars',
      added,
    ]);
    await workbench().runCommand('Tarshelf: Launch');
    await workbench().message('have one name, by which tars are told apart').waitFor();
    await workbench().screenshot('twoRoots-sameNames');
  });
});
