import { mkdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { systemCode } from '../../protocol/errors.ts';

/**
 * Makes a folder, and those above it, where they are not there. Node's own way of that says of a read-only disk that the folder does
 * not exist; here a person hears what is wrong.
 */
export async function makeFolder(path: string, mode = 0o777): Promise<void> {
  try {
    await makeOne(path, mode);
  } catch (thrown) {
    const above = dirname(path);
    if (systemCode(thrown) !== 'ENOENT' || above === path) throw thrown;
    await makeFolder(above, mode);
    await makeOne(path, mode);
  }
}

async function makeOne(path: string, mode: number): Promise<void> {
  try {
    await mkdir(path, { mode });
  } catch (thrown) {
    // Systems differ in what they say of one that is there; and another process may have made it just now.
    if (!(await isFolder(path))) throw thrown;
  }
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch {
    return false;
  }
}
