import { posix } from 'node:path';
import { mountOf, parseMounts } from './mounts.ts';
import type { SystemFacts } from './systemFacts.ts';

/** The disk by its device, as `major:minor`, or in a word or two what is there instead. */
export type DiskOfPath = { readonly disk: string } | { readonly without: string };

/**
 * The disk that holds a path, or will hold it once it is made: the whole one where it is on a partition, for one that is
 * busy elsewhere is busy here, too. An encrypted or logical volume is a disk with statistics of its own, and is taken as
 * one. Others (overlay, tmpfs, what comes over the network) have none.
 *
 * Never rejects.
 */
export async function diskOf(path: string, facts: SystemFacts): Promise<DiskOfPath> {
  try {
    const there = await nearest(path, facts);
    const device = await facts.deviceOf(there);
    const mount = mountOf(there, device, parseMounts(await facts.text('/proc/self/mountinfo')));
    const type = mount?.type ?? 'unknown file system';
    const block = device.startsWith('0:') ? await deviceOfSource(mount?.source ?? '', facts) : device;
    if (block === null) return { without: type };
    const disk = await wholeDisk(block, facts);
    const counts = await facts.text(`/sys/dev/block/${disk}/queue/iostats`).catch(() => '1');
    if (counts.trim() === '0') return { without: `${type}, switched off` };
    return { disk };
  } catch {
    return { without: 'the system does not say which one' };
  }
}

/** Without links; of a path that is not there, the folder in which it would be. */
async function nearest(path: string, facts: SystemFacts): Promise<string> {
  for (let at = path; ; at = posix.dirname(at)) {
    try {
      return await facts.realPath(at);
    } catch (thrown) {
      if (posix.dirname(at) === at) throw thrown;
    }
  }
}

/** Btrfs has a device number that is no disk's, but says what it was mounted from. */
async function deviceOfSource(source: string, facts: SystemFacts): Promise<string | null> {
  if (!source.startsWith('/dev/')) return null;
  try {
    const name = posix.basename(await facts.realPath(source));
    return (await facts.text(`/sys/class/block/${name}/dev`)).trim();
  } catch {
    return null;
  }
}

async function wholeDisk(device: string, facts: SystemFacts): Promise<string> {
  const entry = `/sys/dev/block/${device}`;
  try {
    await facts.text(`${entry}/partition`);
    // The entry is a link, and what is above it, the folder of the whole disk.
    return (await facts.text(`${entry}/../dev`)).trim();
  } catch {
    return device;
  }
}
