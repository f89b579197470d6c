import { spawn, type ChildProcess } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Summary } from '../../src/protocol/snapshot.ts';
import { pidsWith } from './processTree.ts';

const cliPath = join(import.meta.dirname, '../../dist/cli.js');

export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** The last line of `--json`, when there is one. */
  readonly summary: Summary | null;
}

export interface CommandOptions {
  readonly cwd?: string;
  /** Added to the environment of the tests. */
  readonly env?: NodeJS.ProcessEnv;
}

export interface RunningCommand {
  readonly child: ChildProcess;
  readonly finished: Promise<Finished>;
  /** Resolves with the first output line that `matches`. */
  line(matches: (line: string) => boolean): Promise<string>;
}

const running = new Set<ChildProcess>();
/** State folders of all commands of a test: an engine may outlive the command that started it. */
const stateFolders = new Set<string>();

// A test that failed leaves its command behind, and mocha would wait for it.
afterEach(async () => {
  for (const child of running) child.kill('SIGKILL');
  if (process.platform === 'linux') {
    // By what no other process has in its command line. Its workers leave by themselves.
    for (const folder of stateFolders) {
      for (const pid of await pidsWith(`engine.js --state-folder ${folder}`)) kill(pid);
    }
  }
  stateFolders.clear();
});

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended by itself in between.
  }
}

/** Remembers the state folder of a command; one outside the folders of tests may have an engine that is none of ours. */
function rememberStateFolder(args: readonly string[], cwd: string): void {
  const at = args.indexOf('--state-dir');
  const folder = resolve(cwd, (at < 0 ? undefined : args[at + 1]) ?? '.tarshelf');
  if (folder.startsWith(tmpdir())) stateFolders.add(folder);
}

/** Starts the built command line as a process of its own. */
export function startTarshelf(args: readonly string[], options: CommandOptions = {}): RunningCommand {
  const child = spawn(process.execPath, [cliPath, ...args], {
    ...options,
    env: { ...process.env, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  running.add(child);
  rememberStateFolder(args, options.cwd ?? process.cwd());
  let stdout = '';
  let stderr = '';
  const watchers = new Set<() => void>();
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
    for (const watch of watchers) watch();
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const finished = new Promise<Finished>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', code => {
      running.delete(child);
      resolve({ code, stdout, stderr, summary: summaryOf(stdout) });
    });
  });
  const line = (matches: (line: string) => boolean): Promise<string> =>
    new Promise((resolve, reject) => {
      const watch = (): void => {
        const found = stdout.split('\n').slice(0, -1).find(matches);
        if (found === undefined) return;
        watchers.delete(watch);
        resolve(found);
      };
      watchers.add(watch);
      watch();
      void finished.then(({ code }) => {
        reject(new Error(`ended with ${String(code)} before that line:\n${stdout}${stderr}`));
      });
    });
  return { child, finished, line };
}

/** Runs the built command line to its end. */
export function tarshelf(args: readonly string[], options: CommandOptions = {}): Promise<Finished> {
  return startTarshelf(args, options).finished;
}

function summaryOf(stdout: string): Summary | null {
  const last = stdout.trimEnd().split('\n').at(-1) ?? '';
  if (!last.startsWith('{"type":"summary"')) return null;
  return JSON.parse(last) as Summary;
}
