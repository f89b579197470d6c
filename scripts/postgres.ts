// What the tests of everything that reads a PostgreSQL database need.
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { canInstallWithApt, installWithApt } from './aptGet.ts';

const debianFolder = '/usr/lib/postgresql';
const clusterSettings = '/etc/postgresql-common/createcluster.conf';

/** The folder of the programs of a PostgreSQL server; null where there is none on this machine. */
export function findPostgres(): string | null {
  const suffix = process.platform === 'win32' ? '.exe' : '';
  const folders = (process.env['PATH'] ?? '').split(path.delimiter).filter(folder => path.isAbsolute(folder));
  // Debian keeps them out of the PATH, a folder a version.
  if (existsSync(debianFolder)) {
    const versions = readdirSync(debianFolder).sort((a, b) => Number(b) - Number(a));
    folders.push(...versions.map(version => path.join(debianFolder, version, 'bin')));
  }
  const isComplete = (folder: string): boolean =>
    ['initdb', 'postgres'].every(program => existsSync(path.join(folder, program + suffix)));
  return folders.find(isComplete) ?? null;
}

/** Installs PostgreSQL where that can be done without a question. Where everything is tested it must be there. */
export function ensurePostgres(): void {
  if (findPostgres() === null && canInstallWithApt()) {
    // Debian's package makes a server of its own and starts it, unless it is told not to before.
    if (!existsSync(clusterSettings)) {
      mkdirSync(path.dirname(clusterSettings), { recursive: true });
      writeFileSync(clusterSettings, 'create_main_cluster = false\n');
    }
    installWithApt('postgresql');
  }
  if (findPostgres() !== null) return;
  const message = 'PostgreSQL is not installed; what needs it is left out.';
  if (process.env['CI'] !== undefined) throw new Error(message);
  console.warn(message);
}

if (import.meta.main) {
  try {
    ensurePostgres();
  } catch (thrown) {
    console.error(thrown instanceof Error ? thrown.message : thrown);
    process.exitCode = 1;
  }
}
