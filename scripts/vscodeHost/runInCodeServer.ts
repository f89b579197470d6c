import { launchChromium } from './chromium.ts';
import { startCodeServer } from './codeServer.ts';

export interface ExtensionTestRun {
  /** Folder of the extension under development. */
  readonly extensionFolder: string;
  /** Module whose `run()` the extension host calls. */
  readonly testsFile: string;
  /** Folder that the workbench opens. */
  readonly workspaceFolder: string;
  readonly env: Readonly<Record<string, string>>;
  /** Takes the lines that the workbench would show in its developer tools. */
  readonly log: (line: string) => void;
}

/**
 * Runs extension tests in code-server, where @vscode/test-electron would run them in desktop VS Code. Resolves
 * when the workbench says that the run is over. Whether the tests passed is not known here: a workbench whose
 * extension host was killed reports exit code 0 as well.
 */
export async function runInCodeServer(run: ExtensionTestRun): Promise<void> {
  const server = await startCodeServer({ env: run.env, testDriver: true });
  try {
    const browser = await launchChromium();
    try {
      const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
      page.on('pageerror', error => {
        run.log(`[page] ${error.stack ?? error.message}`);
      });
      const ended = new Promise<void>((resolve, reject) => {
        page.on('crash', () => {
          reject(new Error('The page of the workbench crashed.'));
        });
        page.on('close', () => {
          reject(new Error('The page of the workbench was closed.'));
        });
        // A built workbench under test calls these two functions when the page has them.
        void page.exposeFunction('codeAutomationExit', () => {
          resolve();
        });
        void page.exposeFunction('codeAutomationLog', (level: string, args: unknown[]) => {
          run.log(`[${level}] ${args.map(String).join(' ')}`);
        });
      });
      // Where the page cannot even be opened, nobody waits for its end.
      ended.catch(() => undefined);
      const remote = (file: string): string => `vscode-remote://${server.authority}${encodeURI(file)}`;
      await page.goto(
        server.address(run.workspaceFolder, [
          ['extensionDevelopmentPath', remote(run.extensionFolder)],
          ['extensionTestsPath', remote(run.testsFile)],
        ]),
      );
      await Promise.race([ended, server.failure]);
    } finally {
      await browser.close();
    }
  } finally {
    server.close();
  }
}
