import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { keysInLibrary } from '../support/libraryTruth.ts';
import { makeManyBooks } from '../support/manyBooks.ts';
import { findDashboard } from './dashboard.ts';
import { readmePictureOfTop, screenshotInThemes } from './themes.ts';
import { useWorkbench } from './workbench.ts';

// Nothing here is clicked, hovered or focused by a pointer.

describe('a run, by keyboard alone', function () {
  this.timeout(120_000);

  let folder: string;
  let keys: string[];
  const workbench = useWorkbench(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'tarshelf-keyboard-'));
    mkdirSync(path.join(folder, 'tars'));
    // Enough of them that the run can be paused before it ends.
    keys = await makeManyBooks(path.join(folder, 'tars'), { tars: 4, booksInTar: 700 });
    return {
      folder,
      settings: {
        'tarshelf.sourceFolders': ['${workspaceFolder}/tars'],
        'tarshelf.libraryFolder': '${workspaceFolder}/shelf',
        'tarshelf.workers': 2,
        'tarshelf.batchSize': 1,
        'workbench.colorTheme': 'Default Dark Modern',
      },
    };
  });
  after(() => {
    rmSync(folder, { recursive: true, force: true, maxRetries: 10 });
  });

  const page = () => workbench().page;
  const list = () => page().locator('.quick-input-widget');
  const worker = (name: string | RegExp) => workbench().view('Workers').getByRole('treeitem', { name });
  /** Focuses the Workers view, and goes to its first row. */
  async function toFirstWorker(): Promise<void> {
    await workbench().runCommand('Tarshelf: Focus on Workers View');
    await page().keyboard.press('Home');
    await workbench().view('Workers').locator('.monaco-list-row.focused').getByText('Worker 1').waitFor();
  }
  /** Opens the menu of the row that has the focus, and chooses an entry by the arrow keys. */
  async function chooseInMenu(entry: string): Promise<void> {
    await page().keyboard.press('Shift+F10');
    const item = page().getByRole('menuitem', { name: entry });
    await item.waitFor();
    const focused = page().locator('.monaco-menu .action-item.focused');
    for (let presses = 0; presses < 15; presses++) {
      await page().keyboard.press('ArrowDown');
      if (((await focused.textContent().catch(() => '')) ?? '').includes(entry)) break;
    }
    await page().keyboard.press('Enter');
    await item.waitFor({ state: 'hidden' });
  }

  it('is launched with a plan', async () => {
    // The palette knows the commands of an extension as soon as the window does.
    await page().locator('.activitybar').getByRole('tab', { name: 'Tarshelf' }).waitFor();
    await workbench().runCommand('Tarshelf: Show Tars');
    await workbench().runCommandThatAsks('Tarshelf: Launch...');
    await list().getByText('000.tar').first().waitFor();
    await workbench().screenshot('keyboard-1-plan');
    await page().keyboard.press('Enter');
    await worker('Worker 1').waitFor();
  });

  it('has a worker paused from the menu of its row, and resumed', async () => {
    await toFirstWorker();
    await chooseInMenu('Pause Worker...');
    await worker(/Worker 1.*paused/).waitFor();
    await screenshotInThemes(workbench(), 'keyboard-2-paused');
    await toFirstWorker();
    await chooseInMenu('Resume Worker...');
    await worker(/Worker 1.*paused/).waitFor({ state: 'hidden' });
  });

  it('shows the log of a worker', async () => {
    await toFirstWorker();
    await chooseInMenu('Show Worker Log...');
    await page().locator('.editor-instance .view-lines').getByText('INFO').first().waitFor();
    await screenshotInThemes(workbench(), 'keyboard-3-log');
    // Lines of text make big pictures: the upper ones are enough.
    await readmePictureOfTop(workbench(), 'log', 330);
  });

  it('shows the dashboard', async () => {
    await workbench().runCommand('Tarshelf: Show Throughput');
    const dashboard = await findDashboard(workbench(), 'tab');
    await dashboard.locator('canvas').first().waitFor();
    await screenshotInThemes(workbench(), 'keyboard-4-dashboard');
  });

  it('ends with every book on the shelf once', async () => {
    await workbench().statusItemThatBegins('Tarshelf: 4/4 tars').waitFor({ timeout: 90_000 });
    assert.deepEqual(await keysInLibrary(path.join(folder, 'shelf')), keys);
  });
});
