import { existsSync } from 'node:fs';
import { posix, win32 } from 'node:path';

/** Where calibre's own installers put its programs, which need not be in PATH. */
const usualPlaces: Readonly<Partial<Record<NodeJS.Platform, readonly string[]>>> = {
  darwin: ['/Applications/calibre.app/Contents/MacOS'],
  win32: ['C:\\Program Files\\Calibre2', 'C:\\Program Files (x86)\\Calibre2'],
  linux: ['/opt/calibre'],
};

/** The path of one of calibre's programs: from PATH, else from where its installers put it; undefined where it is in neither. */
export function findCalibreProgram(
  program: 'ebook-meta' | 'calibredb',
  path = process.env['PATH'] ?? '',
  platform: NodeJS.Platform = process.platform,
  exists: (file: string) => boolean = existsSync,
): string | undefined {
  const paths = platform === 'win32' ? win32 : posix;
  const name = platform === 'win32' ? `${program}.exe` : program;
  // A relative folder in PATH would mean whatever lies in the folder that a run was started from.
  const inPath = path.split(paths.delimiter).filter(folder => paths.isAbsolute(folder));
  const folders = [...inPath, ...(usualPlaces[platform] ?? [])];
  return folders.map(folder => paths.join(folder, name)).find(exists);
}
