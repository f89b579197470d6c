// How a suite tells its counts to whoever started it: one small file, written when the suite has come to its end.
// No file means that it never got there, whatever its exit code says.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';

export interface SuiteResults {
  readonly passed: number;
  readonly failed: number;
  /** Each test that failed: its whole title and what was wrong. */
  readonly failures?: readonly string[] | undefined;
}

/** What this needs of mocha's runner: the tests inside VS Code are given mocha only when it is loaded late. */
interface Runner {
  readonly stats?: { readonly passes: number; readonly failures: number } | undefined;
  on(event: 'fail', heard: (test: { fullTitle(): string }, thrown: unknown) => void): unknown;
  once(event: 'end', heard: () => void): unknown;
}

/** Writes to the file, when the suite ends, how many of its tests passed, and which failed. */
export function recordResults(runner: Runner, file: string): void {
  const failures: string[] = [];
  runner.on('fail', (test, thrown) => {
    failures.push(`${test.fullTitle()}\n${messageOf(thrown)}`);
  });
  runner.once('end', () => {
    mkdirSync(path.dirname(file), { recursive: true });
    const { passes = 0, failures: failed = 0 } = runner.stats ?? {};
    writeFileSync(file, JSON.stringify({ passed: passes, failed, failures } satisfies SuiteResults));
  });
}

/** From a test in another process comes what looks like an error and is none. */
function messageOf(thrown: unknown): string {
  const isObject = typeof thrown === 'object' && thrown !== null;
  return isObject && 'message' in thrown ? String(thrown.message) : String(thrown);
}

/** What the suite wrote, or undefined when it wrote nothing that can be read. */
export function readResults(file: string): SuiteResults | undefined {
  try {
    const { passed, failed, failures } = JSON.parse(readFileSync(file, 'utf8')) as Record<
      keyof SuiteResults,
      unknown
    >;
    if (typeof passed !== 'number' || typeof failed !== 'number' || !Array.isArray(failures))
      return undefined;
    return { passed, failed, failures: failures.map(String) };
  } catch {
    return undefined;
  }
}

/** An earlier run's file must not pass for this one's. */
export function forgetResults(file: string): void {
  rmSync(file, { force: true });
}
