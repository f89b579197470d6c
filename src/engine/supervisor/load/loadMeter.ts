import { freemem, totalmem } from 'node:os';
import { oneLine } from '../../../protocol/errors.ts';
import type { Clock } from '../../system/clock.ts';
import { diskOf, type DiskOfPath } from './diskOf.ts';
import { memoryUse } from './memoryUse.ts';
import type { SystemFacts } from './systemFacts.ts';

/** How loaded the machine is. Shares are from 0 to 1; null where there is no number. */
export interface LoadReading {
  readonly memoryUsed: number | null;
  /** Of the busiest disk, since the last reading; null at the first one. */
  readonly diskBusy: number | null;
  /** In plain words, each rule that is off, and why. */
  readonly off: readonly string[];
}

export interface LoadMeterOptions {
  /** Whose disks are watched; those that are on one disk count once. */
  readonly paths: readonly string[];
  readonly clock: Clock;
  readonly facts: SystemFacts;
  readonly platform?: NodeJS.Platform;
}

/** What is behind a path seldom changes, and to ask is to wait where a file system hangs. */
const lookAgainMs = 5 * 60_000;

interface DiskCounts {
  readonly atMs: number;
  /** Milliseconds in which it had something to do, by `major:minor`. */
  readonly busyMs: ReadonlyMap<string, number>;
}

/** Reads how much of the memory is used and how busy the disks are. */
export class LoadMeter {
  readonly #options: LoadMeterOptions;
  readonly #platform: NodeJS.Platform;
  #disks: { readonly atMs: number; readonly of: ReadonlyMap<string, DiskOfPath> } | null = null;
  #last: DiskCounts | null = null;

  constructor(options: LoadMeterOptions) {
    this.#options = options;
    this.#platform = options.platform ?? process.platform;
  }

  /** Never rejects. Not to be called again before it has resolved. */
  async read(): Promise<LoadReading> {
    const off: string[] = [];
    const memoryUsed = await this.#memoryUsed(off);
    const diskBusy = await this.#diskBusy(off);
    return { memoryUsed, diskBusy, off };
  }

  async #memoryUsed(off: string[]): Promise<number | null> {
    if (this.#platform === 'win32') return 1 - freemem() / totalmem();
    if (this.#platform !== 'linux') {
      // What macOS calls free leaves out all that it keeps of files, and is next to nothing on a healthy machine.
      off.push('memory is not watched: this system does not say how much could be had');
      return null;
    }
    try {
      return await memoryUse(this.#options.facts);
    } catch (thrown) {
      off.push(`memory is not watched: ${oneLine(thrown)}`);
      return null;
    }
  }

  async #diskBusy(off: string[]): Promise<number | null> {
    if (this.#options.paths.length === 0) return null;
    const before = this.#last;
    const now = await this.#readCounts();
    this.#last = now;
    if (!now) {
      off.push('disks are not watched: this system has no statistics of them that could be read');
      return null;
    }
    const disks = new Set<string>();
    for (const [path, found] of await this.#disksOfPaths(now)) {
      if ('disk' in found) disks.add(found.disk);
      else off.push(`the disk of ${path} is not watched: its device has no statistics (${found.without})`);
    }
    const shares = [...disks].map(disk => busyShare(disk, before, now)).filter(busy => busy !== null);
    return shares.length > 0 ? Math.max(...shares) : null;
  }

  async #readCounts(): Promise<DiskCounts | null> {
    const { clock, facts } = this.#options;
    if (this.#platform !== 'linux') return null;
    try {
      const text = await facts.text('/proc/diskstats');
      return { atMs: clock.now(), busyMs: busyTimes(text) };
    } catch {
      return null;
    }
  }

  async #disksOfPaths({ atMs, busyMs }: DiskCounts): Promise<ReadonlyMap<string, DiskOfPath>> {
    const { facts, paths } = this.#options;
    const known = this.#disks;
    // A disk that was there and is not has been unplugged, and what is plugged in again is another device.
    const isGone = [...(known?.of.values() ?? [])].some(found => 'disk' in found && !busyMs.has(found.disk));
    if (known && !isGone && atMs - known.atMs < lookAgainMs) return known.of;
    const of = new Map<string, DiskOfPath>();
    for (const path of new Set(paths)) {
      const found = await diskOf(path, facts);
      const hasCounts = !('disk' in found) || busyMs.has(found.disk);
      of.set(path, hasCounts ? found : { without: `device ${found.disk}` });
    }
    this.#disks = { atMs, of };
    return of;
  }
}

function busyTimes(diskStats: string): Map<string, number> {
  const times = new Map<string, number>();
  for (const line of diskStats.split('\n')) {
    const fields = line.trim().split(/\s+/);
    const [major, minor] = fields;
    const busyMs = Number(fields[12]);
    if (major !== undefined && minor !== undefined && Number.isFinite(busyMs))
      times.set(`${major}:${minor}`, busyMs);
  }
  return times;
}

function busyShare(disk: string, before: DiskCounts | null, now: DiskCounts): number | null {
  const from = before?.busyMs.get(disk);
  const to = now.busyMs.get(disk);
  if (!before || from === undefined || to === undefined) return null;
  const passedMs = now.atMs - before.atMs;
  // The kernel's number begins at 0 again after 2^32 milliseconds, or with another disk in its place.
  if (passedMs <= 0 || to < from) return null;
  return Math.min(1, (to - from) / passedMs);
}
