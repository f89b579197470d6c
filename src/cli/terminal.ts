import { WriteStream } from 'node:tty';
import type { Writable } from 'node:stream';
import type { LiveTerminal } from './reporters/liveReporter.ts';
import { paintColours, paintPlain } from './terminalText.ts';

/**
 * What can be shown on a stream, or null when it is no terminal whose lines can be redrawn. `NO_COLOR`,
 * `FORCE_COLOR` and `TERM` are respected the way Node itself does.
 */
export function describeTerminal(
  stream: Writable,
  env: NodeJS.ProcessEnv,
  platform: NodeJS.Platform,
): LiveTerminal | null {
  if (!(stream instanceof WriteStream) || env['TERM'] === 'dumb') return null;
  return {
    stream,
    paint: stream.hasColors(env) ? paintColours : paintPlain,
    hasLines: hasLines(env, platform),
  };
}

/** Whether the terminal's font surely has lines to draw bars with: the old Windows console and the Linux one do not. */
function hasLines(env: NodeJS.ProcessEnv, platform: NodeJS.Platform): boolean {
  if (platform !== 'win32') return env['TERM'] !== 'linux';
  return (
    env['WT_SESSION'] !== undefined || env['TERM_PROGRAM'] !== undefined || env['ConEmuTask'] !== undefined
  );
}
