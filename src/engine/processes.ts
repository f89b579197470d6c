import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { systemCode } from '../protocol/errors.ts';

/** Whether a process with this pid exists. Signal 0 asks and sends nothing. */
export function isAlive(pid: number): boolean {
  if (!Number.isSafeInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (thrown) {
    return systemCode(thrown) === 'EPERM';
  }
}

/**
 * When a process began, as a text that no other process with its pid has, also after the machine was started
 * anew. Null where there is no such process, or the system does not say: who goes by it must then let be.
 */
export async function processStart(pid: number): Promise<string | null> {
  if (!Number.isSafeInteger(pid) || pid <= 0) return null;
  try {
    if (process.platform === 'linux') return await startByProc(pid);
    if (process.platform === 'win32') return null;
    // The same words in every locale: they are compared with what another process was told.
    const env = { ...process.env, LC_ALL: 'C', TZ: 'UTC' };
    const { stdout } = await promisify(execFile)('ps', ['-o', 'lstart=', '-p', String(pid)], { env });
    return stdout.trim() || null;
  } catch {
    return null;
  }
}

async function startByProc(pid: number): Promise<string | null> {
  const [boot, stat] = await Promise.all([
    readFile('/proc/sys/kernel/random/boot_id', 'utf8'),
    readFile(`/proc/${String(pid)}/stat`, 'utf8'),
  ]);
  // The name of the command may hold blanks and brackets; what follows it begins with the third field.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  // A zombie has ended; only its parent has not looked yet.
  if (fields[0] === 'Z') return null;
  const ticks = fields[19];
  return ticks === undefined ? null : `${boot.trim()} ${ticks}`;
}

/** A process, told from all others that bear its pid before or after it. */
export interface ProcessIdentity {
  readonly pid: number;
  /** See {@link processStart}; null where the system does not say. */
  readonly start: string | null;
}

/** Who bears this pid now; null: nobody. */
export async function identify(pid: number): Promise<ProcessIdentity | null> {
  return isAlive(pid) ? { pid, start: await processStart(pid) } : null;
}

/** Whether that process still runs. Of one whose start is not known nobody can say, so it is taken for another. */
export async function isSame({ pid, start }: ProcessIdentity): Promise<boolean> {
  return start !== null && (await processStart(pid)) === start;
}

/** Ends a process the hard way, if it is still the same. @returns how many processes were signalled */
export async function killTree(root: ProcessIdentity): Promise<number> {
  if (!(await isSame(root))) return 0;
  process.kill(root.pid, 'SIGKILL');
  return 1;
}
