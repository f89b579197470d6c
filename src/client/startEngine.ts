import { setTimeout as sleep } from 'node:timers/promises';
import { TarshelfError } from '../protocol/errors.ts';
import type { IngestOptions } from '../protocol/ingestOptions.ts';
import type { ConnectionOptions, EngineConnection } from './engineConnection.ts';
import { findEngine } from './engineFinder.ts';
import type { EngineLaunch } from './engineLaunch.ts';
import { EngineProcess } from './engineProcess.ts';

/** An engine that can be talked to, and its process where it is our child. */
export interface StartedEngine {
  readonly connection: EngineConnection;
  readonly process: EngineProcess | null;
}

/** Time for whoever holds the state folder to write its note, or to let go of the folder. */
const heldForMs = 10_000;
const lookEveryMs = 100;
/** A try takes a process; the note of a winner is there sooner. */
const startEveryMs = 1000;

/**
 * Starts an engine for a state folder and connects to it. Where another client was quicker, it is that client's
 * engine. Where the folder is held by one that is just ending, ours is started once that has ended.
 *
 * @param folders of its first run; one without tars is refused before there is a state folder
 * @param waiting ends the waiting for whoever holds the folder
 * @param onProcess hears of each process at once, so that it can be killed while it starts
 * @throws TarshelfError what the engine refused to begin for: `STATE_IN_USE`, `STATE_NOT_WRITABLE`; `ENGINE_DIED`
 * @throws the reason of either signal
 */
export async function startEngine(
  launch: EngineLaunch,
  { stateFolder, sourceFolders }: Pick<IngestOptions, 'stateFolder' | 'sourceFolders'>,
  options: ConnectionOptions,
  waiting: AbortSignal,
  onProcess: (process: EngineProcess) => void,
): Promise<StartedEngine> {
  const until = performance.now() + heldForMs;
  for (;;) {
    const process = new EngineProcess(launch, stateFolder, sourceFolders);
    onProcess(process);
    const word = await process.word;
    if (word?.type === 'engine:ready') {
      const connection = await findEngine(stateFolder, options);
      if (connection) return { connection, process: connection.pid === process.pid ? process : null };
      // It can have ended, but not in order: it had nothing to do yet.
      throw process.died();
    }
    await process.untilEnded(heldForMs);
    if (!word) throw process.died();
    if (word.failure.code !== 'STATE_IN_USE' || performance.now() >= until) {
      throw new TarshelfError(word.failure.code, word.failure.message);
    }
    const connection = await lookFor(stateFolder, options, waiting);
    if (connection) return { connection, process: null };
  }
}

/** Looks for the note of whoever holds the folder, for some time. */
async function lookFor(
  stateFolder: string,
  options: ConnectionOptions,
  waiting: AbortSignal,
): Promise<EngineConnection | null> {
  const until = performance.now() + startEveryMs;
  for (;;) {
    const connection = await findEngine(stateFolder, options);
    if (connection || performance.now() >= until) return connection;
    await sleep(lookEveryMs, undefined, { signal: waiting });
  }
}
