import { tmpdir } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import type { DestinationListener } from '../destination.ts';
import type { ProgramLimits } from './runProgram.ts';

/** What the destination goes by when nobody says otherwise, and what a test does. */
export interface MyBookshelf2CliSettings {
  /** No further attempt is begun after it; the one under way is finished. */
  readonly stop?: AbortSignal;
  readonly listener?: DestinationListener;
  readonly docker: string;
  readonly python: string;
  readonly temporaryFolder: string;
  readonly limits: ProgramLimits;
  readonly sleep: (ms: number, signal: AbortSignal | undefined) => Promise<unknown>;
  /** From 0 to 1, as of `Math.random`. */
  readonly random: () => number;
}

export function defaultMyBookshelf2CliSettings(): MyBookshelf2CliSettings {
  return {
    docker: 'docker',
    python: process.platform === 'win32' ? 'python' : 'python3',
    temporaryFolder: tmpdir(),
    limits: { silenceMs: 240_000, examineEveryMs: 60_000, totalMs: 600_000, graceMs: 10_000 },
    sleep: (ms, signal) => sleep(ms, undefined, signal ? { signal } : {}),
    random: Math.random,
  };
}
