// Runs test/vscode/suite/ inside a real VS Code (`npm run test:vscode` builds the extension first).
//
// Which VS Code: TARSHELF_VSCODE=desktop or =code-server says so. Otherwise desktop VS Code, downloaded on first
// use, unless this is Linux without a display or the download service cannot be reached: then code-server.
import { downloadAndUnzipVSCode, runTests } from '@vscode/test-electron';
import { build } from 'esbuild';
import {
  appendFileSync,
  closeSync,
  fstatSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { atExit } from '../../scripts/atExit.ts';
import { downloadsFolder, resultsFolder, rootFolder } from '../../scripts/paths.ts';
import { forgetResults, readResults } from '../../scripts/suiteResults.ts';
import { ensureCodeServerAndBrowser } from '../../scripts/vscodeHost/prepare.ts';
import { runInCodeServer, type ExtensionTestRun } from '../../scripts/vscodeHost/runInCodeServer.ts';

const timeoutMs = Number(process.env['TARSHELF_TEST_TIMEOUT_MS'] ?? 300_000);
const resultsFile = process.env['TARSHELF_TEST_RESULTS'] ?? path.join(resultsFolder, 'vscode.json');
const hostLog = path.join(resultsFolder, 'vscode-host.log');

/** The path of desktop VS Code, or undefined when the tests go to code-server. */
async function findDesktop(): Promise<string | undefined> {
  const choice = process.env['TARSHELF_VSCODE'];
  if (choice !== undefined && choice !== 'desktop' && choice !== 'code-server') {
    throw new Error(`TARSHELF_VSCODE is "${choice}": set it to "desktop" or "code-server", or not at all.`);
  }
  if (choice === 'code-server') return undefined;
  if (choice === undefined && process.platform === 'linux' && !hasDisplay()) return undefined;
  try {
    return await downloadAndUnzipVSCode({ cachePath: downloadsFolder });
  } catch (thrown) {
    if (choice === 'desktop') throw thrown;
    console.log(`Desktop VS Code cannot be downloaded (${String(thrown)}): using code-server instead.`);
    return undefined;
  }
}

function hasDisplay(): boolean {
  return ['DISPLAY', 'WAYLAND_DISPLAY'].some(name => (process.env[name] ?? '') !== '');
}

async function runInDesktop(executable: string, run: ExtensionTestRun, profile: string): Promise<void> {
  await runTests({
    vscodeExecutablePath: executable,
    extensionDevelopmentPath: run.extensionFolder,
    extensionTestsPath: run.testsFile,
    extensionTestsEnv: run.env,
    launchArgs: [
      run.workspaceFolder,
      '--disable-extensions',
      `--extensions-dir=${path.join(profile, 'extensions')}`,
      `--user-data-dir=${path.join(profile, 'data')}`,
    ],
  });
}

/**
 * Bundles the suite, one file for each test file, to what any extension host loads: CommonJS. The folder is
 * inside the checkout, where mocha is found.
 */
async function bundleSuite(): Promise<string> {
  const parent = path.join(rootFolder, 'out');
  mkdirSync(parent, { recursive: true });
  const folder = mkdtempSync(path.join(parent, 'vscode-'));
  atExit(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  const suite = path.join(import.meta.dirname, 'suite');
  await build({
    entryPoints: [path.join(suite, 'index.ts'), ...globSync(path.join(suite, '*.test.ts'))],
    outdir: folder,
    outExtension: { '.js': '.cjs' },
    bundle: true,
    external: ['vscode', 'mocha'],
    format: 'cjs',
    platform: 'node',
    target: 'node22',
  });
  return path.join(folder, 'index.cjs');
}

/** Prints what is appended to `file`. The function returned prints what is left and stops. */
function follow(file: string): () => void {
  const input = openSync(file, 'a+');
  let position = 0;
  const forward = (): void => {
    const news = Buffer.alloc(fstatSync(input).size - position);
    position += readSync(input, news, 0, news.length, position);
    process.stdout.write(news);
  };
  const timer = setInterval(forward, 100);
  return () => {
    clearInterval(timer);
    forward();
    closeSync(input);
  };
}

async function main(): Promise<void> {
  // Long real paths differ from short ones on macOS and Windows, and VS Code compares them as text.
  const scratch = mkdtempSync(path.join(realpathSync.native(tmpdir()), 'ts-'));
  atExit(() => {
    rmSync(scratch, { recursive: true, force: true, maxRetries: 10 });
  });
  const workspaceFolder = path.join(scratch, 'workspace');
  mkdirSync(workspaceFolder);
  mkdirSync(resultsFolder, { recursive: true });
  writeFileSync(hostLog, '');
  forgetResults(resultsFile);

  const output = path.join(scratch, 'output.txt');
  const hostLines: string[] = [];
  const desktop = await findDesktop();
  // Fetched before the clock of the tests starts.
  if (desktop === undefined) await ensureCodeServerAndBrowser();
  const run: ExtensionTestRun = {
    extensionFolder: rootFolder,
    testsFile: await bundleSuite(),
    workspaceFolder,
    env: { TARSHELF_TEST_OUTPUT: output, TARSHELF_TEST_RESULTS: resultsFile },
    log: line => {
      hostLines.push(line);
      appendFileSync(hostLog, `${line}\n`);
    },
  };

  const stopFollowing = follow(output);
  const stopWaiting = failAfter(timeoutMs, stopFollowing);
  try {
    await (desktop === undefined ? runInCodeServer(run) : runInDesktop(desktop, run, scratch));
  } finally {
    stopWaiting();
    stopFollowing();
  }

  // The only proof that the tests came to their end: a workbench whose extension host was killed, or could not
  // load the tests, ends as if all were well.
  const results = readResults(resultsFile);
  if (results === undefined) {
    const lastLines = hostLines.slice(-10).map(line => line.split('\n', 1)[0] ?? '');
    throw new Error(
      ['The extension host ended before the tests did.', ...lastLines, `Its whole log: ${hostLog}`].join(
        '\n',
      ),
    );
  }
  if (results.failed > 0 || results.passed === 0) process.exitCode = 1;
}

/** Ends this process, and with it what it started, unless the function returned is called in time. */
function failAfter(ms: number, beforeExit: () => void): () => void {
  const timer = setTimeout(() => {
    beforeExit();
    console.error(`The tests inside VS Code did not end within ${String(ms)} ms.`);
    process.exit(1);
  }, ms);
  return () => {
    clearTimeout(timer);
  };
}

try {
  await main();
} catch (thrown) {
  console.error(thrown instanceof Error ? thrown.message : thrown);
  process.exitCode = 1;
}
