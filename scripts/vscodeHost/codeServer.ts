// One throw-away code-server: its own profile folder, its own port on the loopback interface, and nothing left
// behind when it is closed or when this process ends.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { atExit } from '../atExit.ts';
import { ensureCodeServer } from './codeServerPackage.ts';

export interface CodeServerOptions {
  /** User settings, over quiet defaults. */
  readonly settings?: Readonly<Record<string, unknown>>;
  /** Packaged extensions to install before the start. */
  readonly extensions?: readonly string[];
  /** More variables for the server and its extension host. */
  readonly env?: Readonly<Record<string, string>>;
  /** Code of the language of the window. VS Code's own words stay English; extensions take theirs. */
  readonly language?: string;
  /** Lets the address name an extension under development and its tests. Mutes notifications. */
  readonly testDriver?: boolean;
}

export interface CodeServer {
  /** Host and port, as in `vscode-remote://<authority>/`. */
  readonly authority: string;
  /**
   * The address of a workbench with this folder or `.code-workspace` file open, or with none; `payload` is handed
   * to the workbench.
   */
  address(folder: string | null, payload?: readonly (readonly [string, string])[]): string;
  /** Rejects when the server ends before it is closed. */
  readonly failure: Promise<never>;
  /** Changes user settings while it runs, as somebody does who edits the file. */
  changeSettings(changed: Readonly<Record<string, unknown>>): void;
  close(): void;
}

const startTimeoutMs = 60_000;

/** What would cover the workbench, change it under a test, or call out. */
const quietSettings = {
  'chat.commandCenter.enabled': false,
  'chat.disableAIFeatures': true,
  'extensions.autoCheckUpdates': false,
  'extensions.autoUpdate': false,
  'extensions.ignoreRecommendations': true,
  'git.enabled': false,
  'git.openRepositoryInParentFolders': 'never',
  'security.workspace.trust.enabled': false,
  'telemetry.telemetryLevel': 'off',
  'update.mode': 'none',
  'update.showReleaseNotes': false,
  'workbench.enableExperiments': false,
  'workbench.secondarySideBar.defaultVisibility': 'hidden',
  'workbench.startupEditor': 'none',
  'workbench.tips.enabled': false,
  'workbench.welcomePage.walkthroughs.openOnInstall': false,
};

