import { execFile } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { systemCode } from '../../protocol/errors.ts';
import { askPs, readProcessTable, rowNow, type ProcessRow } from './processTable.ts';

/** A process, told from all others that bear its pid before or after it. */
export interface ProcessIdentity {
  readonly pid: number;
  /** See {@link processStart}; null where the system does not say. */
  readonly start: string | null;
}

/** How long a tree may go on growing while it is being halted, and then go on ending. */
const patienceMs = 3000;

function isPid(pid: number): boolean {
  return Number.isSafeInteger(pid) && pid > 0;
}

/** Whether a process with this pid exists. Signal 0 asks and sends nothing. */
export function isAlive(pid: number): boolean {
  if (!isPid(pid)) return false;
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
  return (await startOf(pid)) ?? null;
}

/** Who bears this pid now; null: nobody. */
export async function identify(pid: number): Promise<ProcessIdentity | null> {
  if (!isAlive(pid)) return null;
  const start = await startOf(pid);
  return start === undefined ? null : { pid, start };
}

/** Whether that process still runs. Of one whose start is not known nobody can say, so it is taken for another. */
export async function isSame(identity: ProcessIdentity): Promise<boolean> {
  return identity.start !== null && (await startOf(identity.pid)) === identity.start;
}

/** Undefined where there is no such process, null where the system does not say. */
async function startOf(pid: number): Promise<string | null | undefined> {
  if (!isPid(pid)) return undefined;
  try {
    if (process.platform === 'linux') return rowNow(pid)?.start;
    if (process.platform === 'win32') return await startByPowerShell(pid);
    return (await askPs(pid))[0]?.start;
  } catch {
    return isAlive(pid) ? null : undefined;
  }
}

async function startByPowerShell(pid: number): Promise<string | null> {
  const command = `(Get-Process -Id ${String(pid)} -ErrorAction Stop).StartTime.ToFileTimeUtc()`;
  const args = ['-NoLogo', '-NoProfile', '-NonInteractive', '-Command', command];
  const { stdout } = await promisify(execFile)('powershell.exe', args, { windowsHide: true });
  return stdout.trim() || null;
}

/**
 * Ends a process with all its descendants, the hard way and only if it is still the same. It is gone last, so that
 * whoever waits for its end finds nothing left of it. Never ends this process or one that it descends from.
 *
 * A process is halted before its children are looked for, since a halted one starts none; were it killed first, its
 * children would become others' and could not be told any more. What a descendant left behind when it ended by itself
 * is nobody's descendant, and is let be, unless the session is that of one of the tree.
 *
 * @returns how many processes were signalled; never rejects
 */
export async function killTree(root: ProcessIdentity): Promise<number> {
  if (root.pid <= 1 || root.pid === process.pid || root.pid === process.ppid) return 0;
  try {
    if (!(await isSame(root))) return 0;
    return await (process.platform === 'win32' ? killTreeByTaskkill(root.pid) : killHaltedTree(root));
  } catch {
    return 0;
  }
}

async function killTreeByTaskkill(pid: number): Promise<number> {
  // It says a line for each process that it ended. What it could not end is told elsewhere, and by its exit status.
  const lines = (text: string): number => text.split('\n').filter(line => line.trim() !== '').length;
  const args = ['/PID', String(pid), '/T', '/F'];
  return await new Promise(resolve => {
    execFile('taskkill', args, { windowsHide: true }, (_error, stdout) => {
      resolve(lines(stdout));
    });
  });
}

/**
 *   look for descendants ──▶ halt the new ones ──▶ look again …
 *     └── twice nothing new, and all that was halted is at rest, or the time is over ──▶ kill, the root last
 */
async function killHaltedTree(root: ProcessIdentity): Promise<number> {
  const tree = await haltTree(root);
  let signalled = 0;
  const below = [...tree.values()].filter(({ pid }) => pid !== root.pid);
  for (const row of below) if (signal(row, 'SIGKILL')) signalled++;
  const top = tree.get(root.pid);
  if (!top) return signalled;
  try {
    if (below.length > 0) await untilGone(below);
  } finally {
    if (signal(top, 'SIGKILL')) signalled++;
  }
  return signalled;
}

/** Never rejects: what is halted has to be ended. */
async function haltTree(root: ProcessIdentity): Promise<Map<number, ProcessRow>> {
  const tree = new Map<number, ProcessRow>();
  const halted = new Set<number>();
  const until = performance.now() + patienceMs;
  let quietLooks = 0;
  while (quietLooks < 2 && performance.now() < until) {
    const table = await readProcessTable().catch(() => null);
    if (!table || ourLine(table).has(root.pid)) break;
    const found = newDescendants(table, root, tree);
    for (const row of found) {
      tree.set(row.pid, row);
      if (signal(row, 'SIGSTOP')) halted.add(row.pid);
    }
    const isMoving = (pid: number): boolean => isThere(table, tree.get(pid)) && !table.get(pid)?.isAtRest;
    const isQuiet = found.length === 0 && ![...halted].some(isMoving);
    quietLooks = isQuiet ? quietLooks + 1 : 0;
    // The kernel takes a moment to halt what is running on another core.
    if (!isQuiet) await sleep(1);
  }
  return tree;
}

/** One that the kernel holds in a call of its own may take its time; it is not waited for forever. */
async function untilGone(rows: readonly ProcessRow[]): Promise<void> {
  const until = performance.now() + patienceMs;
  while (performance.now() < until) {
    const table = await readProcessTable();
    if (!rows.some(row => isThere(table, row))) return;
    await sleep(1);
  }
}

/** This process and those that it descends from. */
function ourLine(table: ReadonlyMap<number, ProcessRow>): Set<number> {
  const line = new Set<number>();
  for (let pid = process.pid; !line.has(pid); pid = table.get(pid)?.parent ?? pid) line.add(pid);
  return line;
}

function isThere(table: ReadonlyMap<number, ProcessRow>, row: ProcessRow | undefined): boolean {
  return row !== undefined && table.get(row.pid)?.start === row.start;
}

/** Those of the tree that are not in it yet, parents before children. */
function newDescendants(
  table: ReadonlyMap<number, ProcessRow>,
  root: ProcessIdentity,
  tree: ReadonlyMap<number, ProcessRow>,
): ProcessRow[] {
  const spared = ourLine(table);
  const members = new Set([...tree.values()].filter(row => isThere(table, row)).map(({ pid }) => pid));
  const found: ProcessRow[] = [];
  const add = (row: ProcessRow): void => {
    members.add(row.pid);
    found.push(row);
  };
  const first = table.get(root.pid);
  if (first?.start === root.start && !tree.has(root.pid)) add(first);
  const isOurs = ({ parent, session }: ProcessRow): boolean =>
    members.has(parent) || (session !== null && members.has(session));
  for (let before = -1; before < found.length;) {
    before = found.length;
    for (const row of table.values()) {
      if (row.pid > 1 && !members.has(row.pid) && !spared.has(row.pid) && isOurs(row)) add(row);
    }
  }
  return found;
}

/** Signals a process that is still the one that was seen. */
function signal(row: ProcessRow, name: 'SIGSTOP' | 'SIGKILL'): boolean {
  try {
    // Since it was listed it may have ended, and another may bear its pid.
    if (process.platform === 'linux' && rowNow(row.pid)?.start !== row.start) return false;
    return process.kill(row.pid, name);
  } catch {
    return false;
  }
}
