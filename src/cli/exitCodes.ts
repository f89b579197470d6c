import { isUsageCode, type ErrorCode } from '../protocol/errors.ts';
import type { RunState } from '../protocol/snapshot.ts';

/** What `tarshelf` ends with. Scripts go by these numbers. */
export const exitCodes = {
  allDone: 0,
  /** A tar or a book failed, or the engine died. */
  failed: 1,
  /** What was asked for could not be begun. */
  usage: 2,
  /** Stopped by Ctrl-C or another signal, or by the reader of the output going away. */
  interrupted: 130,
} as const;

/** The exit code for a run that ended by itself. */
export function exitCodeOfRun(run: RunState): number {
  // A failure that ended the run, such as a full disk, stops it as a person would, but is no interruption.
  if (run.failure) return exitCodes.failed;
  if (run.phase === 'stopped') return exitCodes.interrupted;
  const { summary } = run;
  if (!summary) return exitCodes.failed;
  const { tars, books } = summary;
  const dealtWith = tars.completed + (tars.notInRun ?? 0);
  return tars.failed > 0 || books.failed > 0 || dealtWith < tars.total ? exitCodes.failed : exitCodes.allDone;
}

export function exitCodeOfError(code: ErrorCode): number {
  return isUsageCode(code) ? exitCodes.usage : exitCodes.failed;
}
