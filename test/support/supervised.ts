import assert from 'node:assert/strict';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { HistoryEntry } from '../../src/protocol/history.ts';
import { startTarshelf, type RunningCommand } from './commandLine.ts';
import { EngineWatch } from './engineWatch.ts';
import { useIngest, type IngestFixture } from './ingestFixture.ts';
import { filesInLibrary, keysInLibrary, recordsAreTrue } from './libraryTruth.ts';
import { faultEnv, type FaultOptions } from './workerFaults.ts';

/** Supervision in seconds in place of minutes. */
export const hasty = [
  ...['--check-every', '1s', '--stuck-upload', '3s', '--stuck-read', '3s', '--silent-after', '5s'],
  ...['--gentle-stop', '1s'],
];

export interface SupervisedFixture extends IngestFixture {
  /** Starts an ingest whose workers have faults, and looks on at its engine. */
  readonly launch: (
    faults: Omit<FaultOptions, 'flags'>,
    ...more: string[]
  ) => Promise<{ command: RunningCommand; watch: EngineWatch }>;
  /** What supervision has recorded. */
  readonly recorded: () => Promise<HistoryEntry[]>;
  /** `auto_monitor.log`, whole. */
  readonly monitorLog: () => Promise<string>;
  /** The shelf has just these books, each once, and no record says otherwise. */
  readonly shelfHas: (keys: readonly string[]) => Promise<void>;
}

/** Gives each test of the suite folders of its own, and an ingest in them that can be watched. Call within `describe`. */
export function useSupervised(): SupervisedFixture {
  const fixture = useIngest();
  const { folder, state, library, args } = fixture;
  const flags = (): string => join(folder(), 'flags');
  beforeEach(async () => {
    await mkdir(flags());
  });
  return {
    ...fixture,
    launch: async (faults, ...more) => {
      const command = startTarshelf(args(...more), { env: faultEnv({ flags: flags(), ...faults }) });
      return { command, watch: await EngineWatch.attach(state()) };
    },
    recorded: async () => {
      const text = await readFile(join(state(), 'supervision_history.json'), 'utf8');
      return (JSON.parse(text) as { entries: HistoryEntry[] }).entries;
    },
    monitorLog: () => readFile(join(state(), 'auto_monitor.log'), 'utf8'),
    shelfHas: async keys => {
      assert.deepEqual(await keysInLibrary(library()), keys);
      assert.equal(await filesInLibrary(library()), keys.length);
      await recordsAreTrue(state(), library());
    },
  };
}
