import { readdir, readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

export interface ListedProcess {
  readonly pid: number;
  readonly parent: number;
  readonly command: string;
}

/** Processes of this machine, by the kernel's own list. */
async function listProcesses(): Promise<ListedProcess[]> {
  const all: ListedProcess[] = [];
  for (const name of await readdir('/proc')) {
    const pid = Number(name);
    if (!Number.isInteger(pid)) continue;
    try {
      const stat = await readFile(`/proc/${name}/stat`, 'utf8');
      // The command name before it may hold blanks and brackets.
      const [state, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      if (state === 'Z') continue;
      const command = (await readFile(`/proc/${name}/cmdline`, 'utf8')).replaceAll('\0', ' ').trim();
      all.push({ pid, parent: Number(parent), command });
    } catch {
      // It ended between the list and the look.
    }
  }
  return all;
}

/** The descendants of a process, at this moment. */
export async function allDescendants(root: number): Promise<ListedProcess[]> {
  const all = await listProcesses();
  const found: ListedProcess[] = [];
  const open = [root];
  for (let parent = open.pop(); parent !== undefined; parent = open.pop()) {
    for (const child of all) {
      if (child.parent !== parent) continue;
      open.push(child.pid);
      found.push(child);
    }
  }
  return found;
}

/** Command lines of all processes of this machine that have `text` in theirs. */
export async function commandsWith(text: string): Promise<string[]> {
  return (await listProcesses()).map(({ command }) => command).filter(command => command.includes(text));
}

/** Pids of all processes of this machine that have `text` in their command lines. */
export async function pidsWith(text: string): Promise<number[]> {
  return (await listProcesses()).filter(({ command }) => command.includes(text)).map(({ pid }) => pid);
}

/**
 * Kills a command, the engine of a state folder and its workers, all with SIGKILL. The command comes first, so that it
 * starts no engine any more that is not seen here: one that is just starting is nobody's child by now.
 *
 * @returns the pids, some of which may have ended by themselves
 */
export async function killAll(command: number, stateFolder: string): Promise<number[]> {
  const killed: number[] = [];
  const kill = (pid: number): void => {
    killed.push(pid);
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It had ended by itself.
    }
  };
  // Listed before their parents are gone, and told apart from others' no more.
  const children = await allDescendants(command);
  kill(command);
  const engines = await pidsWith(`engine.js --state-folder ${stateFolder} `);
  const ofEngines = (await Promise.all(engines.map(engine => allDescendants(engine)))).flat();
  for (const pid of new Set([...engines, ...[...children, ...ofEngines].map(({ pid }) => pid)])) kill(pid);
  return killed;
}

/** Pids of the descendants of a process that run `script`, or whose command line has what is looked for. */
export async function descendants(root: number, script: string | RegExp): Promise<number[]> {
  // Behind the script come its own arguments.
  const isWanted = ({ command }: ListedProcess): boolean =>
    typeof script === 'string' ? `${command} `.includes(`${script} `) : script.test(command);
  return (await allDescendants(root)).filter(isWanted).map(({ pid }) => pid);
}

/** Waits until a process has ended; fails when it has not in time. */
export async function untilGone(pid: number, timeoutMs: number): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  while ((await listProcesses()).some(process => process.pid === pid)) {
    if (Date.now() > deadline)
      throw new Error(`process ${String(pid)} is still there after ${String(timeoutMs)} ms`);
    await sleep(20);
  }
}
