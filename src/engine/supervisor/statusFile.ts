import { rm, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { RunSnapshot } from '../../protocol/snapshot.ts';
import { statusFileName, statusSavedAtLeastEveryMs, type StatusFile } from '../../protocol/statusFile.ts';
import type { Clock } from '../system/clock.ts';
import { renameOver } from '../system/durableFiles.ts';
import type { ToldEvent } from './clients/eventStream.ts';

const saveAtMostEveryMs = 2000;

/**
 * Leaves the state of a run in the state folder, for other terminals; each run has a writer of its own. Nobody's
 * books depend on it: a write that fails, on a full disk say, is left out, and the next one is tried in its time.
 */
export class StatusWriter {
  readonly #path: string;
  readonly #clock: Clock;
  readonly #snapshot: () => RunSnapshot;
  readonly #startedAt: string;
  /** When the last save began, by the steady clock; null before the first one. */
  #savedAtMs: number | null = null;
  #cancelSave = (): void => undefined;
  #saving: Promise<void> = Promise.resolve();
  #isChanged = false;
  #isBusy = false;
  #hasEnded = false;

  constructor(stateFolder: string, clock: Clock, snapshot: () => RunSnapshot) {
    this.#path = join(stateFolder, statusFileName);
    this.#clock = clock;
    this.#snapshot = snapshot;
    this.#startedAt = clock.date().toISOString();
  }

  /** To be called with each event. The first save waits for a run that goes on: a refused one leaves the last one's state. */
  follow(event: ToldEvent): void {
    if (this.#hasEnded) return;
    if (this.#savedAtMs === null) {
      const goesOn =
        event.type === 'run:changed' && (event.run.phase === 'running' || event.run.phase === 'stopping');
      if (!goesOn) return;
      this.#save();
      return;
    }
    if (this.#isChanged) return;
    this.#isChanged = true;
    this.#saveLater();
  }

  /** Saves what the run ended with, and nothing after that: from then on the file is the next run's. */
  async end(): Promise<void> {
    this.#cancelSave();
    this.#hasEnded = true;
    await this.#saving;
    if (this.#savedAtMs === null) return;
    await this.#write(this.#clock.date().toISOString());
  }

  #saveLater(): void {
    if (this.#savedAtMs === null || this.#isBusy || this.#hasEnded) return;
    this.#cancelSave();
    const waitMs = this.#isChanged ? saveAtMostEveryMs : statusSavedAtLeastEveryMs;
    const sinceMs = this.#clock.now() - this.#savedAtMs;
    this.#cancelSave = this.#clock.after(Math.max(0, waitMs - sinceMs), () => {
      this.#save();
    });
  }

  #save(): void {
    this.#savedAtMs = this.#clock.now();
    this.#isChanged = false;
    this.#isBusy = true;
    this.#saving = this.#write().then(() => {
      this.#isBusy = false;
      this.#saveLater();
    });
  }

  /** Never rejects. */
  async #write(endedAt?: string): Promise<void> {
    const temporary = `${this.#path}.tmp`;
    try {
      const status: StatusFile = {
        version: 1,
        pid: process.pid,
        host: hostname(),
        startedAt: this.#startedAt,
        savedAt: this.#clock.date().toISOString(),
        ...(endedAt === undefined ? {} : { endedAt }),
        snapshot: this.#snapshot(),
      };
      await writeFile(temporary, JSON.stringify(status));
      await renameOver(temporary, this.#path);
    } catch {
      // Half a file takes room that the books may need.
      await rm(temporary, { force: true }).catch(() => undefined);
    }
  }
}
