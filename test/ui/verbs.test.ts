import { createHash } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { bookMetadataFromName } from '../../src/engine/books/metadata/bookMetadata.ts';
import { libraryPaths } from '../../src/engine/destinations/library/libraryPaths.ts';
import { makeTar } from '../support/gnuTar.ts';
import { makeSampleWorkspace, type SampleWorkspace } from './sampleWorkspace.ts';
import { screenshotInThemes } from './themes.ts';
import { useWorkbench } from './workbench.ts';

// By keyboard alone: every command here is reached from the palette, and every list is answered with Enter.

describe('launching with a plan, and looking at what failed', function () {
  this.timeout(120_000);

  let sample: SampleWorkspace;
  const workbench = useWorkbench(async () => {
    sample = await makeSampleWorkspace();
    const bytes = Buffer.from('a book that does not get in');
    await makeTar(path.join(sample.folder, 'tars', 'unlucky.tar'), 'gnu', { 'unlucky.epub': bytes });
    // Every name that it could have in the library is taken.
    const key = { sha1: createHash('sha1').update(bytes).digest('hex'), sizeBytes: bytes.length };
    for (const place of libraryPaths(bookMetadataFromName('unlucky.epub'), 'epub', key))
      mkdirSync(path.join(sample.folder, 'shelf', place), { recursive: true });
    return {
      folder: sample.folder,
      settings: {
        'tarshelf.sourceFolders': ['${workspaceFolder}/tars'],
        'tarshelf.libraryFolder': '${workspaceFolder}/shelf',
        'tarshelf.workers': 2,
      },
    };
  });
  after(() => {
    sample.remove();
  });

  const page = () => workbench().page;
  const box = () => page().locator('.quick-input-widget');
  /** As `runCommand`, for a command that asks at once: the palette makes room for another list. */
  async function begin(title: string, option: string): Promise<void> {
    await page().keyboard.press('F1');
    await box().locator('input').first().fill(`>${title}`);
    await box().getByRole('option', { name: title }).first().waitFor();
    await page().keyboard.press('Enter');
    await box().getByText(option).first().waitFor();
  }

  it('shows what is found and who gets it before anything is read', async () => {
    await workbench().openContainer('Tarshelf');
    await begin('Tarshelf: Launch...', 'unlucky.tar');
    await box().getByText('To read', { exact: true }).waitFor();
    await screenshotInThemes(workbench(), 'verbs-1-plan');
    await page().keyboard.press('Enter');
    await workbench().message('1 book failed').waitFor({ timeout: 60_000 });
  });

  it('shows afterwards what is done', async () => {
    await begin('Tarshelf: Launch...', 'Done by earlier runs');
    await workbench().screenshot('verbs-2-plan-after');
    await page().keyboard.press('Escape');
  });

  it('offers what failed to be tried again', async () => {
    await begin('Tarshelf: Retry Failed...', 'All that failed');
    await workbench().screenshot('verbs-3-retry');
    await page().keyboard.press('Escape');
  });

  it('opens the log of a tar at the line that says why, from its row', async () => {
    const row = workbench()
      .view('Tars')
      .getByRole('treeitem', { name: /unlucky\.tar/ });
    await row.click({ button: 'right' });
    await page().getByRole('menuitem', { name: 'Show Worker Log...' }).waitFor();
    await workbench().screenshot('verbs-4-menu');
    await page().getByRole('menuitem', { name: 'Show Worker Log...' }).click();
    await page().locator('.editor-instance').getByText('unlucky.epub').first().waitFor();
    await workbench().screenshot('verbs-5-log');
  });

  it('filters it', async () => {
    await begin('Tarshelf: Filter Log...', 'Show all lines');
    await page().keyboard.press('Enter');
    await box().getByText('All levels').waitFor();
    await page().keyboard.press('ArrowDown');
    await page().keyboard.press('Enter');
    await box().waitFor({ state: 'hidden' });
    await page().locator('.editor-instance').getByText('WARNING').first().waitFor();
    await page().locator('.editor-instance').getByText('INFO').first().waitFor({ state: 'hidden' });
    await workbench().screenshot('verbs-6-filtered');
  });

  it('opens a report of a problem with nothing to hide', async () => {
    await workbench().runCommand('Tarshelf: Report a Problem...');
    await page().locator('.editor-instance').getByText('A problem with Tarshelf').waitFor();
    await workbench().screenshot('verbs-7-problem');
  });
});
