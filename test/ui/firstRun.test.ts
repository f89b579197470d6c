import { makeSampleWorkspace, type SampleWorkspace } from './sampleWorkspace.ts';
import { useWorkbench } from './workbench.ts';

describe('the first run of somebody who has set nothing', function () {
  this.timeout(120_000);

  let sample: SampleWorkspace;
  const workbench = useWorkbench(async () => {
    sample = await makeSampleWorkspace();
    return { folder: sample.folder };
  });
  after(() => {
    sample.remove();
  });

  it('begins with a view that asks for a folder of tars', async () => {
    await workbench().openContainer('Tarshelf');
    const tars = workbench().view('Tars');
    await tars.getByText('Tarshelf reads the e-books in your tar archives').waitFor();
    await workbench().screenshot('firstRun-1-welcome');
    await workbench().welcomeButton('Tars', 'Choose a folder of tars').click();
    await workbench().answerFolderDialog('tars', 'Choose Folder');
    await tars.getByText('The tars are chosen').waitFor();
    await workbench().screenshot('firstRun-2-chosen');
  });

  it('goes on with the button that launches, and ends with every tar done', async () => {
    await workbench().welcomeButton('Tars', 'Launch...').click();
    const plan = workbench().page.locator('.quick-input-widget');
    for (const { name } of sample.truth.tars) await plan.getByRole('checkbox', { name }).first().waitFor();
    await workbench().screenshot('firstRun-3-plan');
    await workbench().page.keyboard.press('Enter');
    const all = String(sample.truth.tars.length);
    await workbench()
      .statusItem(`Tarshelf: ${all}/${all} tars · ${String(sample.truth.books.length)} books`)
      .waitFor({ timeout: 60_000 });
    await workbench().screenshot('firstRun-4-done');
  });
});
