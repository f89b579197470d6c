import { execa } from 'execa';
import { oneLine } from '../../../protocol/errors.ts';
import { noteChild } from '../../system/childPrograms.ts';

export interface Command {
  readonly file: string;
  readonly args: readonly string[];
}

/** How long a program may take, in milliseconds. */
export interface ProgramLimits {
  /** Without a sign of life. */
  readonly silenceMs: number;
  /** After so long without output, its work is looked at for a sign of life, and again each time as long. */
  readonly examineEveryMs: number;
  readonly totalMs: number;
  /** From being asked to end to being killed. */
  readonly graceMs: number;
}

/** What became of a program. */
export interface ProgramEnd {
  /**
   *   exited       by itself, with an exit code
   *   killed       by a signal that was not ours
   *   cancelled    by our caller's signal
   *   took-long    by us, at one of the limits
   *   not-started  there is no such program, or it may not be run
   */
  readonly how: 'exited' | 'killed' | 'cancelled' | 'took-long' | 'not-started';
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** Why it did not start, or which limit it was; else empty. For a person. */
  readonly why: string;
}

const keptCharacters = 4 * 1024 * 1024;

/**
 * Runs a program without a shell to its end, whatever that is; nothing is thrown. It gets a process group of its
 * own: a Ctrl-C in the terminal is for us to understand, and must not cut off a book in hand.
 *
 * @param isAtWork asked in times of silence; output is a sign of life without it
 */
export async function runProgram(
  { file, args }: Command,
  limits: ProgramLimits,
  signal?: AbortSignal,
  isAtWork: () => Promise<boolean> = () => Promise.resolve(false),
): Promise<ProgramEnd> {
  const limit = new AbortController();
  let why = '';
  const giveUp = (reason: string): void => {
    why ||= reason;
    limit.abort();
  };
  const running = execa(file, args, {
    reject: false,
    buffer: false,
    stdin: 'ignore',
    windowsHide: true,
    cancelSignal: signal ? AbortSignal.any([signal, limit.signal]) : limit.signal,
    forceKillAfterDelay: limits.graceMs,
    killDescendants: true,
    env: {
      // Its texts are read by us, so they are not to be in the user's language or code page.
      LC_ALL: 'C.UTF-8',
      PYTHONUTF8: '1',
      DOCKER_CLI_HINTS: 'false',
    },
  });
  noteChild(running);
  let lastSign = performance.now();
  const output = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    running[name].setEncoding('utf8').on('data', (text: string) => {
      lastSign = performance.now();
      // The end of it says what happened.
      output[name] = (output[name] + text).slice(-keptCharacters);
    });
  }
  let nextLook = limits.examineEveryMs;
  let looking = false;
  // It is ended by a look that finds nothing, never while one is under way: on a busy machine a look takes its time.
  const look = async (silentMs: number): Promise<void> => {
    looking = true;
    if (await isAtWork()) lastSign = performance.now();
    else if (silentMs >= limits.silenceMs) giveUp(`it was silent for ${seconds(limits.silenceMs)}`);
    looking = false;
  };
  const watch = setInterval(
    () => {
      const silentMs = performance.now() - lastSign;
      if (silentMs < limits.examineEveryMs) nextLook = limits.examineEveryMs;
      if (looking || silentMs < Math.min(nextLook, limits.silenceMs)) return;
      nextLook += limits.examineEveryMs;
      void look(silentMs);
    },
    Math.min(1000, limits.examineEveryMs / 4),
  );
  const end = setTimeout(() => {
    giveUp(`it took longer than ${seconds(limits.totalMs)}`);
  }, limits.totalMs);
  const result = await running;
  clearInterval(watch);
  clearTimeout(end);
  const ended = { ...output, exitCode: result.exitCode ?? null };
  if (result.exitCode !== undefined && !result.isCanceled) return { ...ended, how: 'exited', why: '' };
  if (signal?.aborted === true) return { ...ended, how: 'cancelled', why: '' };
  if (limit.signal.aborted) return { ...ended, how: 'took-long', why };
  if (result.signal !== undefined)
    return { ...ended, how: 'killed', why: `it was ended by ${result.signal}` };
  // Not execa's own message: that has the command with all arguments, and a password may be among them.
  return { ...ended, how: 'not-started', why: oneLine(result.originalMessage ?? 'it does not start') };
}

function seconds(ms: number): string {
  return `${String(ms / 1000)} seconds`;
}
