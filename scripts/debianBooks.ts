// What the comparison with calibre needs: calibre, and real books out of Debian's packages.
//   node scripts/debianBooks.ts      fetch what is missing
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import { canInstallWithApt } from './aptGet.ts';
import { ensureCalibre } from './calibre.ts';
import { downloadsFolder } from './paths.ts';

/** Packages that hold books; a folder each, with what the package would install. Nothing of them is installed. */
export const bookPackages = [
  'debian-faq',
  'debian-policy',
  'debmake-doc',
  'developers-reference',
  'developers-reference-de',
  'developers-reference-fr',
  'developers-reference-ja',
  'docbook-xsl-doc-pdf',
  'fbreader',
  'live-manual-epub',
  'live-manual-pdf',
  'maint-guide',
  'python-reportlab-doc',
  'texlive-humanities-doc',
  'ubuntu-packaging-guide-epub',
  'ubuntu-packaging-guide-epub-de',
  'ubuntu-packaging-guide-epub-es',
  'ubuntu-packaging-guide-epub-fr',
  'ubuntu-packaging-guide-epub-pt-br',
  'ubuntu-packaging-guide-epub-ru',
  'ubuntu-packaging-guide-epub-uk',
  'why3-doc-pdf',
] as const;

export const booksFolder = path.join(downloadsFolder, 'debian-books');

/** The packages whose books are not here, because they could not be fetched. */
export function missingPackages(): string[] {
  return bookPackages.filter(name => !existsSync(path.join(booksFolder, name)));
}

function fetchBooks(): void {
  if (missingPackages().length === 0) return;
  mkdirSync(booksFolder, { recursive: true });
  const work = mkdtempSync(path.join(booksFolder, '.part-'));
  try {
    // One by one: a package that a release lacks leaves the others.
    for (const name of missingPackages()) {
      const fetched = spawnSync('apt-get', ['-qq', '-o', 'APT::Sandbox::User=root', 'download', name], {
        cwd: work,
        stdio: ['ignore', 'ignore', 'inherit'],
      });
      const file = readdirSync(work).find(entry => entry.startsWith(`${name}_`));
      if (fetched.status !== 0 || file === undefined) continue;
      const folder = path.join(work, name);
      const unpacked = spawnSync('dpkg-deb', ['-x', path.join(work, file), folder], { stdio: 'inherit' });
      if (unpacked.status === 0) renameSync(folder, path.join(booksFolder, name));
    }
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** Fetches what is missing and says what is left out. Where everything is tested nothing may be. */
function prepare(): void {
  ensureCalibre();
  if (existsSync('/usr/bin/apt-get') && existsSync('/usr/bin/dpkg-deb')) {
    if (missingPackages().length > 0 && canInstallWithApt()) {
      spawnSync('apt-get', ['-qq', 'update'], { stdio: ['ignore', 'ignore', 'inherit'] });
    }
    fetchBooks();
  }
  const leftOut = missingPackages();
  if (leftOut.length === 0) return;
  const message = `Left out of the comparison with calibre, as it could not be fetched: ${leftOut.join(', ')}.`;
  if (process.env['CI'] !== undefined) throw new Error(message);
  console.warn(message);
}

if (import.meta.main) {
  try {
    prepare();
  } catch (thrown) {
    console.error(thrown instanceof Error ? thrown.message : thrown);
    process.exitCode = 1;
  }
}
