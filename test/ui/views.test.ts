import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { EngineClient } from '../../src/client/engineClient.ts';
import { noSecrets } from '../../src/protocol/secrets.ts';
import { fakeEnginePath } from '../support/fakeEngines.ts';
import { makeSampleWorkspace, type SampleWorkspace } from './sampleWorkspace.ts';
import { rowsOf, useWorkbench } from './workbench.ts';

describe('the views while a run goes on', function () {
  this.timeout(120_000);

  let sample: SampleWorkspace;
  let launcher: EngineClient;
  const workbench = useWorkbench(async () => {
    sample = await makeSampleWorkspace();
    const stateFolder = path.join(sample.folder, '.tarshelf');
    mkdirSync(stateFolder);
    writeFileSync(path.join(stateFolder, 'migration_progress_worker1.json'), progressWithFailures());
    launcher = new EngineClient({
      enginePath: fakeEnginePath,
      env: { ...process.env, FAKE_ENGINE: 'storm', FAKE_TARS: '300' },
      whenLeft: 'keepRunning',
    });
    await launcher.start(
      {
        sourceFolders: [path.join(sample.folder, 'tars')],
        stateFolder,
        workers: 4,
        batchSize: 1000,
        parallelUploads: 1,
        mode: 'auto',
        afterCompletion: 'keep',
        metadataReader: 'auto',
        destination: { kind: 'library', folder: path.join(stateFolder, 'library') },
      },
      noSecrets,
    );
    return {
      folder: sample.folder,
      settings: {
        'tarshelf.sourceFolders': ['${workspaceFolder}/tars'],
        'workbench.colorTheme': 'Default Dark Modern',
      },
    };
  });
  after(async () => {
    await launcher.end({ drain: true }).catch(() => undefined);
    launcher.dispose();
    sample.remove();
  });

  const tars = () => workbench().view('Tars');

  it('show the tars in groups, what needs a person in a badge, and how far it is in the status bar', async () => {
    await workbench().openContainer('Tarshelf');
    await tars()
      .getByRole('treeitem', { name: /^Failed/ })
      .waitFor();
    await tars()
      .getByText(/ MB\/s · .* left/)
      .first()
      .waitFor();
    await workbench().page.locator('.activitybar .badge-content').getByText(/^\d+$/).first().waitFor();
    await workbench()
      .page.getByRole('button', { name: /^Tarshelf: \d+\/300/ })
      .waitFor();
    await workbench().screenshot('views-1-running');
  });

  it('open a tar to the books in it that failed, with the reason of each', async () => {
    const failed = tars().getByRole('treeitem').filter({ hasText: '2 books failed' }).first();
    await failed.click();
    await workbench().page.keyboard.press('ArrowRight');
    await tars().getByText('It cannot be read. Look at the disk').first().waitFor();
    const rows = await rowsOf(tars());
    assert.ok(rows.some(row => row.label === 'Идиот.fb2'));
    await workbench().screenshot('views-2-failedBooks');
  });

  it('show more of a big group when asked to, by the keyboard alone', async () => {
    const more = tars().getByRole('treeitem', { name: 'Show 100 more' });
    await tars().getByRole('treeitem', { name: 'Running' }).click();
    await workbench().page.keyboard.press('End');
    await workbench().page.keyboard.press('ArrowUp');
    await more.waitFor();
    await workbench().screenshot('views-3-more');
    await workbench().page.keyboard.press('Enter');
    await more.waitFor({ state: 'hidden' });
  });

  it('stay where they were scrolled to while tars come and go', async () => {
    const rows = tars().locator('.monaco-list-rows');
    const top = async () => /\btop: ([^;]+);/.exec((await rows.getAttribute('style')) ?? '')?.[1];
    const before = await top();
    assert.notEqual(before, '0px');
    const status = workbench().page.getByRole('button', { name: /^Tarshelf: \d+\/300/ });
    const text = await status.textContent();
    await workbench().page.waitForTimeout(4000);
    assert.notEqual(await status.textContent(), text);
    assert.equal(await top(), before);
  });

  it('say in the tooltip of the status bar what each worker does', async () => {
    await workbench()
      .page.getByRole('button', { name: /^Tarshelf: \d+\/300/ })
      .hover();
    await workbench().page.getByText('Worker 4: uploading').waitFor();
    await workbench().screenshot('views-4-tooltip');
  });

  it('show the progress files', async () => {
    // The tooltip of the status bar would lie over it.
    await workbench().page.mouse.move(800, 300);
    await workbench().page.getByText('Worker 4: uploading').waitFor({ state: 'hidden' });
    await workbench().page.getByRole('button', { name: 'Progress Files Section' }).click();
    const view = workbench().view('Progress Files');
    await view.getByText('Worker 1').waitFor();
    await view.locator('.monaco-tl-twistie').first().click();
    await view.getByText('Last saved').waitFor();
    await workbench().screenshot('views-5-progress');
  });

  it('say that an engine says nothing, and that one is gone, and spin no more', async () => {
    const pid = launcher.enginePid;
    assert.ok(pid !== null);
    const { page } = workbench();
    process.kill(pid, 'SIGSTOP');
    try {
      await page.getByRole('button', { name: /no word for \d+ s/ }).waitFor({ timeout: 12_000 });
      await workbench().screenshot('views-6-silent');
    } finally {
      process.kill(pid, 'SIGCONT');
    }
    await page.getByRole('button', { name: /^Tarshelf: \d+\/300 · .* MB\/s/ }).waitFor({ timeout: 10_000 });
    process.kill(pid, 'SIGKILL');
    await page.getByRole('button', { name: 'Tarshelf: disconnected' }).waitFor({ timeout: 6000 });
    await workbench().view('Workers').getByText('stopped').nth(3).waitFor();
    assert.equal(await page.locator('.sidebar .codicon-modifier-spin').count(), 0);
    await workbench().screenshot('views-7-disconnected');
  });
});

/** What a worker recorded of tars that end with failed books. */
function progressWithFailures(): string {
  const names = Array.from({ length: 60 }, (_, n) => `storm-${String(n + 1).padStart(5, '0')}.tar`);
  const book = (file: string, offset: number) => ({
    header_offset: offset,
    size: 123_456,
    file,
    code: 'BOOK_NOT_READABLE',
    message: 'It cannot be read. Look at the disk, and run again.',
    attempts: 2,
  });
  const failed_books = [book('shelf/Идиот.fb2', 512), book('shelf/two.epub', 1024)];
  const entry = { status: 'completed_with_errors', failed_books };
  return JSON.stringify({
    completed_tars: ['earlier.tar'],
    current_tar: 'books-02.tar',
    tar_progress: Object.fromEntries(
      [
        'books-01.tar',
        'books-02.tar',
        'Книги — избранное 2024.tar',
        '電子書籍コレクション第三巻.tar',
        ...names,
      ].map(name => [name, entry]),
    ),
    completed_files: { ['a'.repeat(40)]: { file: 'a.epub', status: 'uploaded' } },
  });
}
