import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { makeSampleWorkspace, type SampleWorkspace } from './sampleWorkspace.ts';
import { screenshotInThemes } from './themes.ts';
import { rowsOf, useWorkbench } from './workbench.ts';

describe('a launch from the palette', function () {
  this.timeout(120_000);

  let sample: SampleWorkspace;
  const workbench = useWorkbench(async () => {
    sample = await makeSampleWorkspace();
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

  it('is offered by the views behind the icon in the activity bar', async () => {
    await workbench().openContainer('Tarshelf');
    await workbench().view('Tars').getByText('The tars are chosen').waitFor();
    await workbench().welcomeButton('Tars', 'Launch...').waitFor();
    await workbench().view('Workers').getByText('The workers of a run appear here.').waitFor();
    await screenshotInThemes(workbench(), 'launch-1-welcome');
  });

  it('fills the views and says in the status bar and in one message how it ended', async () => {
    await workbench().runCommand('Tarshelf: Launch');
    await workbench().view('Tars').getByRole('treeitem').first().waitFor();
    await workbench().screenshot('launch-2-running');

    const { tars, books, duplicates } = sample.truth;
    const all = String(tars.length);
    const newBooks = String(books.length);
    await workbench()
      .statusItem(`Tarshelf: ${all}/${all} tars · ${newBooks} books`)
      .waitFor({ timeout: 60_000 });
    await workbench()
      .message(
        `Tarshelf is done: ${all} of ${all} tars done, ${newBooks} new books, ${String(duplicates)} duplicates.`,
      )
      .waitFor();
    await screenshotInThemes(workbench(), 'launch-3-done');
  });

  it('shows every tar as completed and every worker', async () => {
    const group = workbench().view('Tars').getByRole('treeitem', { name: 'Completed' });
    // They are out of the way until somebody wants to see them.
    assert.equal(await group.getAttribute('aria-expanded'), 'false');
    await group.click();
    await workbench().view('Tars').getByText('completed · ').first().waitFor();
    const [completed, ...tars] = await rowsOf(workbench().view('Tars'));
    assert.deepEqual(completed, { label: 'Completed', description: String(sample.truth.tars.length) });
    assert.deepEqual(
      tars.map(row => row.label),
      sample.truth.tars.map(tar => tar.name),
    );
    for (const row of tars) assert.match(row.description, /^completed · /, row.label);
    const workers = await rowsOf(workbench().view('Workers'));
    assert.deepEqual(
      workers.map(row => row.label),
      ['Worker 1', 'Worker 2'],
    );
  });

  it('has put every book on the shelf, once', () => {
    const copies = countBySha1(path.join(sample.folder, 'shelf'));
    const wrong = sample.truth.books.filter(book => copies.get(book.sha1) !== 1);
    assert.deepEqual(wrong, []);
  });
});

function countBySha1(folder: string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const bytes = readFileSync(path.join(entry.parentPath, entry.name));
    const sha1 = createHash('sha1').update(bytes).digest('hex');
    counts.set(sha1, (counts.get(sha1) ?? 0) + 1);
  }
  return counts;
}
