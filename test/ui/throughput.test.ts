import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { FrameLocator, Locator } from 'playwright-core';
import { makeManyBooks } from '../support/manyBooks.ts';
import { findDashboard, type DashboardPlace } from './dashboard.ts';
import { useWorkbench } from './workbench.ts';

const tarCount = 8;

describe('the throughput dashboard', function () {
  this.timeout(120_000);

  let folder: string;
  let books: number;
  const workbench = useWorkbench(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'tarshelf-throughput-'));
    mkdirSync(path.join(folder, 'tars'));
    // Enough for each worker to tell more than once what it is about.
    const keys = await makeManyBooks(path.join(folder, 'tars'), { tars: tarCount, booksInTar: 250 });
    books = keys.length;
    return {
      folder,
      settings: {
        'tarshelf.sourceFolders': ['${workspaceFolder}/tars'],
        'tarshelf.libraryFolder': '${workspaceFolder}/shelf',
        'tarshelf.workers': 2,
      },
    };
  });
  after(() => {
    rmSync(folder, { recursive: true, force: true, maxRetries: 10 });
  });

  const dashboard = (place: DashboardPlace): Promise<FrameLocator> => findDashboard(workbench(), place);
  const canvases = (inner: FrameLocator): Locator => inner.locator('canvas');

  it('is a view of its own that says what to do before the first run', async () => {
    await workbench().openContainer('Tarshelf');
    await workbench().page.getByRole('button', { name: 'Throughput Section' }).click();
    const view = await dashboard('view');
    await view.getByText('There is no run yet.').waitFor();
    await workbench().screenshot('throughput-1-empty');
  });

  it('launches from there, and shows how fast the run was, second by second', async () => {
    const view = await dashboard('view');
    await view.getByRole('button', { name: 'Launch' }).click();
    const all = String(tarCount);
    await workbench()
      .statusItem(`Tarshelf: ${all}/${all} tars · ${books.toLocaleString('en')} books`)
      .waitFor({ timeout: 60_000 });
    await view.getByText('The run has finished.').waitFor();
    assert.equal(await canvases(view).count(), 4);
    await view
      .getByText(/of the time/)
      .first()
      .waitFor();
    await workbench().screenshot('throughput-2-view');
  });

  it('is a tab, too, with the same numbers from the engine', async () => {
    await workbench().runCommand('Tarshelf: Show Throughput');
    const tab = await dashboard('tab');
    await tab.getByText('The run has finished.').waitFor();
    assert.equal(await canvases(tab).count(), 4);
    const newBooks = tab.locator('dl.totals div').filter({ hasText: 'New books' }).locator('dd');
    assert.equal(await newBooks.textContent(), books.toLocaleString('en'));
    await workbench().screenshot('throughput-3-tab');
    await tab.getByRole('button', { name: 'Show as table' }).click();
    await tab.getByRole('table').waitFor();
    await workbench().screenshot('throughput-4-table');
    await tab.getByRole('button', { name: 'Show as table' }).click();
  });

  it('exports a table and a picture to where a person says', async () => {
    const { page } = workbench();
    const tab = await dashboard('tab');
    for (const kind of ['csv', 'png']) {
      const file = path.join(folder, `throughput.${kind}`);
      await tab.getByRole('button', { name: `Export ${kind.toUpperCase()}…` }).click();
      const dialog = page.locator('.quick-input-widget');
      // It proposes a name in the folder that is open.
      while ((await dialog.locator('input').first().inputValue()) !== file) await page.waitForTimeout(50);
      await dialog.getByRole('button', { name: /^(OK|Save)$/ }).click();
      await workbench().message(`The throughput was exported to throughput.${kind}.`).waitFor();
      assert.ok(existsSync(file));
    }
    const lines = readFileSync(path.join(folder, 'throughput.csv'), 'utf8').trim().split('\r\n');
    assert.match(lines[0] ?? '', /^until,seconds,worker,bytes,new_books,/);
    const totals = lines.map(line => line.split(',')).filter(([, , worker]) => worker === 'all');
    assert.equal(
      totals.reduce((sum, row) => sum + Number(row[4]), 0),
      books,
    );
    const picture = readFileSync(path.join(folder, 'throughput.png'));
    assert.equal(picture.subarray(1, 4).toString('latin1'), 'PNG');
  });

  it('comes back as a tab when the window is reloaded', async () => {
    await workbench().reload();
    const tab = await dashboard('tab');
    await tab.getByText(/The run has finished/).waitFor();
    await workbench().screenshot('throughput-5-reloaded');
  });
});
