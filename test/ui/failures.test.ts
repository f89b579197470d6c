import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { makeTar } from '../support/gnuTar.ts';
import { keyOf, keysInLibrary } from '../support/libraryTruth.ts';
import { bookMetadataFromName } from '../../src/engine/books/metadata/bookMetadata.ts';
import { libraryPaths } from '../../src/engine/destinations/library/libraryPaths.ts';
import { readmePictureOfSideBar, screenshotInThemes } from './themes.ts';
import { rowsOf, useWorkbench } from './workbench.ts';

describe('a book that failed, by mouse', function () {
  this.timeout(120_000);

  let folder: string;
  /** What takes every name that the book could have on the shelf, until somebody mends it. */
  let obstacles: string[];
  const unlucky = Buffer.from('a book that does not get in at first'.padEnd(900, '.'));
  const lucky = Buffer.from('a book that gets in at once'.padEnd(900, '.'));
  const shelf = () => path.join(folder, 'shelf');
  const workbench = useWorkbench(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'tarshelf-failures-'));
    mkdirSync(path.join(folder, 'tars'));
    await makeTar(path.join(folder, 'tars', 'novels.tar'), 'gnu', {
      'lucky.txt': lucky,
      'unlucky.txt': unlucky,
    });
    await makeTar(path.join(folder, 'tars', 'poems.tar'), 'gnu', { 'lucky.txt': lucky });
    const [sha1 = ''] = keyOf(unlucky).split('-');
    const key = { sha1, sizeBytes: unlucky.length };
    obstacles = libraryPaths(bookMetadataFromName('unlucky.txt'), 'txt', key).map(place =>
      path.join(shelf(), place),
    );
    for (const obstacle of obstacles) mkdirSync(obstacle, { recursive: true });
    return {
      folder,
      settings: {
        'tarshelf.sourceFolders': ['${workspaceFolder}/tars'],
        'tarshelf.libraryFolder': '${workspaceFolder}/shelf',
        'tarshelf.workers': 1,
        'workbench.colorTheme': 'Default Dark Modern',
      },
    };
  });
  after(() => {
    rmSync(folder, { recursive: true, force: true, maxRetries: 10 });
  });

  const page = () => workbench().page;
  const tars = () => workbench().view('Tars');
  const badge = () => page().locator('.activitybar .badge-content').getByText('1', { exact: true });
  const row = (name: string | RegExp) => tars().getByRole('treeitem', { name });

  it('is told of once, counted in the badge, and stands in the group of what failed', async () => {
    await workbench().openContainer('Tarshelf');
    await workbench().welcomeButton('Tars', 'Launch...').click();
    await page().locator('.quick-input-widget').getByText('novels.tar').first().waitFor();
    await page().locator('.quick-input-widget').getByRole('button', { name: 'OK' }).click();
    await workbench().message('1 book failed').waitFor({ timeout: 60_000 });
    await badge().waitFor();
    await row(/^Failed/).waitFor();
    await screenshotInThemes(workbench(), 'failures-1-failed');
  });

  it('is shown with its reason below its tar', async () => {
    await row(/^novels.tar/)
      .locator('.monaco-tl-twistie')
      .click();
    await row('unlucky.txt').waitFor();
    const rows = await rowsOf(tars());
    const book = rows.find(({ label }) => label === 'unlucky.txt');
    assert.ok((book?.description.length ?? 0) > 10, JSON.stringify(rows));
    await screenshotInThemes(workbench(), 'failures-2-reason');
    await readmePictureOfSideBar(workbench(), 'failures', 'light');
  });

  it('is tried again by the button in its row, and fails no more', async () => {
    for (const obstacle of obstacles) rmSync(obstacle, { recursive: true, force: true });
    await row('unlucky.txt').hover();
    await row('unlucky.txt').getByRole('button', { name: 'Retry Failed...' }).click();
    await row(/^Failed/).waitFor({ state: 'hidden', timeout: 60_000 });
    await badge().waitFor({ state: 'hidden' });
    await workbench().message('Tarshelf is done').first().waitFor();
    await screenshotInThemes(workbench(), 'failures-3-mended');
    assert.deepEqual(await keysInLibrary(shelf()), [lucky, unlucky].map(keyOf).sort());
  });
});
