import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { systemCode } from '../../protocol/errors.ts';
import { journalFileName, progressFileName, workerOfProgressFile } from '../../protocol/progressFile.ts';
import type { ProgressSummary } from '../../protocol/progressSummary.ts';
import { stateUnreadable } from '../../protocol/stateUnreadable.ts';
import { replayJournal } from './journal.ts';
import { JsonDamage } from './jsonScanner.ts';
import { notReadable, readProgressFile, type ProgressContents } from './progressReader.ts';
import { ProgressRecord } from './progressRecord.ts';

const asideMark = '.damaged-';
/** So often a file is read anew that was written meanwhile; then its figures are as good as any. */
const attempts = 3;

/**
 * What stands in the progress files of a state folder, by number of the worker. A run may go on meanwhile; nothing is
 * locked and nothing changed.
 *
 * @throws TarshelfError `PROGRESS_NOT_READABLE`
 */
export async function summarizeProgress(stateFolder: string): Promise<ProgressSummary[]> {
  const aside = new Map<number, string[]>();
  for (const name of await namesIn(stateFolder)) {
    const [whole = name, ...rest] = name.split(asideMark);
    const worker = workerOfProgressFile(whole);
    if (worker === undefined) continue;
    const kept = aside.get(worker) ?? [];
    if (rest.length > 0) kept.push(name);
    aside.set(worker, kept);
  }
  const summaries: ProgressSummary[] = [];
  for (const [worker, kept] of [...aside].sort(([a], [b]) => a - b)) {
    summaries.push(await summarize(stateFolder, worker, kept.sort()));
  }
  return summaries;
}

async function summarize(stateFolder: string, worker: number, keptAside: string[]): Promise<ProgressSummary> {
  const path = join(stateFolder, progressFileName(worker));
  for (let attempt = 1; ; attempt++) {
    const before = await versionOf(path);
    const summary = await readOnce(stateFolder, worker, keptAside);
    // A rewrite between the two reads empties the journal of what the file read before does not have.
    if (attempt === attempts || (await versionOf(path))?.mtimeNs === before?.mtimeNs) return summary;
  }
}

async function readOnce(stateFolder: string, worker: number, keptAside: string[]): Promise<ProgressSummary> {
  const path = join(stateFolder, progressFileName(worker));
  const journalPath = join(stateFolder, journalFileName(worker));
  const damage: string[] = [];
  let contents: ProgressContents | null = null;
  try {
    contents = await readProgressFile(path, () => undefined, { countsStatuses: true });
  } catch (thrown) {
    if (!(thrown instanceof JsonDamage)) throw thrown;
    damage.push(`the progress file cannot be read: ${thrown.message}`);
  }
  if (contents?.unclean) damage.push(`the progress file is not clean: ${contents.unclean}`);
  const record = contents?.record ?? new ProgressRecord();
  const files: Record<string, number> = Object.fromEntries(contents?.entries.statuses ?? []);
  const { journalApplied } = record;
  let lines = 0;
  const replay = await replayJournal(journalPath, line => {
    if (line.n <= journalApplied) return;
    record.apply(line);
    lines++;
    if (line.kind === 'book') files[line.status] = (files[line.status] ?? 0) + 1;
  }).catch((thrown: unknown) => {
    throw notReadable(journalPath, thrown);
  });
  // A last line without its end is one that is being written.
  if (replay.validBytes < replay.sizeBytes && !(await isGrowing(journalPath, replay.sizeBytes))) {
    damage.push(`the journal cannot be read from byte ${String(replay.validBytes)} on`);
  }
  const file = await versionOf(path);
  const journal = await versionOf(journalPath);
  const saved = Math.max(file?.mtimeMs ?? 0, journal?.mtimeMs ?? 0);
  const completed = new Set(record.completedTars);
  let otherTars = 0;
  for (const tar of record.tarNames) {
    if (record.isCompleted(tar)) completed.add(tar);
    else otherTars++;
  }
  return {
    worker,
    path: file ? path : journal ? journalPath : join(stateFolder, keptAside[0] ?? progressFileName(worker)),
    sizeBytes: file?.sizeBytes ?? 0,
    savedAt: saved > 0 ? new Date(saved).toISOString() : null,
    completedTars: completed.size,
    otherTars,
    currentTar: record.currentTar,
    files,
    journal: { sizeBytes: replay.sizeBytes, lines },
    damage,
    keptAside,
  };
}

async function isGrowing(path: string, sizeBytes: number): Promise<boolean> {
  const now = await versionOf(path);
  return now?.sizeBytes !== sizeBytes;
}

interface FileVersion {
  readonly sizeBytes: number;
  readonly mtimeMs: number;
  readonly mtimeNs: bigint;
}

async function versionOf(path: string): Promise<FileVersion | null> {
  try {
    const { size, mtimeMs, mtimeNs } = await stat(path, { bigint: true });
    return { sizeBytes: Number(size), mtimeMs: Number(mtimeMs), mtimeNs };
  } catch (thrown) {
    if (systemCode(thrown) === 'ENOENT') return null;
    throw notReadable(path, thrown);
  }
}

async function namesIn(stateFolder: string): Promise<string[]> {
  try {
    return await readdir(stateFolder);
  } catch (thrown) {
    if (systemCode(thrown) === 'ENOENT') return [];
    throw stateUnreadable(stateFolder, thrown);
  }
}
