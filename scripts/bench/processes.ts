// Runs whole processes and says what they took: the command line with its engine and workers, and the tools that it is
// measured against.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { atExit } from '../atExit.ts';
import { isAlive } from '../../src/client/isAlive.ts';
import { benchFolder } from './corpora.ts';

const cliPath = join(import.meta.dirname, '../../dist/cli.js');
const usageUrl = pathToFileURL(join(import.meta.dirname, 'usage.mjs')).href;

/** What an engine and its workers may take to end once the command line has. */
const patienceMs = 30_000;

export interface Used {
  readonly wallSeconds: number;
  readonly cpuSeconds: number;
}

interface ProcessUsage {
  readonly role: string;
  readonly cpuSeconds: number;
  readonly peakMb: number;
}

export interface IngestUsed extends Used {
  readonly processes: readonly ProcessUsage[];
  readonly books: { readonly found: number; readonly uploaded: number; readonly failed: number };
  readonly skipped: number;
}

export interface Ingest {
  readonly source: string;
  readonly workers: number;
  /** Kept by whoever names it; a fresh one otherwise. */
  readonly stateFolder?: string;
  /** Where books go, as arguments; nowhere by default. */
  readonly destination?: readonly string[];
  readonly more?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** For all its processes. */
  readonly nodeOptions?: string;
  /** Called with the process once it runs. */
  readonly onSpawn?: (pid: number, usageFolder: string) => void;
  /** Called with each line of JSON that the command line prints. */
  readonly onLine?: (line: string) => void;
  /** Exit codes that are no failure. */
  readonly exitCodes?: readonly number[];
}

/** Removes what benches that were broken off have left: an engine may go on for a moment, and write where nothing is. */
export async function removeLeftovers(): Promise<void> {
  const names = await readdir(benchFolder()).catch((): string[] => []);
  for (const name of names) {
    const pid = /^run-(\d+)-/.exec(name)?.[1];
    if (pid !== undefined && !isAlive(Number(pid)))
      await rm(join(benchFolder(), name), { recursive: true, force: true });
  }
}

/** A folder in the bench's own, removed when the work is done. */
export async function withFolder<Result>(work: (folder: string) => Promise<Result>): Promise<Result> {
  await mkdir(benchFolder(), { recursive: true });
  const folder = await mkdtemp(join(benchFolder(), `run-${String(process.pid)}-`));
  // Also when a person loses patience: a library takes gigabytes.
  const done = atExit(() => {
    rmSync(folder, { recursive: true, force: true, maxRetries: 10 });
  });
  try {
    return await work(folder);
  } finally {
    done();
  }
}

/**
 * Runs `tarshelf ingest`, from its start to its end: wall seconds are those of the command line, CPU seconds those of
 * all its processes. Metadata are read by our own readers, whether calibre is installed or not.
 */
export async function ingest(options: Ingest): Promise<IngestUsed> {
  return await withFolder(async folder => {
    const usageFolder = join(folder, 'usage');
    await mkdir(usageFolder);
    const { source, workers, stateFolder = join(folder, 'state') } = options;
    const began = performance.now();
    const child = spawn(
      process.execPath,
      [
        cliPath,
        'ingest',
        source,
        ...['--state-dir', stateFolder, '--workers', String(workers), '--metadata', 'builtin', '--json'],
        ...(options.destination ?? ['--destination', 'none']),
        ...(options.more ?? []),
      ],
      {
        stdio: ['ignore', 'pipe', 'pipe'],
        env: {
          ...process.env,
          NODE_OPTIONS: [process.env['NODE_OPTIONS'], `--import ${usageUrl}`, options.nodeOptions]
            .filter(Boolean)
            .join(' '),
          TARSHELF_BENCH_USAGE: usageFolder,
          ...options.env,
        },
      },
    );
    // It asks its engine to end.
    const done = atExit(() => child.kill('SIGTERM'));
    if (child.pid !== undefined) options.onSpawn?.(child.pid, usageFolder);
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
    let lastLine = '';
    createInterface({ input: child.stdout }).on('line', line => {
      lastLine = line;
      options.onLine?.(line);
    });
    const [code] = (await once(child, 'close')) as [number | null];
    const wallSeconds = (performance.now() - began) / 1000;
    done();
    if (!(options.exitCodes ?? [0]).includes(code ?? -1))
      throw new Error(`tarshelf ingest ${source} ended with exit code ${String(code)}: ${said.trim()}`);
    const processes = await usageOfAll(usageFolder);
    const summary = summaryIn(lastLine);
    return {
      wallSeconds,
      cpuSeconds: processes.reduce((sum, one) => sum + one.cpuSeconds, 0),
      processes,
      ...summary,
    };
  });
}

/** The last line is the summary. */
function summaryIn(line: string): Pick<IngestUsed, 'books' | 'skipped'> {
  const { books, skipped } = JSON.parse(line) as Pick<IngestUsed, 'books' | 'skipped'>;
  return { books, skipped };
}

/** Waits for every process that began, and returns what each used. */
async function usageOfAll(folder: string): Promise<ProcessUsage[]> {
  const until = performance.now() + patienceMs;
  for (;;) {
    const names = await readdir(folder);
    const open = names.filter(
      name => name.endsWith('.began') && !names.includes(name.replace('.began', '.ended')),
    );
    if (open.length === 0) {
      const texts = names
        .filter(name => name.endsWith('.ended'))
        .map(name => readFile(join(folder, name), 'utf8'));
      return (await Promise.all(texts)).map(text => JSON.parse(text) as ProcessUsage);
    }
    if (performance.now() > until) throw new Error(`a process did not say what it used: ${open.join(', ')}`);
    await sleep(20);
  }
}

/** Megabytes that the largest worker held at its peak. */
export function workerPeakMb({ processes }: IngestUsed): number {
  return Math.max(...processes.filter(({ role }) => role === 'worker').map(({ peakMb }) => peakMb));
}

/** Runs a script of bash and says what it and all that it waited for took. Arguments are `$1` and so on. */
export async function shell(script: string, ...given: readonly string[]): Promise<Used> {
  const timed = `set -e; TIMEFORMAT='%R %U %S'; work() { ${script}\n}; { time work "$@" 2>&3 >/dev/null; } 3>&2`;
  const child = spawn('bash', ['-c', timed, 'bench', ...given], { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error(`${script}: exit code ${String(code)}: ${said.trim()}`);
  const [wall, user, system] = (said.trim().split('\n').at(-1) ?? '').split(' ').map(Number);
  if (wall === undefined || user === undefined || system === undefined || Number.isNaN(wall))
    throw new Error(`${script}: no times in ${said}`);
  return { wallSeconds: wall, cpuSeconds: user + system };
}

export function isInstalled(program: string): boolean {
  return spawnSync(program, ['--version'], { stdio: 'ignore' }).error === undefined;
}

/** Reads files once, so that what comes finds them in the page cache. */
export async function warm(paths: readonly string[]): Promise<void> {
  await shell('cat "$@" | cat', ...paths);
}

/** Waits until what was written before is on its disk, and does not slow what is measured next. */
export function settleDisk(): void {
  spawnSync('sync');
}