/** Starts a code-server, and resolves when it accepts connections. */
export async function startCodeServer(options: CodeServerOptions = {}): Promise<CodeServer> {
  const entry = await ensureCodeServer();
  // Sockets live in this folder, and their paths may not exceed about 100 characters: hence the short name.
  const base = mkdtempSync(path.join(tmpdir(), 'ts-'));
  const running = new Set<ChildProcess>();
  const close = atExit(() => {
    for (const child of running) killGroup(child);
    rmSync(base, { recursive: true, force: true, maxRetries: 10 });
  });
  const data = path.join(base, 'data');
  let settings: Record<string, unknown> = quietSettings;
  const changeSettings = (changed: Readonly<Record<string, unknown>>): void => {
    settings = { ...settings, ...changed };
    // A remote window, which code-server's is, takes settings of machine scope from the second of these only.
    for (const place of ['User', 'Machine']) {
      mkdirSync(path.join(data, place), { recursive: true });
      writeFileSync(path.join(data, place, 'settings.json'), JSON.stringify(settings, null, 2));
    }
  };
  changeSettings(options.settings ?? {});
  writeFileSync(path.join(base, 'config.yaml'), 'auth: none\n');
  if (options.language !== undefined) writeLanguagePack(data, options.language);

  const env = serverEnvironment(base, options.env);
  const run = (args: readonly string[]): ChildProcess => {
    const child = spawn(
      process.execPath,
      [
        entry,
        ...['--config', path.join(base, 'config.yaml')],
        ...['--user-data-dir', data],
        ...['--extensions-dir', path.join(base, 'extensions')],
        ...args,
      ],
      // A process group of its own: the extension host outlives a lost client on purpose, and has to end with us.
      { env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] },
    );
    running.add(child);
    return child;
  };

  try {
    for (const vsix of options.extensions ?? []) {
      const installer = run(['--install-extension', vsix]);
      const output = collectOutput(installer);
      const [code] = (await once(installer, 'close')) as [number | null];
      running.delete(installer);
      if (code !== 0) throw new Error(`${vsix} could not be installed:\n${output.text}`);
    }
    const server = run([
      ...['--bind-addr', '127.0.0.1:0'],
      ...['--session-socket', path.join(base, 'session.sock')],
      '--disable-getting-started-override',
      '--disable-proxy',
      '--disable-telemetry',
      '--disable-update-check',
      '--disable-workspace-trust',
      '--ignore-last-opened',
      ...(options.language === undefined ? [] : ['--locale', options.language]),
      ...(options.testDriver === true ? ['--vscode-option', 'enable-smoke-test-driver'] : []),
    ]);
    const log = collectOutput(server);
    const failure = once(server, 'exit').then(([code]) => {
      throw new Error(`code-server ended early (exit code ${String(code)}):\n${log.text}`);
    });
    // Whoever waits for something races it with `failure`; when nobody waits, nobody minds.
    failure.catch(() => undefined);
    const authority = await Promise.race([listeningOn(server, log), failure]);
    return {
      authority,
      failure,
      changeSettings,
      close,
      address(folder, payload = []) {
        const url = new URL(`http://${authority}/`);
        if (folder === null) url.searchParams.set('ew', 'true');
        else url.searchParams.set(folder.endsWith('.code-workspace') ? 'workspace' : 'folder', folder);
        if (payload.length > 0) url.searchParams.set('payload', JSON.stringify(payload));
        return url.href;
      },
    };
  } catch (thrown) {
    close();
    throw thrown;
  }
}

/** A language is known when there is a pack for it, and be it one without a word. */
function writeLanguagePack(data: string, language: string): void {
  const words = path.join(data, 'words.json');
  writeFileSync(words, JSON.stringify({ version: '1.0.0', contents: {} }));
  const pack = {
    hash: language,
    extensions: [{ extensionIdentifier: { id: `tarshelf.${language}` }, version: '1.0.0' }],
    translations: { vscode: words },
    label: language,
  };
  writeFileSync(path.join(data, 'languagepacks.json'), JSON.stringify({ [language]: pack }));
}

/** Our own environment, without what would lead the server back to this user's files or to an outer VS Code. */
function serverEnvironment(base: string, more: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv {
  const foreign =
    /^(VSCODE_|ELECTRON_|npm_|NODE_OPTIONS$|NODE_V8_COVERAGE$|PORT$|PASSWORD$|HASHED_PASSWORD$)/;
  const env: NodeJS.ProcessEnv = {};
  for (const [name, value] of Object.entries(process.env)) if (!foreign.test(name)) env[name] = value;
  for (const kind of ['CACHE', 'CONFIG', 'DATA', 'STATE']) env[`XDG_${kind}_HOME`] = path.join(base, 'xdg');
  return {
    ...env,
    XDG_RUNTIME_DIR: base,
    // No marketplace: neither needed nor, often, reachable.
    EXTENSIONS_GALLERY: '{}',
    ...more,
  };
}

interface Output {
  text: string;
}

function collectOutput(child: ChildProcess): Output {
  const output: Output = { text: '' };
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (chunk: string) => (output.text += chunk));
  }
  return output;
}

function listeningOn(server: ChildProcess, log: Output): Promise<string> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      reject(new Error(`code-server did not start within ${String(startTimeoutMs)} ms:\n${log.text}`));
    }, startTimeoutMs);
    server.stdout?.on('data', () => {
      const match = /HTTP server listening on http:\/\/(127\.0\.0\.1:\d+)/.exec(log.text);
      if (match?.[1] === undefined) return;
      clearTimeout(timer);
      resolve(match[1]);
    });
    server.once('exit', () => {
      clearTimeout(timer);
    });
  });
}

function killGroup(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    // Nothing of the group is left.
  }
}
