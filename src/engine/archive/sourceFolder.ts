import { isUtf8 } from 'node:buffer';
import { readdir, realpath, stat } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { oneLine, systemCode, TarshelfError } from '../../protocol/errors.ts';
import { sentence } from '../../protocol/sentences.ts';
import { foldersText } from '../../protocol/sourceFolders.ts';
import type { FileIdentity } from './byteSource.ts';

const tarName = /\.(?:tar|tar\.gz|tgz|tar\.zst)$/i;
/** Tars by their names that nobody here can unpack. */
const otherTarName = /\.(?:tar\.(?:xz|bz2?|lz|lz4|lzma|lzo|z|br)|txz|tbz2?|tlz)$/i;
/** So many of them are named. */
const namedPassedOver = 5;

/** What a run could read, by its name: that is what progress files, leases and extraction folders know it by. */
export interface FoundTar extends FileIdentity {
  readonly name: string;
  /** The source folder that it lies in; null for an extraction folder whose tar is gone. */
  readonly folder: string | null;
  /** What it is called on the disk, where that is no UTF-8: `name` is only how people are told of it, and opens nothing. */
  readonly nameBytes?: Buffer;
}

/** A tar that lies in a source folder. */
export interface SourceTar extends FoundTar {
  readonly folder: string;
}

/** The tars of all source folders. */
export interface SourceTars {
  /** Folder by folder as these were named, and sorted by name, so that every run deals them alike. */
  readonly tars: readonly SourceTar[];
  /** The folders that were looked into, each once. */
  readonly folders: readonly string[];
  /** Tars in them that are compressed in a way that cannot be read. */
  readonly passedOver: readonly PassedOver[];
}

export interface PassedOver {
  readonly name: string;
  readonly folder: string;
}

/**
 * Finds the tars of folders, not below them. A folder that is named twice, also by way of a link, is looked into once,
 * and so is a tar that two folders show, as those of one disk that is mounted twice do.
 *
 * @throws TarshelfError `SOURCE_MISSING`, `SOURCE_NOT_A_FOLDER`; `SOURCE_NAME_TWICE` for tars that could be taken for
 *   one another: what is recorded of the one would count for the other, and its books be lost
 */
export async function findTars(named: readonly string[]): Promise<SourceTars> {
  const folders = await distinctFolders(named);
  const tars = new Map<string, SourceTar>();
  const twice: (readonly [SourceTar, SourceTar])[] = [];
  const passedOver: PassedOver[] = [];
  for (const folder of folders) {
    const found = await tarsIn(folder);
    passedOver.push(...found.passedOver);
    for (const tar of found.tars) {
      const before = tars.get(tar.name);
      if (!before) tars.set(tar.name, tar);
      else if (!(await isSameFile(before, tar))) twice.push([before, tar]);
    }
  }
  const [first] = twice;
  if (first) throw nameTwice(first, twice.length - 1);
  return { tars: [...tars.values()], folders, passedOver };
}

/** What was passed over, and what to do about it; undefined for nothing. */
export function passedOverText(passedOver: readonly PassedOver[]): string | undefined {
  const paths = passedOver.map(({ folder, name }) => join(folder, name));
  const [only] = paths;
  if (only === undefined || paths.length === 1) return only && sentence('tarPassedOver', only);
  const more = paths.length > namedPassedOver ? ', …' : '';
  return sentence('tarsPassedOver', paths.length, paths.slice(0, namedPassedOver).join(', ') + more);
}

/** That there is nothing to read in any of the folders. */
export function withoutTars({ folders, passedOver }: Omit<SourceTars, 'tars'>): TarshelfError {
  return new TarshelfError(
    'SOURCE_WITHOUT_TARS',
    passedOverText(passedOver) ??
      sentence(folders.length > 1 ? 'sourcesWithoutTars' : 'sourceWithoutTars', foldersText(folders)),
  );
}

/**
 * The folder of these in which a tar lies. Of a single one, that is for whoever opens the tar to find out.
 *
 * @throws TarshelfError `TAR_NOT_READABLE` where none has it, `SOURCE_NAME_TWICE`
 */
export async function folderOfTar(folders: readonly string[], name: string): Promise<string> {
  const [only, ...others] = folders;
  if (only !== undefined && others.length === 0) return only;
  let found: SourceTar | null = null;
  for (const folder of folders) {
    const identity = await statTar(join(folder, name), null);
    if (!identity) continue;
    const tar: SourceTar = { name, folder, ...identity };
    if (!found) found = tar;
    else if (!(await isSameFile(found, tar))) throw nameTwice([found, tar], 0);
  }
  if (found) return found.folder;
  throw new TarshelfError('TAR_NOT_READABLE', sentence('tarNowhere', name, foldersText(folders)));
}

