import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Locator } from 'playwright-core';
import { rootFolder } from '../../scripts/paths.ts';
import { EngineClient } from '../../src/client/engineClient.ts';
import { noSecrets } from '../../src/protocol/secrets.ts';
import { keysInLibrary } from '../support/libraryTruth.ts';
import { makeManyBooks } from '../support/manyBooks.ts';
import { faultEnv } from '../support/workerFaults.ts';
import { findDashboard } from './dashboard.ts';
import { readmePicture, readmePictureOfSideBar, screenshotInThemes } from './themes.ts';
import { rowsOf, useWorkbench, type Workbench } from './workbench.ts';
import { until } from '../support/until.ts';

/** From the window's being there to its showing the run that goes on; what it took is printed. */
const shownWithinMs = 15_000;
const tarCount = 8;

describe('a run that goes on, by mouse', function () {
  this.timeout(120_000);

  let folder: string;
  let keys: string[];
  let launcher: EngineClient;
  const workbench = useWorkbench(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'tarshelf-run-'));
    mkdirSync(path.join(folder, 'tars'));
    mkdirSync(path.join(folder, 'flags'));
    keys = await makeManyBooks(path.join(folder, 'tars'), { tars: tarCount, booksInTar: 180, bytes: 20_000 });
    const stateFolder = path.join(folder, '.tarshelf');
    mkdirSync(stateFolder);
    launcher = new EngineClient({
      enginePath: path.join(rootFolder, 'dist/engine.js'),
      // Slow enough to last until all is seen. VS Code takes such variables from what it starts.
      env: { ...process.env, ...faultEnv({ flags: path.join(folder, 'flags'), slowReadMs: 130 }) },
      whenLeft: 'keepRunning',
    });
    await launcher.start(
      {
        sourceFolders: [path.join(folder, 'tars')],
        stateFolder,
        workers: 2,
        batchSize: 10,
        parallelUploads: 1,
        mode: 'auto',
        afterCompletion: 'keep',
        metadataReader: 'auto',
        destination: { kind: 'library', folder: path.join(folder, 'shelf') },
      },
      noSecrets,
    );
    return {
      folder,
      settings: {
        'tarshelf.sourceFolders': ['${workspaceFolder}/tars'],
        'tarshelf.libraryFolder': '${workspaceFolder}/shelf',
        'workbench.colorTheme': 'Default Dark Modern',
      },
    };
  });
  after(async () => {
    await launcher.end({ drain: true }).catch(() => undefined);
    launcher.dispose();
    rmSync(folder, { recursive: true, force: true, maxRetries: 10 });
  });

  const page = () => workbench().page;
  const list = () => page().locator('.quick-input-widget');
  const tars = () => workbench().view('Tars');
  const worker = (number: number): Locator =>
    workbench()
      .view('Workers')
      .getByRole('treeitem', { name: `Worker ${String(number)}` });
  const status = () => workbench().statusItemThatBegins(new RegExp(`^Tarshelf: \\d+/${String(tarCount)} `));

  it('moves the rows of the tars that are read', async () => {
    await workbench().openContainer('Tarshelf');
    await status().waitFor();
    const running = tars()
      .getByRole('treeitem')
      .filter({ hasText: /\d\s?%/ });
    await running.nth(1).waitFor();
    const before = await rowsOf(tars());
    await until('a row that moves', async () =>
      (await rowsOf(tars())).some(({ label, description }) =>
        before.some(
          row => row.label === label && row.description !== description && / MB\/s|%/.test(description),
        ),
      ),
    );
    await screenshotInThemes(workbench(), 'run-2-rows');
  });

  it('shows the rows of the workers whole in a side bar of the usual width', async () => {
    const box = await page().locator('.part.sidebar').boundingBox();
    assert.ok(box && box.width <= 300, String(box?.width));
    // Buttons, which take some of the room, stand in the row under the pointer alone.
    await page().mouse.move(800, 300);
    for (const number of [1, 2]) {
      await worker(number)
        .getByText(/ · .*B\/s$/)
        .waitFor();
      const label = worker(number).locator('.monaco-icon-label-container');
      const cutOff = await label.evaluate(
        (element: { readonly scrollWidth: number; readonly clientWidth: number }) =>
          element.scrollWidth - element.clientWidth,
      );
      assert.ok(cutOff <= 0, `${String(cutOff)} pixels of worker ${String(number)}`);
    }
    await readmePictureOfSideBar(workbench(), 'sidebar', 'dark');
  });

  it('says in the hover of a worker what it does, and lets that be read while it works on', async () => {
    const row = worker(1);
    const hover = page().locator('.monaco-hover').filter({ hasText: 'Restarts in 24 hours' });
    // Under a pointer that lies still, VS Code opens no hover of a row that was drawn anew in the first half second.
    await until('the hover of a worker', async () => {
      await page().mouse.move(800, 300);
      await row.hover({ position: { x: 60, y: 10 } });
      await page().waitForTimeout(1500);
      return await hover.isVisible();
    });
    const text = await row.textContent();
    await page().waitForTimeout(5000);
    assert.equal(await hover.isVisible(), true);
    assert.equal(await row.textContent(), text);
    await workbench().screenshot('run-2-hover');
    // It would lie over what comes next.
    await page().mouse.move(800, 300);
    await hover.waitFor({ state: 'hidden' });
  });

  it('pauses a worker by the button in its row', async () => {
    await worker(1).hover();
    await worker(1).getByRole('button', { name: 'Pause Worker...' }).click();
    await worker(1).getByText('paused').waitFor();
    await tars()
      .getByText(/^paused at \d+ %$/)
      .first()
      .waitFor();
    await screenshotInThemes(workbench(), 'run-3-paused');
  });

  it("gives the paused worker's tars to the other, from the row's menu", async () => {
    await chooseInMenu(workbench(), worker(1), "Reassign Stopped Worker's Tars...");
    await list().getByText('Worker 2').first().waitFor();
    await screenshotInThemes(workbench(), 'run-4-toWhom');
    await list().getByRole('button', { name: 'OK' }).click();
    await workbench().message('went to').waitFor();
    await screenshotInThemes(workbench(), 'run-5-reassigned');
  });

  it('resumes it by the button in its row', async () => {
    await worker(1).hover();
    await worker(1).getByRole('button', { name: 'Resume Worker...' }).click();
    await worker(1).getByText('paused').waitFor({ state: 'hidden' });
  });

  it('shows a worker that was killed come back', async () => {
    const pid = launcher.store.worker(2)?.pid ?? 0;
    assert.ok(pid > 1, String(pid));
    process.kill(pid, 'SIGKILL');
    await worker(2).getByText('↻ 1').waitFor();
    await worker(2)
      .getByText(/reading|comparing|uploading|waiting/)
      .waitFor();
    await screenshotInThemes(workbench(), 'run-7-cameBack');
  });

  it('opens the log of a worker, which grows', async () => {
    await chooseInMenu(workbench(), worker(2), 'Show Worker Log...');
    const lines = page().locator('.editor-instance .view-lines');
    await lines.getByText('INFO').first().waitFor();
    const before = await lines.textContent();
    await until('a log that grows', async () => (await lines.textContent()) !== before);
    await screenshotInThemes(workbench(), 'run-8-log');
  });

  it('opens the dashboard as a tab, from its view', async () => {
    await page().getByRole('button', { name: 'Throughput Section' }).click();
    await workbench().view('Throughput').getByRole('button', { name: 'Show Throughput' }).click();
    const dashboard = await findDashboard(workbench(), 'tab');
    await dashboard.locator('canvas').first().waitFor();
    // Its hover would lie over what is to be seen.
    await page().mouse.move(900, 52);
    await screenshotInThemes(workbench(), 'run-9-dashboard');
    readmePicture('run-9-dashboard-dark', 'dashboard');
  });

  it('is found going on by a window that is reloaded', async () => {
    await page().reload();
    await page().locator('.monaco-workbench').waitFor();
    const begun = performance.now();
    await status().waitFor();
    const ms = performance.now() - begun;
    console.log(`      shown ${(ms / 1000).toFixed(1)} s after the window was there`);
    assert.ok(ms < shownWithinMs, String(ms));
    await tars().getByRole('treeitem').first().waitFor();
    await worker(2).getByText('↻ 1').waitFor();
    await screenshotInThemes(workbench(), 'run-10-reloaded');
    assert.doesNotMatch(
      (await status().textContent()) ?? '',
      new RegExp(`${String(tarCount)}/${String(tarCount)}`),
    );
  });

  it('ends with a message, and with every book on the shelf once', async () => {
    await workbench()
      .message(`Tarshelf is done: ${String(tarCount)} of ${String(tarCount)} tars done`)
      .waitFor({ timeout: 120_000 });
    await screenshotInThemes(workbench(), 'run-11-done');
    assert.deepEqual(await keysInLibrary(path.join(folder, 'shelf')), keys);
  });
});

/** Right-clicks a row, and clicks an entry of its menu. */
async function chooseInMenu({ page }: Workbench, row: Locator, entry: string): Promise<void> {
  await row.click({ button: 'right' });
  const item = page.getByRole('menuitem', { name: entry });
  await item.waitFor();
  // A menu takes no click in the first moment, lest the one that opened it choose something.
  await page.waitForTimeout(300);
  await item.click();
  await item.waitFor({ state: 'hidden' });
}
