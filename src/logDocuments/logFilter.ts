/*
 * What lives in this folder: logs of workers as documents of the editor that follow while the log grows. They hold the
 * last lines only, however long the log is, and read it without keeping it open: its writer renames it.
 */

/** From the least to the most serious. */
export const logLevels = ['INFO', 'WARNING', 'ERROR'] as const;
export type LogLevel = (typeof logLevels)[number];

/** Which lines of a log are shown. */
export interface LogFilter {
  /** This level and what is more serious; absent: all. */
  readonly level?: LogLevel;
  /** Lines that name this tar; absent: all. */
  readonly tar?: string;
}

const lineStart = /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} (INFO|WARNING|ERROR)\b/;

/** The level of a line, or undefined for one that is not in the form of our logs. */
function levelOf(line: string): LogLevel | undefined {
  const level = lineStart.exec(line)?.[1];
  return logLevels.find(known => known === level);
}

export function isShown(line: string, { level, tar }: LogFilter): boolean {
  if (tar !== undefined && !line.includes(tar)) return false;
  if (level === undefined) return true;
  const own = levelOf(line);
  return own !== undefined && logLevels.indexOf(own) >= logLevels.indexOf(level);
}

/**
 * The line that tells best what went wrong with a tar, or with a member of it: the last serious one that names it,
 * else the last one at all. -1 where none names it.
 */
export function failingLine(lines: readonly string[], tar: string, member?: string): number {
  const wanted = member === undefined ? tar : `${tar} › ${member}`;
  let named = -1;
  let serious = -1;
  for (let at = lines.length - 1; at >= 0; at--) {
    const line = lines[at] ?? '';
    if (!line.includes(wanted)) continue;
    const level = levelOf(line);
    if (level === 'ERROR' || line.includes(`book failed: ${tar} › `)) return at;
    if (level === 'WARNING' && serious < 0) serious = at;
    if (named < 0) named = at;
    // What stands above is of an earlier run. That it ended with failed books says less than why they failed.
    if (serious >= 0 && line.includes(` tar ${tar} started`)) break;
  }
  return serious >= 0 ? serious : named;
}

/** A tar that a line names, and where. */
export interface NamedTar {
  readonly tar: string;
  readonly start: number;
  readonly end: number;
}

const tarEnding = String.raw`\.(?:tar\.gz|tar\.zst|tar|tgz)`;
/** As workers write them: `… tar NAME completed; …`, `…: NAME › member…`, `… NAME: what happened`. */
const namings = [
  new RegExp(String.raw`^.{31} (?:tar )(.+?${tarEnding})(?= )`, 'i'),
  new RegExp(String.raw`(?:: |^.{32})((?:(?!: ).)+?${tarEnding})(?= › )`, 'i'),
  new RegExp(String.raw`^.{32}((?:(?!: ).)+?${tarEnding})(?=: )`, 'i'),
];

/** The tar that a line is about, if it names one. */
export function namedTar(line: string): NamedTar | undefined {
  for (const naming of namings) {
    const found = naming.exec(line);
    const tar = found?.[1];
    if (found && tar !== undefined) {
      const start = found.index + found[0].length - tar.length;
      return { tar, start, end: start + tar.length };
    }
  }
  return undefined;
}
