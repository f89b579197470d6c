// How a suite tells its counts to whoever started it: one small file, written when the suite has come to its end.
// No file means that it never got there, whatever its exit code says.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';

export interface SuiteResults {
  readonly passed: number;
  readonly failed: number;
}

export function writeResults(file: string, results: SuiteResults): void {
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, JSON.stringify({ passed: results.passed, failed: results.failed }));
}

/** What the suite wrote, or undefined when it wrote nothing that can be read. */
export function readResults(file: string): SuiteResults | undefined {
  try {
    const { passed, failed } = JSON.parse(readFileSync(file, 'utf8')) as Record<keyof SuiteResults, unknown>;
    return typeof passed === 'number' && typeof failed === 'number' ? { passed, failed } : undefined;
  } catch {
    return undefined;
  }
}

/** An earlier run's file must not pass for this one's. */
export function forgetResults(file: string): void {
  rmSync(file, { force: true });
}
