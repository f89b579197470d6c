// What the click tests share: a real workbench in a browser, with the packaged extension installed as a user
// installs it. A test file calls `useWorkbench` and says in the user's words what is done and seen.
import { existsSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import type { Browser, Locator, Page } from 'playwright-core';
import { resultsFolder, vsixFile } from '../../scripts/paths.ts';
import { launchChromium } from '../../scripts/vscodeHost/chromium.ts';
import { startCodeServer, type CodeServer } from '../../scripts/vscodeHost/codeServer.ts';

export interface WorkbenchOptions {
  /** The folder, or the `.code-workspace` file, that is opened; absent: an empty window. */
  readonly folder?: string;
  readonly settings?: Readonly<Record<string, unknown>>;
  /** Code of the language that extensions speak. */
  readonly language?: string;
  /** More variables for the extension host. */
  readonly env?: Readonly<Record<string, string>>;
}

export class Workbench {
  readonly page: Page;
  readonly #browser: Browser;
  readonly #server: CodeServer;

  private constructor(server: CodeServer, browser: Browser, page: Page) {
    this.#server = server;
    this.#browser = browser;
    this.page = page;
  }

  static async open({ folder, settings = {}, env = {}, language }: WorkbenchOptions): Promise<Workbench> {
    if (!existsSync(vsixFile)) throw new Error(`${vsixFile} is missing: make it with \`npm run package\`.`);
    const server = await startCodeServer({
      ...{ settings, env, extensions: [vsixFile] },
      ...(language === undefined ? {} : { language }),
    });
    try {
      const browser = await launchChromium();
      const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
      page.setDefaultTimeout(30_000);
      await page.goto(server.address(folder ?? null));
      await page.locator('.monaco-workbench').waitFor();
      return new Workbench(server, browser, page);
    } catch (thrown) {
      server.close();
      throw thrown;
    }
  }

  async close(): Promise<void> {
    await this.#browser.close();
    this.#server.close();
  }

  /** Changes user settings while the window is open. */
  changeSettings(changed: Readonly<Record<string, unknown>>): void {
    this.#server.changeSettings(changed);
  }

  /** Clicks the icon in the activity bar. */
  async openContainer(title: string): Promise<void> {
    await this.page.locator('.activitybar').getByRole('tab', { name: title }).click();
  }

  /** A view of the side bar, with its title, its tree and its welcome content. */
  view(title: string): Locator {
    const header = this.page.getByRole('button', { name: `${title} Section` });
    return this.page.locator('.sidebar .pane').filter({ has: header });
  }

  /** A button in what a view shows while it is empty. */
  welcomeButton(viewTitle: string, name: string): Locator {
    return this.view(viewTitle).locator('.welcome-view-content').getByRole('button', { name, exact: true });
  }

  /** Runs a command from the palette by its full title, as in "Tarshelf: Launch". */
  async runCommand(title: string): Promise<void> {
    const { palette } = await this.#enterCommand(title);
    await palette.waitFor({ state: 'hidden' });
  }

  /** Runs a command that goes on in the palette's place, with a question of its own. */
  async runCommandThatAsks(title: string): Promise<void> {
    const { palette, command } = await this.#enterCommand(title);
    await command.waitFor({ state: 'hidden' });
    // Rows of a list of which several can be ticked are no options.
    await palette.locator('.monaco-list-row').first().waitFor();
  }

  async #enterCommand(title: string): Promise<{ palette: Locator; command: Locator }> {
    await this.page.keyboard.press('F1');
    const palette = this.page.locator('.quick-input-widget');
    await palette.locator('input').first().fill(`>${title}`);
    const command = palette.getByRole('option', { name: title }).first();
    // Enter takes the row that has the focus, which until the list is filtered is another one.
    await palette.locator('.monaco-list-row.focused').and(command).waitFor();
    await this.page.keyboard.press('Enter');
    return { palette, command };
  }

  /** Reloads the window as its command does, which keeps what was open. The page alone, loaded anew, may forget it. */
  async reload(): Promise<void> {
    const loaded = this.page.waitForEvent('load');
    await this.runCommand('Developer: Reload Window');
    await loaded;
    await this.page.locator('.monaco-workbench').waitFor();
  }

  /**
   * Answers VS Code's own folder dialog, which the browser shows in place of the system's: enters the folder
   * named, one of those listed, and clicks the button.
   */
  async answerFolderDialog(name: string, button: string): Promise<void> {
    const dialog = this.page.locator('.quick-input-widget');
    const row = dialog.getByRole('option', { name, exact: true });
    await row.click();
    // The dialog has entered the folder when it lists what is in there instead.
    await row.waitFor({ state: 'hidden' });
    await dialog.getByRole('button', { name: button }).click();
    await dialog.waitFor({ state: 'hidden' });
  }

  /** An item of the status bar, by the name that a screen reader says. */
  statusItem(name: string): Locator {
    return this.page.locator('.statusbar').getByRole('button', { name, exact: true });
  }

  /** The same by its beginning, for what ends in numbers that nobody knows beforehand. */
  statusItemThatBegins(name: string | RegExp): Locator {
    return this.page.locator('.statusbar').getByRole('button', { name });
  }

  /** A message in the lower right corner. */
  message(text: string): Locator {
    return this.page.locator('.notifications-toasts').getByText(text);
  }

  /** Keeps a picture in test-results/. */
  async screenshot(name: string): Promise<void> {
    mkdirSync(resultsFolder, { recursive: true });
    // Colours fade into those of another theme.
    await this.page.screenshot({ path: path.join(resultsFolder, `${name}.png`), animations: 'disabled' });
  }
}

/** A row of a tree: its name, and the words beside it. */
export interface Row {
  readonly label: string;
  readonly description: string;
}

/** The rows of the tree in a view that are in sight, from top to bottom. */
export async function rowsOf(view: Locator): Promise<Row[]> {
  const items = await view.getByRole('treeitem').all();
  return await Promise.all(
    items.map(async item => ({
      label: (await item.locator('.label-name').textContent()) ?? '',
      description: (await item.locator('.label-description').textContent()) ?? '',
    })),
  );
}

/** Waits until no tar is being read, opens the group of those that are completed, and gives their names. */
export async function completedTars(view: Locator): Promise<string[]> {
  await view.getByRole('treeitem', { name: 'Running' }).waitFor({ state: 'hidden' });
  const group = view.getByRole('treeitem', { name: 'Completed' });
  if ((await group.getAttribute('aria-expanded')) === 'false') await group.click();
  await view.getByText('completed · ').first().waitFor();
  const rows = await rowsOf(view);
  return rows.slice(rows.findIndex(({ label }) => label === 'Completed') + 1).map(({ label }) => label);
}

/**
 * Opens one workbench for all tests of the suite, which go on where the one before stopped, and closes it after.
 * Keeps a picture of a test that failed. Call within `describe`.
 */
export function useWorkbench(prepare: () => Promise<WorkbenchOptions>): () => Workbench {
  let workbench: Workbench | undefined;
  before(async function () {
    this.timeout(120_000);
    workbench = await Workbench.open(await prepare());
  });
  afterEach(async function () {
    if (this.currentTest?.state !== 'failed') return;
    await workbench?.screenshot(`failed ${this.currentTest.fullTitle().replaceAll(/[^\w-]+/g, ' ')}`);
  });
  after(async () => {
    await workbench?.close();
  });
  return () => {
    if (workbench === undefined) throw new Error('The workbench is open only while tests of its suite run.');
    return workbench;
  };
}
