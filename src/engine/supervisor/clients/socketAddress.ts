import { randomBytes } from 'node:crypto';
import { lstat, mkdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { oneLine, systemCode, TarshelfError } from '../../../protocol/errors.ts';

/** The shortest limit of all systems for the path of a socket is 104 bytes, a zero among them. */
const longestPathBytes = 103;

/**
 * An address that nobody has: a path in a folder that only this user can enter, or the name of a pipe. A state
 * folder is no place for a socket: its path may be too long, and its disk may have none.
 *
 * @param temporary where the folder is made.
 * @throws TarshelfError `STATE_NOT_WRITABLE` where there is no such folder, and none can be made.
 */
export async function newSocketAddress(temporary = tmpdir()): Promise<string> {
  const name = randomBytes(8).toString('hex');
  if (process.platform === 'win32') return `\\\\.\\pipe\\tarshelf-${name}`;
  let path = join(temporary, ownFolderName(), `${name}.sock`);
  if (Buffer.byteLength(path) > longestPathBytes) path = join('/tmp', ownFolderName(), `${name}.sock`);
  const folder = dirname(path);
  try {
    await makeOwnFolder(folder);
  } catch (thrown) {
    if (thrown instanceof TarshelfError) throw thrown;
    throw new TarshelfError(
      'STATE_NOT_WRITABLE',
      `Cannot make the folder ${folder} (${oneLine(thrown)}), in which clients find the engine. Make its parent writable, or set TMPDIR to a folder that is.`,
      { cause: thrown },
    );
  }
  return path;
}

/**
 * Removes what a killed engine left of its address: nothing else would, for as long as the machine is up. Nothing but
 * a socket in a folder of ours is removed, whatever the address says. Never rejects.
 */
export async function removeLeftSocket(address: string): Promise<void> {
  if (process.platform === 'win32' || basename(dirname(address)) !== ownFolderName()) return;
  try {
    if ((await lstat(address)).isSocket()) await rm(address);
  } catch {
    // It is gone, or it stays: there is no harm in it.
  }
}

function ownUid(): number {
  return process.getuid?.() ?? 0;
}

function ownFolderName(): string {
  return `tarshelf-${String(ownUid())}`;
}

/** Anybody may make a folder of this name in a temporary folder; what lies in another's is theirs. */
async function makeOwnFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { mode: 0o700 });
  } catch (thrown) {
    if (systemCode(thrown) !== 'EEXIST') throw thrown;
  }
  const found = await lstat(folder);
  if (found.isDirectory() && found.uid === ownUid() && (found.mode & 0o077) === 0) return;
  throw new TarshelfError(
    'STATE_NOT_WRITABLE',
    `The folder ${folder} is not one that you alone can enter, so that others could give orders to the engine. Remove it, and launch again.`,
  );
}
