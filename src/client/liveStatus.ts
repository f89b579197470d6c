import { hostname } from 'node:os';
import { isUsageCode, TarshelfError } from '../protocol/errors.ts';
import type { Snapshot } from '../protocol/snapshot.ts';
import { findEngine } from './engineFinder.ts';
import { isUnderWay } from './isUnderWay.ts';
import { readRunStatus, type RunStatus } from './runStatus.ts';

/** An engine that does not answer by then is told of by what it saved. */
const answersWithinMs = 1500;

/** What is to be told of a state folder. */
export interface FolderStatus {
  readonly run: RunStatus;
  /** Pid of an engine that is there and has nothing to do; null where there is none. */
  readonly idleEngine: number | null;
}

/** Asks the engine of a state folder, and reads what the last one left where none answers. */
export async function readFolderStatus(stateFolder: string): Promise<FolderStatus> {
  const engine = await askEngine(stateFolder);
  if (!engine) return { run: await readRunStatus(stateFolder), idleEngine: null };
  const { pid, startedAt, snapshot } = engine;
  const { run } = snapshot;
  const told = (kind: 'running' | 'ended'): RunStatus => {
    if (!run) return { kind: 'nothing' };
    const now = new Date().toISOString();
    const file = { version: 1, host: hostname(), savedAt: now, pid, startedAt } as const;
    return {
      ...{ kind, savedSecondsAgo: 0, isSilent: false, isLive: true },
      file: { ...file, snapshot: { ...snapshot, run } },
    };
  };
  if (isUnderWay(run)) return { run: told('running'), idleEngine: null };
  const saved = await readRunStatus(stateFolder);
  // The end may not have been saved yet, or not at all on a full disk.
  const isBehind = run !== null && run.phase !== 'refused' && saved.kind !== 'ended';
  return { run: isBehind ? told('ended') : saved, idleEngine: pid };
}

interface AskedEngine {
  readonly pid: number;
  readonly startedAt: string;
  readonly snapshot: Snapshot;
}

async function askEngine(stateFolder: string): Promise<AskedEngine | null> {
  try {
    const connection = await findEngine(stateFolder, { whenLeft: null, answersWithinMs });
    if (!connection) return null;
    const { pid, startedAt, snapshot } = connection;
    connection.close();
    return { pid, startedAt, snapshot };
  } catch (thrown) {
    // Silent, another's, or of another version: what it saved can be read all the same.
    if (thrown instanceof TarshelfError && !isUsageCode(thrown.code)) return null;
    throw thrown;
  }
}
