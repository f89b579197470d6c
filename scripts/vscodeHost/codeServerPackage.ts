// Fetches code-server: a real VS Code workbench with a real extension host, which npm can install where the
// desktop program cannot be downloaded.
//
// Its own install script compiles add-ons and insists on a particular npm. None of what it builds is needed to
// host tests, so everything is installed without scripts, and the two add-ons that VS Code loads
// unconditionally are replaced by small stand-ins.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { npmCommand } from '../npm.ts';
import { downloadsFolder } from '../paths.ts';

const version = '4.139.1';
const installedFolder = path.join(downloadsFolder, `code-server-${version}`);
const stagingPrefix = '.code-server-';

/** Makes sure that code-server is there, and returns the path of its entry script. Fetches it the first time. */
export async function ensureCodeServer(): Promise<string> {
  if (process.platform === 'win32') {
    throw new Error('code-server does not run on Windows: run this suite on Linux, on macOS or inside WSL.');
  }
  await mkdir(downloadsFolder, { recursive: true });
  await removeAbandonedStaging();
  if (!existsSync(installedFolder)) {
    console.log(`Fetching code-server ${version} (about 600 MB, once) ...`);
    await install();
  }
  return path.join(installedFolder, 'node_modules', 'code-server', 'out', 'node', 'entry.js');
}

/**
 * Installs into a staging folder and renames it at the very end, so that the final folder is complete or absent
 * whenever we are killed. The staging folder's name holds our pid, so that a later run can tell what is abandoned.
 */
async function install(): Promise<void> {
  const staging = await mkdtemp(path.join(downloadsFolder, `${stagingPrefix}${String(process.pid)}-`));
  try {
    await writeFile(
      path.join(staging, 'package.json'),
      JSON.stringify({ private: true, dependencies: { 'code-server': version } }),
    );
    await npmInstall(staging);
    const vscode = path.join(staging, 'node_modules', 'code-server', 'lib', 'vscode');
    await npmInstall(vscode);
    await npmInstall(path.join(vscode, 'extensions'));
    const addOns = path.join(vscode, 'node_modules', '@vscode');
    await writeFile(path.join(addOns, 'spdlog', 'index.js'), spdlogStandIn);
    await writeFile(path.join(addOns, 'native-watchdog', 'index.js'), watchdogStandIn);
    await rename(staging, installedFolder).catch((thrown: unknown) => {
      // Two runs may fetch at once: whoever comes second uses what the first one installed.
      if (!existsSync(installedFolder)) throw thrown;
    });
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
}

async function npmInstall(folder: string): Promise<void> {
  const flags = ['--omit=dev', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  const [program, ...args] = npmCommand('install', ...flags);
  const child = spawn(program, args, { cwd: folder, stdio: ['ignore', 'inherit', 'inherit'] });
  const [code] = (await once(child, 'exit')) as [number | null];
  if (code !== 0) throw new Error(`npm install failed in ${folder} (exit code ${String(code)})`);
}

async function removeAbandonedStaging(): Promise<void> {
  for (const name of await readdir(downloadsFolder)) {
    if (!name.startsWith(stagingPrefix)) continue;
    const pid = Number.parseInt(name.slice(stagingPrefix.length), 10);
    if (isAlive(pid)) continue;
    // An npm that lost its parent may still be writing there.
    await rm(path.join(downloadsFolder, name), { recursive: true, force: true, maxRetries: 10 });
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Instead of a native logger: appends to the same files, from level "info" on. */
const spdlogStandIn = `'use strict';
const { appendFileSync, mkdirSync } = require('node:fs');
const { dirname } = require('node:path');

const levels = ['trace', 'debug', 'info', 'warn', 'error', 'critical'];

class Logger {
  #file;
  #level = levels.indexOf('info');

  constructor(_kind, _name, file) {
    this.#file = file;
    mkdirSync(dirname(file), { recursive: true });
  }
  write(level, message) {
    if (level < this.#level) return;
    try {
      appendFileSync(this.#file, new Date().toISOString() + ' [' + levels[level] + '] ' + message + '\\n');
    } catch {
      // The profile is thrown away while VS Code still logs its shutdown.
    }
  }
  getLevel() { return this.#level; }
  setLevel(level) { this.#level = level; }
  setPattern() {}
  clearFormatters() {}
  flush() {}
  drop() {}
}
levels.forEach((name, level) => { Logger.prototype[name] = function (message) { this.write(level, message); }; });

// VS Code imports these by name, and Node finds the names of a CommonJS module by lines such as these.
exports.version = 0;
exports.Logger = Logger;
exports.setLevel = () => {};
exports.setFlushOn = () => {};
exports.createRotatingLogger = async (name, file) => new Logger('rotating', name, file);
exports.createAsyncRotatingLogger = async (name, file) => new Logger('rotating', name, file);
`;

/** Instead of a native watchdog over the parent process: the host that we start is ended by its process group. */
const watchdogStandIn = `'use strict';
exports.start = () => {};
exports.exit = code => process.exit(code);
`;
