import { readdir, readFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import * as v from 'valibot';
import { systemCode } from '../protocol/errors.ts';
import {
  progressFileName,
  progressFileSchema,
  workerOfProgressFile,
  type ProgressFile,
} from '../protocol/progressFile.ts';
import type { RunSnapshot } from '../protocol/snapshot.ts';
import {
  statusFileName,
  statusFileSchema,
  statusSavedAtLeastEveryMs,
  type StatusFile,
} from '../protocol/statusFile.ts';
import { isAlive } from './isAlive.ts';
import { stateUnreadable } from '../protocol/stateUnreadable.ts';

/** What a state folder tells of its last run to one who is not the engine's client. */
export type RunStatus =
  | {
      /** `died`: the engine is gone without having said how the run ended. */
      readonly kind: 'running' | 'ended' | 'died';
      readonly file: StatusFile;
      /** How long ago the engine saved this, in seconds. */
      readonly savedSecondsAgo: number;
      /** It is long overdue: the engine hangs, or another process has its pid by now. */
      readonly isSilent: boolean;
      /** Said by the engine itself, and not read from what it saved. */
      readonly isLive: boolean;
    }
  | {
      /** Only progress files, as the Python system leaves them. */
      readonly kind: 'progress';
      readonly workers: readonly WorkerRecord[];
      /** Names of progress files that could not be read. */
      readonly unreadable: readonly string[];
    }
  | { readonly kind: 'nothing' };

export interface WorkerRecord {
  readonly number: number;
  readonly progress: ProgressFile;
}

const silentAfterMs = 4 * statusSavedAtLeastEveryMs;

/**
 * Reads what a state folder tells; writes nothing and takes no lock.
 *
 * @throws TarshelfError `PROGRESS_NOT_READABLE`
 */
export async function readRunStatus(stateFolder: string, now = Date.now()): Promise<RunStatus> {
  const file = await readStatusFile(stateFolder);
  if (!file) return await readProgress(stateFolder);
  const savedMsAgo = Math.max(0, now - Date.parse(file.savedAt));
  const isSilent = savedMsAgo > silentAfterMs;
  // A pid of another machine or container says nothing here; whether its engine goes on saving does.
  const lives = file.host === hostname() ? isAlive(file.pid) : !isSilent;
  return {
    kind: file.endedAt !== undefined ? 'ended' : lives ? 'running' : 'died',
    file: lives && file.endedAt === undefined ? file : { ...file, snapshot: atRest(file.snapshot) },
    savedSecondsAgo: savedMsAgo / 1000,
    isSilent,
    isLive: false,
  };
}

/** Without what only a living engine has. */
function atRest(snapshot: RunSnapshot): RunSnapshot {
  return {
    ...snapshot,
    run: { ...snapshot.run, bytesPerSecond: 0, secondsLeft: null },
    workers: snapshot.workers.map(worker => ({
      ...worker,
      ...{ phase: 'stopped', pid: null, extraction: null, bytesPerSecond: 0, secondsLeft: null },
      ...{ health: 'well', note: null, memoryBytes: null },
    })),
  };
}

async function readStatusFile(stateFolder: string): Promise<StatusFile | undefined> {
  const parsed = v.safeParse(
    v.pipe(v.string(), v.parseJson(), statusFileSchema),
    await readText(join(stateFolder, statusFileName)),
  );
  // One of another version counts as none: the progress files say the same more briefly.
  return parsed.success ? parsed.output : undefined;
}

async function readProgress(stateFolder: string): Promise<RunStatus> {
  const workers: WorkerRecord[] = [];
  const unreadable: string[] = [];
  for (const name of await namesIn(stateFolder)) {
    const number = workerOfProgressFile(name);
    // Other files of a worker may go by its number, too; this one is the one that is whole by itself.
    if (number === undefined || name !== progressFileName(number)) continue;
    const parsed = v.safeParse(
      v.pipe(v.string(), v.parseJson(), progressFileSchema),
      await readText(join(stateFolder, name)).catch(() => undefined),
    );
    if (parsed.success) workers.push({ number, progress: parsed.output });
    else unreadable.push(name);
  }
  workers.sort((a, b) => a.number - b.number);
  return workers.length + unreadable.length > 0
    ? { kind: 'progress', workers, unreadable }
    : { kind: 'nothing' };
}

/**
 * The names in a state folder, none where there is no such folder.
 *
 * @throws TarshelfError `PROGRESS_NOT_READABLE`
 */
export async function namesIn(stateFolder: string): Promise<string[]> {
  try {
    return await readdir(stateFolder);
  } catch (thrown) {
    if (['ENOENT', 'ENOTDIR'].includes(systemCode(thrown) ?? '')) return [];
    throw stateUnreadable(stateFolder, thrown);
  }
}

async function readText(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (thrown) {
    if (['ENOENT', 'ENOTDIR'].includes(systemCode(thrown) ?? '')) return undefined;
    throw stateUnreadable(path, thrown);
  }
}
