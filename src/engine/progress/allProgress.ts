import { createHash, type Hash } from 'node:crypto';
import { open, readdir, stat, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import * as v from 'valibot';
import { oneLine, systemCode } from '../../protocol/errors.ts';
import { progressFileName, workerOfProgressFile } from '../../protocol/progressFile.ts';
import { KeySnapshot, writeKeySnapshot } from '../dedupe/keySnapshot.ts';
import { KeyTable } from '../dedupe/keyTable.ts';
import { readChunks } from '../system/durableFiles.ts';
import { JsonDamage } from './jsonScanner.ts';
import {
  findEntries,
  guessBooks,
  readProgressFile,
  type KnownEntries,
  type OnKey,
  type ProgressContents,
} from './progressReader.ts';
import type { ProgressRecord } from './progressRecord.ts';
import { readOrSetAside, withJournal, type OnKeptAside } from './workerProgress.ts';

/*
 * The progress of all workers of a state folder, and the keys of all books in it. To read millions of books out of
 * progress files takes many seconds, so their keys are kept in `known_keys.bin` too:
 *
 *   a snapshot has exactly the keys that the entries of the progress files have which it names
 *
 * Journals, destinations and what a run has in its memory are not in it. It is used
 * - as it is, where each of these files is the one that was read then: by length, inode and times;
 * - as a beginning, where the entries of then are the first ones of the file now, byte by byte, as a digest of them
 *   tells; then only what follows is read. A worker that rewrites its file copies the entries and appends to them;
 * - not at all in every other case. Then all files are read, as if there was none.
 *
 * So it is a cache: without it a start takes longer, and nothing else is different.
 */

export const keySnapshotName = 'known_keys.bin';

/** Below, all is read faster than a person notices, and no file more lies in the state folder. */
const leastBytes = 16 * 1024 * 1024;
/** A file that was changed so short a while ago could be changed again and have the same times. */
const timesSettleMs = 50;

export interface AllProgress {
  /** By worker number; also of more workers than a run has. */
  readonly records: Map<number, ProgressRecord>;
  /** Of all books that are recorded, with the worker that recorded it; the higher number of several. */
  readonly keys: KeyTable;
}

export interface SnapshotOptions {
  /** Told of a snapshot that could not be written. */
  readonly onProblem: (message: string) => void;
  /** Of progress files together, from which on there is a snapshot. */
  readonly leastBytes?: number;
}

/**
 * Reads the progress of all workers. None may be at work.
 *
 * @throws TarshelfError `PROGRESS_NOT_READABLE`
 */
export async function readAllProgress(
  stateFolder: string,
  onKeptAside: OnKeptAside,
  options: SnapshotOptions,
): Promise<AllProgress> {
  const workers = await workersOf(stateFolder);
  const read =
    (await readUponSnapshot(stateFolder, workers)) ?? (await readAnew(stateFolder, workers, onKeptAside));
  await save(stateFolder, read, options);
  const { keys } = read;
  const records = new Map<number, ProgressRecord>();
  for (const worker of workers) {
    const { contents = null } = read.files.get(worker) ?? {};
    const record = await withJournal(stateFolder, worker, contents, adding(keys, worker));
    if (record) records.set(worker, record);
  }
  return { records, keys };
}

/** Makes a snapshot of what the progress files have by now. None of the workers may be at work. Nothing is thrown. */
export async function renewKeySnapshot(stateFolder: string, options: SnapshotOptions): Promise<void> {
  try {
    const workers = await workersOf(stateFolder);
    if (await isCurrent(stateFolder, workers)) return;
    const least = options.leastBytes ?? leastBytes;
    if ((await bytesOfFiles(stateFolder, workers)) < least) return;
    const read =
      (await readUponSnapshot(stateFolder, workers)) ?? (await readAnew(stateFolder, workers, null));
    await save(stateFolder, read, options);
  } catch (thrown) {
    options.onProblem(notSaved(thrown));
  }
}

const count = v.pipe(v.number(), v.integer(), v.minValue(0));

const sourceSchema = v.object({
  worker: count,
  /** Which file, and which state of it. */
  version: v.string(),
  /** The bytes of its entries; where the last one begins; how many they are. */
  start: count,
  end: count,
  lastStart: count,
  count,
  /** SHA-256 of those bytes. */
  digest: v.string(),
});
/** One progress file that the keys of a snapshot come from. */
type Source = v.InferOutput<typeof sourceSchema>;

const sourcesSchema = v.array(sourceSchema);

/** A progress file as it was read, and what shows that it is the same later. */
interface ReadFile {
  readonly contents: ProgressContents;
  readonly version: string;
  /** What the snapshot says of it, as long as that is true. */
  readonly source: Source | null;
  /** Of the entries up to `digestedTo`. */
  readonly digest: Hash;
  readonly digestedTo: number;
}

interface ReadFiles {
  readonly keys: KeyTable;
  readonly files: ReadonlyMap<number, ReadFile>;
  /** Whether all keys are those of the files, and none is of what was put aside or is to be cleaned up. */
  readonly isExact: boolean;
  readonly isSaved: boolean;
}

/** Of each worker that has a progress file or a journal. */
async function workersOf(stateFolder: string): Promise<number[]> {
  const numbers = new Set((await readdir(stateFolder)).map(workerOfProgressFile));
  return [...numbers].filter(number => number !== undefined).sort((a, b) => a - b);
}

async function bytesOfFiles(stateFolder: string, workers: readonly number[]): Promise<number> {
  let bytes = 0;
  for (const worker of workers) bytes += (await versionOf(pathOf(stateFolder, worker)))?.sizeBytes ?? 0;
  return bytes;
}

function pathOf(stateFolder: string, worker: number): string {
  return join(stateFolder, progressFileName(worker));
}

function adding(keys: KeyTable, worker: number): OnKey {
  return (sha1, sizeBytes) => {
    keys.add(sha1, sizeBytes, worker);
  };
}

/** @param onKeptAside null: a file that cannot be read stays where it is */
async function readAnew(
  stateFolder: string,
  workers: readonly number[],
  onKeptAside: OnKeptAside | null,
): Promise<ReadFiles> {
  const keys = new KeyTable();
  const files = new Map<number, ReadFile>();
  let isExact = true;
  for (const worker of workers) {
    const path = pathOf(stateFolder, worker);
    const version = await settledVersion(path);
    const onKey = adding(keys, worker);
    keys.reserve(keys.count + (await guessBooks(path)));
    const contents = await (onKeptAside
      ? readOrSetAside(path, onKey, message => {
          isExact = false;
          onKeptAside(message);
        })
      : readProgressFile(path, onKey));
    if (!contents) continue;
    isExact &&= contents.unclean === null && version !== null;
    const digest = createHash('sha256');
    files.set(worker, {
      ...{ contents, version: version ?? '', source: null },
      ...{ digest, digestedTo: contents.entries.start },
    });
  }
  return { keys, files, isExact, isSaved: false };
}

/** @returns null where there is no snapshot of which it is sure that all of its keys are in the files. */
async function readUponSnapshot(stateFolder: string, workers: readonly number[]): Promise<ReadFiles | null> {
  const snapshot = await KeySnapshot.open(join(stateFolder, keySnapshotName));
  if (!snapshot) return null;
  try {
    const sources = sourcesOf(snapshot);
    // One that lacks would be missed first; its keys are not to be known any more.
    if (!sources?.every(source => workers.includes(source.worker))) return null;
    const proven = new Map<number, Proof>();
    for (const source of sources) {
      const proof = await prove(pathOf(stateFolder, source.worker), source);
      if (!proof) return null;
      proven.set(source.worker, proof);
    }
    const keys = await snapshot.readTable();
    if (!keys) return null;
    const files = new Map<number, ReadFile>();
    for (const worker of workers) {
      const path = pathOf(stateFolder, worker);
      const proof = proven.get(worker);
      const version = proof?.version ?? (await settledVersion(path));
      const contents = await readProgressFile(path, adding(keys, worker), { known: proof?.known });
      if (!contents && !proof) continue;
      if (contents?.unclean !== null || version === null) return null;
      const { start } = contents.entries;
      files.set(worker, {
        ...{ contents, version, source: proof?.source ?? null },
        ...{ digest: proof?.digest ?? createHash('sha256'), digestedTo: proof?.digestedTo ?? start },
      });
    }
    const isSaved = [...files.values()].every(file => file.source !== null);
    return { keys, files, isExact: true, isSaved };
  } catch (thrown) {
    if (thrown instanceof JsonDamage) return null;
    throw thrown;
  } finally {
    await snapshot.close();
  }
}

/** Whether a snapshot would be used as it is. */
async function isCurrent(stateFolder: string, workers: readonly number[]): Promise<boolean> {
  const snapshot = await KeySnapshot.open(join(stateFolder, keySnapshotName));
  if (!snapshot) return false;
  try {
    const byWorker = new Map(sourcesOf(snapshot)?.map(source => [source.worker, source]));
    for (const worker of workers) {
      const version = await versionOf(pathOf(stateFolder, worker));
      if (version?.text !== byWorker.get(worker)?.version) return false;
      byWorker.delete(worker);
    }
    return byWorker.size === 0;
  } finally {
    await snapshot.close();
  }
}

function sourcesOf(snapshot: KeySnapshot): Source[] | null {
  const parsed = v.safeParse(sourcesSchema, snapshot.about);
  return parsed.success ? parsed.output : null;
}

/** That the entries of a source are the first ones of the file that there is now. */
interface Proof extends Pick<ReadFile, 'source' | 'digest' | 'digestedTo' | 'version'> {
  readonly known: KnownEntries;
}

async function prove(path: string, source: Source): Promise<Proof | null> {
  const version = await settledVersion(path);
  if (version === null) return null;
  const { start, end, lastStart, count: entries } = source;
  if (version === source.version && !isCoarse(version)) {
    const known = { start, end: lastStart, count: Math.max(0, entries - 1) };
    return { version, source, digest: createHash('sha256'), digestedTo: start, known };
  }
  let handle: FileHandle;
  try {
    handle = await open(path, 'r');
  } catch {
    return null;
  }
  try {
    const begin = await findEntries(handle);
    if (begin === null) return null;
    const moved = begin - start;
    const digest = createHash('sha256');
    await digestTo(digest, handle, begin, end + moved);
    if (digest.copy().digest('hex') !== source.digest) return null;
    const known = { start: begin, end: lastStart + moved, count: Math.max(0, entries - 1) };
    return { version, source: null, digest, digestedTo: end + moved, known };
  } catch {
    // Shorter than it was, or damaged.
    return null;
  } finally {
    await handle.close();
  }
}

async function digestTo(digest: Hash, handle: FileHandle, from: number, to: number): Promise<void> {
  for await (const chunk of readChunks(handle, from, to)) digest.update(chunk);
}

/** Saves what was read, before anything is added to it. */
async function save(
  stateFolder: string,
  { keys, files, isExact, isSaved }: ReadFiles,
  options: SnapshotOptions,
): Promise<void> {
  if (isSaved || !isExact) return;
  const bytes = [...files.values()].reduce((sum, { contents }) => sum + contents.sizeBytes, 0);
  if (bytes < (options.leastBytes ?? leastBytes)) return;
  try {
    const sources: Source[] = [];
    for (const [worker, file] of files) {
      const source = file.source ?? (await sourceOf(pathOf(stateFolder, worker), worker, file));
      if ((await versionOf(pathOf(stateFolder, worker)))?.text !== source.version) return;
      sources.push(source);
    }
    await writeKeySnapshot(join(stateFolder, keySnapshotName), keys, sources);
  } catch (thrown) {
    options.onProblem(notSaved(thrown));
  }
}

async function sourceOf(
  path: string,
  worker: number,
  { contents, version, digest, digestedTo }: ReadFile,
): Promise<Source> {
  const { start, end, count: entries } = contents.entries;
  const handle = await open(path, 'r');
  try {
    await digestTo(digest, handle, digestedTo, end);
  } finally {
    await handle.close();
  }
  return {
    ...{ worker, version, start, end, lastStart: contents.lastEntryStart, count: entries },
    digest: digest.digest('hex'),
  };
}

function notSaved(thrown: unknown): string {
  return `The known keys could not be kept for the next start (${oneLine(thrown)}): it takes longer, and nothing else is lost.`;
}

interface FileVersion {
  readonly text: string;
  readonly sizeBytes: number;
  readonly changedMs: number;
}

/** The version of a file once it is sure that another one would look otherwise; null where there is no file. */
async function settledVersion(path: string): Promise<string | null> {
  for (;;) {
    const version = await versionOf(path);
    if (!version) return null;
    const age = Date.now() - version.changedMs;
    if (age < 0 || age >= timesSettleMs) return version.text;
    await sleep(timesSettleMs - age);
  }
}

/** Whether the times are of a file system that keeps no finer ones, and tells no two changes of one second apart. */
function isCoarse(version: string): boolean {
  const [, , ...times] = version.split(' ');
  return times.every(time => time.endsWith('000000000'));
}

async function versionOf(path: string): Promise<FileVersion | null> {
  try {
    const { ino, size, mtimeNs, ctimeNs } = await stat(path, { bigint: true });
    return {
      text: [ino, size, mtimeNs, ctimeNs].map(String).join(' '),
      sizeBytes: Number(size),
      changedMs: Number((mtimeNs > ctimeNs ? mtimeNs : ctimeNs) / 1_000_000n),
    };
  } catch (thrown) {
    if (systemCode(thrown) === 'ENOENT') return null;
    throw thrown;
  }
}
