import fs, { type FileHandle } from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';

/** A call that changes what a folder holds, or makes it durable. */
export type DiskStep = 'write' | 'writeFile' | 'truncate' | 'datasync' | 'sync' | 'rename' | 'rm';

/**
 * Calls `beforeStep` ahead of each step that any code of this process takes on the disk while `work` runs:
 * what is on disk then is what a kill at that moment leaves.
 */
export async function watchDiskSteps(
  folder: string,
  beforeStep: (step: DiskStep) => Promise<void>,
  work: () => Promise<void>,
): Promise<void> {
  const probe = await fs.open(join(folder, 'probe'), 'w');
  const handles = Object.getPrototypeOf(probe) as FileHandle;
  await probe.close();
  await fs.rm(join(folder, 'probe'));
  const undo: (() => void)[] = [];
  // Steps taken by `beforeStep` itself are not watched.
  let watching = true;
  const watch = <T extends object>(owner: T, name: DiskStep & keyof T): void => {
    const original = owner[name] as (...args: unknown[]) => Promise<unknown>;
    const watched = async function (this: unknown, ...args: unknown[]): Promise<unknown> {
      if (watching) {
        watching = false;
        await beforeStep(name);
        watching = true;
      }
      return original.apply(this, args);
    };
    Object.assign(owner, { [name]: watched });
    undo.push(() => Object.assign(owner, { [name]: original }));
  };
  for (const name of ['write', 'writeFile', 'truncate', 'datasync', 'sync'] as const) watch(handles, name);
  for (const name of ['rename', 'rm'] as const) watch(fs, name);
  syncBuiltinESMExports();
  try {
    await work();
  } finally {
    for (const restore of undo) restore();
    syncBuiltinESMExports();
  }
}
