import assert from 'node:assert/strict';
import type { Locator } from 'playwright-core';
import { sampleTars } from '../../src/samples/makeSample.ts';
import { screenshotInThemes } from './themes.ts';
import { completedTars, useWorkbench, type Workbench } from './workbench.ts';

// No folder is open and nothing is set: what a newcomer has.

const title = 'Get Started with Tarshelf';
const steps = [
  'Choose your tars',
  'Choose where the books go',
  'Launch',
  'Watch, or close the window',
  'When something fails',
];
const tars = sampleTars().map(tar => tar.name);
const done = `Tarshelf: ${String(tars.length)}/${String(tars.length)} tars`;

/** The page of the guide. */
const guide = ({ page }: Workbench): Locator => page.locator('.gettingStartedSlideDetails');
const step = (workbench: Workbench, name: string): Locator =>
  guide(workbench).locator('.getting-started-step', { hasText: name });
const tick = (workbench: Workbench, name: string): Locator =>
  step(workbench, name).locator('.codicon-getting-started-step-checked');

describe('the guide for a newcomer, by mouse', function () {
  this.timeout(120_000);

  const workbench = useWorkbench(() => Promise.resolve({}));

  it('is offered by the empty view, beside a folder of tars and sample books', async () => {
    await workbench().openContainer('Tarshelf');
    const view = workbench().view('Tars');
    await workbench().welcomeButton('Tars', 'Choose a folder of tars').waitFor();
    await workbench().welcomeButton('Tars', 'Try it with sample books').waitFor();
    await screenshotInThemes(workbench(), 'walkthrough-1-welcome');
    await view.getByRole('button', { name: 'Take the tour' }).click();
    await guide(workbench()).getByText(title).first().waitFor();
  });

  it('has a picture for each step, in every theme', async () => {
    // Beside the side bar, a window of this width has no room for them.
    await workbench().page.keyboard.press('Control+b');
    for (const [index, name] of steps.entries()) {
      await step(workbench(), name)
        .first()
        .click({ position: { x: 60, y: 12 } });
      await screenshotInThemes(workbench(), `walkthrough-2-step${String(index + 1)}`);
    }
  });

  it('tries it with sample books, and says when their books are on the shelf', async () => {
    await step(workbench(), steps[0]!)
      .first()
      .click({ position: { x: 60, y: 12 } });
    await guide(workbench()).getByRole('button', { name: 'Try It With Sample Books' }).click();
    await workbench().message('It works:').first().waitFor({ timeout: 60_000 });
    await workbench().statusItemThatBegins(done).waitFor();
    assert.deepEqual(await completedTars(workbench().view('Tars')), tars);
    await workbench().screenshot('walkthrough-3-done');
  });

  it('has ticked what was done', async () => {
    await step(workbench(), steps[3]!)
      .first()
      .click({ position: { x: 60, y: 12 } });
    await guide(workbench()).getByRole('button', { name: 'Show Tars' }).click();
    for (const name of [steps[0]!, steps[2]!, steps[3]!]) await tick(workbench(), name).waitFor();
    await workbench().screenshot('walkthrough-4-ticked');
  });
});

describe('the guide for a newcomer, by keyboard alone', function () {
  this.timeout(120_000);

  const workbench = useWorkbench(() => Promise.resolve({}));

  it('is opened from the palette', async () => {
    const { page } = workbench();
    await workbench().runCommandThatAsks('Welcome: Open Walkthrough...');
    await page.keyboard.type(title);
    await page.locator('.quick-input-widget').getByRole('option', { name: title }).first().waitFor();
    await page.keyboard.press('Enter');
    await guide(workbench()).getByText(title).first().waitFor();
  });

  it('reaches the sample books, and runs them to their end', async () => {
    const { page } = workbench();
    await step(workbench(), steps[0]!).first().waitFor();
    await tabTo(workbench(), 'Try It With Sample Books');
    await workbench().screenshot('walkthrough-5-keyboard');
    await page.keyboard.press('Enter');
    await workbench().statusItemThatBegins(done).waitFor({ timeout: 60_000 });
    await workbench().runCommand('Tarshelf: Show Tars');
    const chosen = workbench().view('Tars').locator('.monaco-list-row.focused');
    for (let presses = 0; presses < 20 && (await chosen.count()) === 0; presses++) {
      await page.keyboard.press('ArrowDown');
      // The view takes the focus in its own time.
      await page.waitForTimeout(200);
    }
    assert.equal(await chosen.count(), 1);
    await workbench().screenshot('walkthrough-6-keyboard-done');
  });
});

/** Presses Tab until the button named has the focus. */
async function tabTo({ page }: Workbench, name: string): Promise<void> {
  for (let presses = 0; presses < 60; presses++) {
    await page.keyboard.press('Tab');
    const focused = await page.evaluate("document.activeElement?.textContent ?? ''");
    if (typeof focused === 'string' && focused.trim() === name) return;
  }
  assert.fail(`No Tab leads to ${name}.`);
}
