import { mkdir, readdir, readFile, rm, rmdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';
import { oneLine, systemCode } from '../../protocol/errors.ts';
import type { FileIdentity } from '../archive/byteSource.ts';
import { replaceFile } from '../system/durableFiles.ts';
import { reservedPrefix } from './safePaths.ts';

/*
 * What lives in this folder: members of tars as files, below `tar_extraction_temp/{tar}_{unix seconds}/` as the
 * Python scripts before us laid them down, and how they stand in for the tar.
 *
 *   find ─▶ (extract) ─▶ ReusedArchive: each member from its file, or from the tar where the file is not whole
 *
 * It promises that a folder never hides a member of its tar, however little of it was extracted, that no name in
 * a tar leads outside the folder, and that only folders that bear our mark are ever removed.
 */

/** In the state folder; the name is the documented one. */
const extractionRootName = 'tar_extraction_temp';

export function extractionRoot(stateFolder: string): string {
  return join(stateFolder, extractionRootName);
}

/** In a folder while it is being extracted, and in one that is complete. Those of the Python scripts have neither. */
const extractingName = `${reservedPrefix}ing`;
const extractedName = `${reservedPrefix}ed`;

const markSchema = v.object({
  /** File name of the tar, and what it was when its extraction began. */
  tar: v.string(),
  sizeBytes: v.number(),
  mtimeMs: v.number(),
  /** The files of members whose header stands before this are known to be on the disk, whole. */
  syncedOffset: v.number(),
});

/** Of a folder that may be ours. It vouches for nothing, and nothing is done to the folder. */
const illegible: ExtractionMark = { tar: '', sizeBytes: -1, mtimeMs: -1, syncedOffset: 0 };

/** What Tarshelf says of a folder that it extracts into. */
export type ExtractionMark = v.InferOutput<typeof markSchema>;

/** One folder with extracted members. */
export interface ExtractionFolder {
  readonly path: string;
  readonly name: string;
  /** Null in a folder that another program made. */
  readonly mark: ExtractionMark | null;
  /** Its extraction has not come to its end. */
  readonly unfinished: boolean;
}

/** What a folder's name says: `{tar without .tar}_{digits}`, and nothing less. */
export function tarOfFolder(name: string): string | null {
  return /^(.+)_\d+$/s.exec(name)?.[1] ?? null;
}

export function withoutTar(tar: string): string {
  return tar.replace(/\.tar$/i, '');
}

/** All extraction folders of a state folder, by name. */
export async function listExtractions(root: string): Promise<ExtractionFolder[]> {
  let entries;
  try {
    entries = await readdir(root, { withFileTypes: true });
  } catch (thrown) {
    if (systemCode(thrown) === 'ENOENT') return [];
    throw thrown;
  }
  const folders: ExtractionFolder[] = [];
  for (const entry of entries) {
    if (!entry.isDirectory() || tarOfFolder(entry.name) === null) continue;
    const path = join(root, entry.name);
    folders.push({ path, name: entry.name, ...(await readMark(path)) });
  }
  return folders.sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** The same, or none where they cannot be listed: then all is read from the tars. */
export async function listReadable(
  root: string,
  onUnreadable: (message: string) => void,
): Promise<ExtractionFolder[]> {
  try {
    return await listExtractions(root);
  } catch (thrown) {
    onUnreadable(`the extraction folders in ${root} cannot be listed (${oneLine(thrown)})`);
    return [];
  }
}

/** The folders of one tar. By the whole name: `set` must not take what `set_b` left in `set_b_123`. */
export async function extractionsOf(
  root: string,
  tar: string,
  onUnreadable: (message: string) => void,
): Promise<ExtractionFolder[]> {
  const base = withoutTar(tar);
  return (await listReadable(root, onUnreadable)).filter(
    folder => tarOfFolder(folder.name) === base && (folder.mark === null || folder.mark.tar === tar),
  );
}

async function readMark(path: string): Promise<Pick<ExtractionFolder, 'mark' | 'unfinished'>> {
  for (const name of [extractedName, extractingName]) {
    const unfinished = name === extractingName;
    let text: string;
    try {
      text = await readFile(join(path, name), 'utf8');
    } catch (thrown) {
      if (systemCode(thrown) === 'ENOENT') continue;
      return { mark: illegible, unfinished: true };
    }
    const parsed = v.safeParse(v.pipe(v.string(), v.parseJson(), markSchema), text);
    return parsed.success ? { mark: parsed.output, unfinished } : { mark: illegible, unfinished: true };
  }
  return { mark: null, unfinished: false };
}

/** Makes a new folder for a tar, with the mark of an extraction that has begun. */
export async function makeExtraction(
  root: string,
  tar: string,
  { sizeBytes, mtimeMs }: FileIdentity,
): Promise<ExtractionFolder> {
  await mkdir(root, { recursive: true });
  for (let seconds = Math.floor(Date.now() / 1000); ; seconds++) {
    const name = `${withoutTar(tar)}_${String(seconds)}`;
    const path = join(root, name);
    try {
      await mkdir(path);
    } catch (thrown) {
      if (systemCode(thrown) === 'EEXIST') continue;
      throw thrown;
    }
    const mark = { tar, sizeBytes, mtimeMs, syncedOffset: 0 };
    await writeMark(path, mark);
    return { path, name, mark, unfinished: true };
  }
}

/** Replaces the mark of an extraction that is going on. */
export async function writeMark(path: string, mark: ExtractionMark): Promise<void> {
  await replaceFile(join(path, extractingName), [JSON.stringify(mark)]);
}

/** When the mark of an extraction was last replaced, in milliseconds of the epoch; 0 where there is none any more. */
export async function markedAt({ path }: ExtractionFolder): Promise<number> {
  try {
    return (await stat(join(path, extractingName))).mtimeMs;
  } catch {
    return 0;
  }
}

/** Says that an extraction has come to its end. */
export async function finishMark(path: string, mark: ExtractionMark): Promise<void> {
  await replaceFile(join(path, extractedName), [JSON.stringify(mark)]);
  await rm(join(path, extractingName), { force: true });
}

export function isOf(mark: ExtractionMark, tar: string, identity: FileIdentity): boolean {
  return mark.tar === tar && mark.sizeBytes === identity.sizeBytes && mark.mtimeMs === identity.mtimeMs;
}

/** Removes a folder, its mark last: a kill in between must not leave what looks like somebody else's. */
export async function removeExtraction({ path }: ExtractionFolder): Promise<void> {
  for (const name of await readdir(path)) {
    if (name.startsWith(reservedPrefix)) continue;
    await rm(join(path, name), { recursive: true, force: true, maxRetries: 5 });
  }
  for (const name of await readdir(path)) await rm(join(path, name), { force: true });
  await rmdir(path);
}

/**
 * The regular files below a folder, as paths with `/`, in the same order each time. Links are not followed: they
 * may lead outside.
 *
 * @param onUnreadable is told of a folder below that cannot be read
 */
export async function* filesBelow(
  folder: string,
  onUnreadable: (message: string) => void,
  within = '',
): AsyncGenerator<string, void, undefined> {
  let entries;
  try {
    entries = await readdir(join(folder, within), { withFileTypes: true });
  } catch (thrown) {
    onUnreadable(`the folder ${join(folder, within)} cannot be read (${oneLine(thrown)})`);
    return;
  }
  entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const entry of entries) {
    if (within === '' && entry.name.startsWith(reservedPrefix)) continue;
    const path = within === '' ? entry.name : `${within}/${entry.name}`;
    if (entry.isDirectory()) yield* filesBelow(folder, onUnreadable, path);
    else if (entry.isFile()) yield path;
  }
}

/** The sizes of the files below a folder. */
export async function sizesBelow(
  folder: string,
  onUnreadable: (message: string) => void,
): Promise<Map<string, number>> {
  const sizes = new Map<string, number>();
  for await (const path of filesBelow(folder, onUnreadable)) {
    try {
      sizes.set(path, (await stat(join(folder, path))).size);
    } catch (thrown) {
      onUnreadable(`${join(folder, path)} cannot be read (${oneLine(thrown)})`);
    }
  }
  return sizes;
}
