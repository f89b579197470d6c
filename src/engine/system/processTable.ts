import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { promisify } from 'node:util';

/** A process as it was at one moment. */
export interface ProcessRow {
  readonly pid: number;
  readonly parent: number;
  /** What leads its session, null where the system does not say. */
  readonly session: number | null;
  /** It is halted, or in the midst of a call that cannot be interrupted: it starts no process. */
  readonly isAtRest: boolean;
  /** See `processStart`. */
  readonly start: string;
}

let knownBoot: string | undefined;

/** What tells this run of the machine from those before and after. */
function boot(): string {
  return (knownBoot ??= readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim());
}

/** From `/proc/<pid>/stat`. Null for a zombie: it has ended, only its parent has not looked yet. */
export function rowOfStat(stat: string, bootId: string): ProcessRow | null {
  // The name of the command may hold blanks and brackets; what follows it begins with the third field.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [state, parent, , session] = fields;
  const ticks = fields[19];
  if (state === undefined || ticks === undefined || state === 'Z' || state === 'X') return null;
  return {
    pid: Number.parseInt(stat, 10),
    parent: Number(parent),
    session: Number(session),
    isAtRest: /^[TtD]/.test(state),
    start: `${bootId} ${ticks}`,
  };
}

/**
 * One process of Linux, at once: what is signalled by it in the same turn is hardly another one by then.
 *
 * @throws where `/proc` is not to be had, or has no such process (`ENOENT`, `ESRCH`)
 */
export function rowNow(pid: number): ProcessRow | null {
  return rowOfStat(readFileSync(`/proc/${String(pid)}/stat`, 'utf8'), boot());
}

/** At once, too: the shorter the look takes, the fewer are started behind its back. A thousand take some 20 ms. */
function rowsOfProc(): ProcessRow[] {
  const rows: ProcessRow[] = [];
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const row = rowNow(Number(name));
      if (row) rows.push(row);
    } catch {
      // It has ended since the folder was read.
    }
  }
  return rows;
}

/** From lines of `ps -o pid=,ppid=,stat=,lstart=`; zombies are left out. */
export function rowsOfPs(text: string): ProcessRow[] {
  const rows: ProcessRow[] = [];
  for (const line of text.split('\n')) {
    const [, pid, parent, state, start] = /^\s*(\d+)\s+(\d+)\s+(\S+)\s+(\S.*?)\s*$/.exec(line) ?? [];
    if (state === undefined || start === undefined || state.startsWith('Z')) continue;
    const isAtRest = /^[TtDU]/.test(state);
    rows.push({ pid: Number(pid), parent: Number(parent), session: null, isAtRest, start });
  }
  return rows;
}

/** Rows of `ps`, of one process or of all. @throws where there is no such process, or no `ps` */
export async function askPs(pid: number | null): Promise<ProcessRow[]> {
  // The same words in every locale: they are compared with what another process was told.
  const env = { ...process.env, LC_ALL: 'C', TZ: 'UTC' };
  const which = pid === null ? ['-A'] : ['-p', String(pid)];
  const args = [...which, '-o', 'pid=,ppid=,stat=,lstart='];
  const { stdout } = await promisify(execFile)('ps', args, { env, maxBuffer: 64 * 1024 * 1024 });
  return rowsOfPs(stdout);
}

/** All processes that can be seen. They were looked at one after another: one that was started meanwhile may be missing. */
export async function readProcessTable(): Promise<Map<number, ProcessRow>> {
  const rows = process.platform === 'linux' ? rowsOfProc() : await askPs(null);
  return new Map(rows.map(row => [row.pid, row]));
}
