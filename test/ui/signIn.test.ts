import assert from 'node:assert/strict';
import { makeCalibredbStandIn, neverAnswered } from '../support/calibredbStandIn.ts';
import { makeSampleWorkspace, type SampleWorkspace } from './sampleWorkspace.ts';
import { useWorkbench } from './workbench.ts';

describe('signing in to a content server', function () {
  this.timeout(120_000);

  let sample: SampleWorkspace;
  const workbench = useWorkbench(async () => {
    sample = await makeSampleWorkspace();
    return {
      folder: sample.folder,
      env: {
        PATH: makeCalibredbStandIn(sample.folder, 'a secret'),
        // Else the extension host takes its PATH from a login shell.
        VSCODE_CLI: '1',
      },
      settings: {
        'tarshelf.sourceFolders': ['${workspaceFolder}/tars'],
        'tarshelf.destination': 'calibre',
        'tarshelf.calibre.library': 'http://127.0.0.1:9/#books',
        'tarshelf.calibre.userName': 'reader',
      },
    };
  });
  after(() => {
    sample.remove();
  });

  const page = () => workbench().page;
  const notification = (text: string) =>
    page().locator('.notifications-toasts .notification-list-item').filter({ hasText: text });
  const connecting = () => notification('Tarshelf: connecting to http://127.0.0.1:9');
  const asksForPassword = () => workbench().view('Tars').getByText('Your bookshelf asks for a password.');

  /** Types into the box that asks for the password, which must not show it. */
  async function enter(password: string): Promise<void> {
    const box = page().locator('.quick-input-widget');
    const input = box.locator('input[type="password"]');
    await box.getByText('Password for reader at http://127.0.0.1:9').waitFor();
    await input.fill(password);
    await page().keyboard.press('Enter');
    await input.waitFor({ state: 'hidden' });
  }

  it('is offered by the view, and a launch offers it, too', async () => {
    await workbench().openContainer('Tarshelf');
    await asksForPassword().waitFor();
    await workbench().runCommand('Tarshelf: Launch');
    const message = notification('Tarshelf has no password for reader');
    await message.getByRole('button', { name: 'Sign In' }).click();
    await page().locator('.quick-input-widget input[type="password"]').waitFor();
    await workbench().screenshot('signIn-1-password');
    await page().keyboard.press('Escape');
  });

  it('says what is wrong with a password, and asks again', async () => {
    await workbench().welcomeButton('Tars', 'Sign in').click();
    await enter('wrong');
    const message = notification('Not signed in');
    await message.getByText('does not let us in').waitFor();
    // Progress that came into sight stays there for a moment.
    await connecting().waitFor({ state: 'hidden' });
    await workbench().screenshot('signIn-2-refused');
    await message.getByRole('button', { name: 'Try Again' }).click();
    await enter(neverAnswered);
  });

  it('can be cancelled while the server does not answer', async () => {
    const progress = connecting();
    await progress.getByRole('button', { name: 'Cancel' }).click();
    await progress.waitFor({ state: 'hidden' });
    assert.equal(await asksForPassword().isVisible(), true);
  });

  it('is done with the right one, and undone by signing out', async () => {
    await workbench().welcomeButton('Tars', 'Sign in').click();
    await enter('a secret');
    await workbench().message('Signed in.').waitFor();
    await asksForPassword().waitFor({ state: 'hidden' });
    await workbench().screenshot('signIn-3-done');
    await workbench().runCommand('Tarshelf: Sign Out');
    await asksForPassword().waitFor();
  });

  it('keeps a password that did not work where that is wanted', async () => {
    await workbench().welcomeButton('Tars', 'Sign in').click();
    await enter('wrong again');
    await notification('Not signed in').first().getByRole('button', { name: 'Keep Anyway' }).click();
    await asksForPassword().waitFor({ state: 'hidden' });
  });
});
