import { posix } from 'node:path';
import { parseMounts, type Mount } from './mounts.ts';
import type { SystemFacts } from './systemFacts.ts';

/**
 * The used share of memory, from 0 to 1: that of the machine, or of the control group that we are in where
 * that is nearer to its limit, as containers and services have them. What is only kept of files in case that it is read
 * again counts as free: reading tars fills all memory with that.
 *
 * @throws where the kernel does not say
 */
export async function memoryUse(facts: SystemFacts): Promise<number> {
  const info = await facts.text('/proc/meminfo');
  const total = kilobytes(info, 'MemTotal');
  const available = kilobytes(info, 'MemAvailable');
  if (total === null || available === null || total === 0) throw new Error('/proc/meminfo does not say');
  const ofMachine = share(total - available, total);
  return Math.max(ofMachine, ...(await useOfGroups(total * 1024, facts).catch(() => [])));
}

function share(used: number, of: number): number {
  return Math.min(1, Math.max(0, used / of));
}

function kilobytes(info: string, name: string): number | null {
  const found = new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(info);
  return found ? Number(found[1]) : null;
}

interface GroupFiles {
  readonly limits: readonly string[];
  readonly current: string;
  /** Names in `memory.stat` of what can be taken back. */
  readonly reclaimable: readonly string[];
}

const second: GroupFiles = {
  limits: ['memory.max', 'memory.high'],
  current: 'memory.current',
  reclaimable: ['inactive_file', 'active_file', 'slab_reclaimable'],
};
const first: GroupFiles = {
  limits: ['memory.limit_in_bytes'],
  current: 'memory.usage_in_bytes',
  reclaimable: ['total_inactive_file', 'total_active_file'],
};

/** Of our control group and those that it is in, where they have a limit below what the machine has. */
async function useOfGroups(totalBytes: number, facts: SystemFacts): Promise<number[]> {
  const mounts = parseMounts(await facts.text('/proc/self/mountinfo'));
  const shares: number[] = [];
  for (const line of (await facts.text('/proc/self/cgroup')).split('\n')) {
    const [, controllers, path] = /^\d+:([^:]*):(\/.*)$/.exec(line) ?? [];
    if (controllers === undefined || path === undefined) continue;
    const isSecond = controllers === '';
    if (!isSecond && !controllers.split(',').includes('memory')) continue;
    const mount = mounts.find(({ type, options }) =>
      isSecond ? type === 'cgroup2' : type === 'cgroup' && options.includes('memory'),
    );
    if (!mount) continue;
    for (const folder of foldersOf(path, mount)) {
      const used = await useOfGroup(folder, isSecond ? second : first, totalBytes, facts);
      if (used !== null) shares.push(used);
    }
  }
  return shares;
}

/** Where a group can be looked at, and all above it. */
function foldersOf(path: string, mount: Mount): string[] {
  // In a container the path may be that on the machine, of which only a part is mounted, or lead out of what is.
  const within = posix.relative(mount.root, path);
  const folders = [mount.point];
  if (within === '' || within.startsWith('..')) return folders;
  for (const name of within.split('/')) folders.push(posix.join(folders.at(-1) ?? mount.point, name));
  return folders;
}

async function useOfGroup(
  folder: string,
  files: GroupFiles,
  totalBytes: number,
  facts: SystemFacts,
): Promise<number | null> {
  let limit = totalBytes;
  for (const name of files.limits) {
    const text = await facts.text(posix.join(folder, name)).catch(() => 'max');
    // `max`: no limit; the first version has a number beyond all memory in its place.
    if (/^\d+\s*$/.test(text)) limit = Math.min(limit, Number(text));
  }
  if (limit >= totalBytes || limit === 0) return null;
  try {
    const current = Number(await facts.text(posix.join(folder, files.current)));
    const stat = await facts.text(posix.join(folder, 'memory.stat')).catch(() => '');
    const reclaimable = files.reclaimable.reduce((sum, name) => sum + ofStat(stat, name), 0);
    return Number.isFinite(current) ? share(current - reclaimable, limit) : null;
  } catch {
    return null;
  }
}

function ofStat(stat: string, name: string): number {
  const found = new RegExp(`^${name} (\\d+)$`, 'm').exec(stat);
  return found ? Number(found[1]) : 0;
}