/** Each folder once, as it was first named. */
async function distinctFolders(named: readonly string[]): Promise<string[]> {
  const folders = new Map<string, string>();
  for (const folder of named) {
    // One that is not there is told of when it is read.
    const real = await realpath(folder).catch(() => folder);
    if (!folders.has(real)) folders.set(real, folder);
  }
  return [...folders.values()];
}

async function tarsIn(folder: string): Promise<Pick<SourceTars, 'tars' | 'passedOver'>> {
  const tars: SourceTar[] = [];
  const passedOver: PassedOver[] = [];
  for (const found of await namesIn(folder)) {
    const { name } = found;
    const place = { folder, ...found };
    if (tarName.test(name)) {
      // A dangling link fails as its tar later.
      const identity = await statTar(pathOf(place), { sizeBytes: 0, mtimeMs: 0 });
      if (identity) tars.push({ ...place, ...identity });
    } else if (otherTarName.test(name) && (await statTar(pathOf(place), null)))
      passedOver.push({ name, folder });
  }
  // By code unit, not by language: the order must be the same on every machine.
  const byName = (a: { name: string }, b: { name: string }): number => (a.name < b.name ? -1 : 1);
  return { tars: tars.sort(byName), passedOver: passedOver.sort(byName) };
}

function pathOf({
  folder,
  name,
  nameBytes,
}: Pick<SourceTar, 'folder' | 'name' | 'nameBytes'>): string | Buffer {
  return nameBytes ? Buffer.concat([Buffer.from(`${folder}${sep}`), nameBytes]) : join(folder, name);
}

/** Whether two paths lead to one file. Where the system does not tell for sure, they count as two. */
async function isSameFile(a: SourceTar, b: SourceTar): Promise<boolean> {
  if (a.sizeBytes !== b.sizeBytes || a.mtimeMs !== b.mtimeMs) return false;
  try {
    const [one, other] = await Promise.all([a, b].map(tar => stat(pathOf(tar), { bigint: true })));
    return one !== undefined && one.ino !== 0n && one.ino === other?.ino && one.dev === other.dev;
  } catch {
    return false;
  }
}

function nameTwice([a, b]: readonly [SourceTar, SourceTar], others: number): TarshelfError {
  const more =
    others === 0
      ? ''
      : ` It is not the only one: ${String(others)} more ${others === 1 ? 'has' : 'have'} the name of another.`;
  return new TarshelfError(
    'SOURCE_NAME_TWICE',
    `${sentence('nameTwice', join(a.folder, a.name), join(b.folder, b.name))}${more}`,
  );
}

type FoundName = Pick<SourceTar, 'name' | 'nameBytes'>;

async function namesIn(folder: string): Promise<FoundName[]> {
  try {
    const names = await readdir(folder);
    // What stands for bytes that are no text, most often. Two names may come to the same by it, and neither opens its file.
    if (!names.some(name => name.includes('\uFFFD'))) return names.map(name => ({ name }));
    return (await readdir(folder, { encoding: 'buffer' })).map(bytes =>
      isUtf8(bytes) ? { name: bytes.toString() } : { name: escaped(bytes), nameBytes: bytes },
    );
  } catch (thrown) {
    switch (systemCode(thrown)) {
      case 'ENOENT':
        throw new TarshelfError('SOURCE_MISSING', sentence('sourceMissing', folder));
      case 'ENOTDIR':
        throw new TarshelfError('SOURCE_NOT_A_FOLDER', sentence('sourceIsFile', folder));
      default:
        throw new TarshelfError('SOURCE_MISSING', sentence('sourceUnreadable', folder, oneLine(thrown)), {
          cause: thrown,
        });
    }
  }
}

/** A name that is no UTF-8 as people can read it, and type it in a shell: `\xcb\xce.tar`. */
function escaped(bytes: Buffer): string {
  let text = '';
  for (let at = 0; at < bytes.length;) {
    const length = [1, 2, 3, 4].find(count => isUtf8(bytes.subarray(at, at + count)));
    text += length ? bytes.toString('utf8', at, at + length) : `\\x${bytes.toString('hex', at, at + 1)}`;
    at += length ?? 1;
  }
  return text;
}

/** What a tar is now, or null for what is no file. A link to a file counts. */
async function statTar(
  path: string | Buffer,
  whenNotThere: FileIdentity | null,
): Promise<FileIdentity | null> {
  try {
    const found = await stat(path);
    return found.isFile() ? { sizeBytes: found.size, mtimeMs: Math.trunc(found.mtimeMs) } : null;
  } catch {
    return whenNotThere;
  }
}
