import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { TarshelfError } from '../protocol/errors.ts';

/** The first Node that has SQLite without being asked for it. The engine keeps its library in one. */
const neededVersion = { major: 22, minor: 13 };

/**
 * The Node to run the engine on: this one, or, where it is too old, the one that npm installed with the
 * program (the package `node`).
 *
 * @param programFolder absolute path of the folder of the bundles
 * @param version of this Node, as in `process.versions.node`
 * @throws TarshelfError `USAGE` when neither will do.
 */
export function findEngineNode(programFolder: string, version = process.versions.node): string {
  if (isNewEnough(version)) return process.execPath;
  const name = process.platform === 'win32' ? 'node.exe' : 'node';
  const installed = join(programFolder, '..', 'node_modules', 'node', 'bin', name);
  if (existsSync(installed)) return installed;
  const needed = `${String(neededVersion.major)}.${String(neededVersion.minor)}`;
  throw new TarshelfError(
    'USAGE',
    `Tarshelf needs Node ${needed} or newer, and this is ${version}. Install a newer one.`,
  );
}

function isNewEnough(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major > neededVersion.major || (major === neededVersion.major && minor >= neededVersion.minor);
}
