import { posix } from 'node:path';
import { cutToBytes, noDevice, unsafeCharacters } from '../system/safeNames.ts';

/** File systems in use take 255 bytes or more for a name, and macOS 1024 for a whole path, its folder's included. */
const longestNameBytes = 200;
const longestPathBytes = 600;

/** Names in an extraction folder that begin so are its marks, never a member's. */
export const reservedPrefix = '.tarshelf-extract';

/**
 * Gives each member of a tar a path of its own below a folder: what the tar names it, where that can be a path
 * everywhere and no other member has it. It goes by the members before, so asking for the same members in the
 * same order gives the same paths: nothing has to be written down to know which file is which member.
 */
export class SafePaths {
  readonly #files = new Set<string>();
  readonly #folders = new Set<string>();

  /** @returns a relative path with `/` between folders, without `..` */
  pathFor(name: string, headerOffset: number): string {
    const path = safePath(name);
    const { ext } = posix.parse(path);
    const number = String(headerOffset);
    if (path !== '' && this.#take(path)) return path;
    const numbered = `${path.slice(0, path.length - ext.length)} [${number}]${ext}`;
    if (path !== '' && this.#take(numbered)) return numbered;
    for (let attempt = 0; ; attempt++) {
      const flat = `_member ${number}${attempt === 0 ? '' : `-${String(attempt)}`}${ext}`;
      if (this.#take(flat)) return flat;
    }
  }

  /** Whether the path was free: no file has it, and no folder that it needs or that needs it. */
  #take(path: string): boolean {
    if (Buffer.byteLength(path) > longestPathBytes) return false;
    const identity = folded(path);
    if (this.#files.has(identity) || this.#folders.has(identity)) return false;
    const folders: string[] = [];
    for (let at = identity.indexOf('/'); at !== -1; at = identity.indexOf('/', at + 1)) {
      const folder = identity.slice(0, at);
      if (this.#files.has(folder)) return false;
      folders.push(folder);
    }
    this.#files.add(identity);
    for (const folder of folders) this.#folders.add(folder);
    return true;
  }
}

/** The form under which two paths that some file system holds for one are equal. Takes some for equal that are not. */
export function folded(path: string): string {
  return path.normalize('NFKC').toUpperCase().toLowerCase();
}

/**
 * The path that a program without such care gives a member, with `/` between folders; null where it would lead
 * outside.
 */
export function plainPath(name: string): string | null {
  const parts = name.split('/').filter(part => part !== '' && part !== '.');
  return parts.length === 0 || parts.includes('..') ? null : parts.join('/');
}

function safePath(name: string): string {
  const parts = name.split('/').filter(part => part !== '' && part !== '.');
  const path = parts.map(safeName).join('/');
  return path.toLowerCase().startsWith(reservedPrefix) ? `_${path}` : path;
}

function safeName(part: string): string {
  const clean = part.replace(unsafeCharacters, '_');
  const { name, ext } = posix.parse(clean);
  const extension = Buffer.byteLength(ext) <= 20 ? ext : '';
  const short =
    extension === '' ? cutToBytes(clean, longestNameBytes) : cutToBytes(name, longestNameBytes) + extension;
  // Trailing dots and blanks are lost on Windows; `.` and `..` are nothing else.
  const visible = short.replace(/[. ]+$/, dots => '_'.repeat(dots.length));
  return noDevice(visible);
}
