import { readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';
import { oneLine, systemCode } from '../../../protocol/errors.ts';
import {
  historyEntrySchema,
  historyFileName,
  keptHistoryEntries,
  type HistoryEntry,
  type HistoryKind,
} from '../../../protocol/history.ts';
import { systemClock, type Clock } from '../../system/clock.ts';
import { replaceFile } from '../../system/durableFiles.ts';
import type { EventLog, LogLevel } from '../../system/eventLog.ts';
import { isInDay, restartsInDay } from './restarts.ts';

export type HistoryLog = Pick<EventLog, 'info' | 'warn' | 'error'>;

const historyFileSchema = v.object({
  version: v.literal(1),
  entries: v.array(historyEntrySchema),
  /** The automatic ones of the last day: the entries may have been pushed out by then. */
  restarts: v.array(
    v.object({
      worker: v.pipe(v.number(), v.integer(), v.minValue(1)),
      at: v.pipe(v.string(), v.isoTimestamp()),
    }),
  ),
});
type HistoryFile = v.InferOutput<typeof historyFileSchema>;

const levels: Readonly<Record<HistoryKind, LogLevel>> = {
  died: 'WARNING',
  slow: 'WARNING',
  stuck: 'WARNING',
  silent: 'WARNING',
  memory: 'WARNING',
  restarted: 'INFO',
  paused: 'ERROR',
  resumed: 'INFO',
  reassigned: 'INFO',
  poison: 'ERROR',
  scaled: 'INFO',
  swept: 'WARNING',
  engine: 'INFO',
};

/**
 * What supervision did in a state folder, kept over the engines that come and go. It is told to people; of it all only
 * the times of the restarts decide anything. Memory is what counts while the engine lives: a write that fails, on a
 * full disk say, ends nothing, and the next one has all of it.
 */
export class History {
  /** For what was done in the same matters and is no entry. */
  readonly log: HistoryLog;
  /** Is told of each entry, once it is there. */
  onAdded: (entry: HistoryEntry) => void = () => undefined;
  readonly #path: string;
  readonly #clock: Clock;
  #entries: HistoryEntry[] = [];
  /** When each worker was started again by itself, in milliseconds since 1970. */
  readonly #restarts = new Map<number, number[]>();
  #isChanged = false;
  #saving: Promise<void> | null = null;
  #failing = false;
  /** The file is damaged and could not be kept aside: it is left as it is. */
  #mayWrite = true;

  private constructor(path: string, log: HistoryLog, clock: Clock) {
    this.#path = path;
    this.log = log;
    this.#clock = clock;
  }

  /** Reads what earlier engines left. A file that makes no sense is kept aside and reported; nothing is thrown. */
  static async load(stateFolder: string, log: HistoryLog, clock: Clock = systemClock): Promise<History> {
    const history = new History(join(stateFolder, historyFileName), log, clock);
    await history.#read();
    return history;
  }

  /** Oldest first. */
  get entries(): readonly HistoryEntry[] {
    return this.#entries;
  }

  /** @param level in the log, where it is not what entries of its kind have */
  add(
    what: Pick<HistoryEntry, 'kind' | 'worker' | 'tar' | 'message'>,
    level: LogLevel = levels[what.kind],
  ): void {
    const { kind, worker, tar, message } = what;
    const entry: HistoryEntry = { at: this.#clock.date().toISOString(), kind, worker, tar, message };
    this.#entries = [...this.#entries, entry].slice(-keptHistoryEntries);
    this.#write(level, message);
    this.#save();
    this.onAdded(entry);
  }

  /** Takes note that a worker is started again, unasked, at this moment. */
  addRestart(worker: number): void {
    const now = this.#clock.date().getTime();
    const recent = (this.#restarts.get(worker) ?? []).filter(time => isInDay(time, now));
    this.#restarts.set(worker, [...recent, now]);
    this.#save();
  }

  /** Automatic restarts of a worker in the last 24 hours, by this engine and those before it. */
  restartsInDay(worker: number): number {
    return restartsInDay(this.#restarts.get(worker) ?? [], this.#clock.date().getTime());
  }

  /** Resolves when all that was added so far is in the file, or could not be written. Never rejects. */
  async settled(): Promise<void> {
    while (this.#saving) await this.#saving;
  }

  async #read(): Promise<void> {
    let text: string;
    try {
      text = await readFile(this.#path, 'utf8');
    } catch (thrown) {
      if (systemCode(thrown) !== 'ENOENT') await this.#setAside(thrown);
      return;
    }
    try {
      const file = v.parse(historyFileSchema, JSON.parse(text));
      this.#entries = file.entries.slice(-keptHistoryEntries);
      for (const { worker, at } of file.restarts)
        this.#restarts.set(worker, [...(this.#restarts.get(worker) ?? []), Date.parse(at)]);
    } catch (thrown) {
      await this.#setAside(thrown);
    }
  }

  async #setAside(damage: unknown): Promise<void> {
    const aside = `${this.#path}.damaged-${this.#clock.date().toISOString().replaceAll(':', '-')}`;
    const what = `The history of supervision ${this.#path} could not be read (${oneLine(damage)})`;
    try {
      await rename(this.#path, aside);
      this.log.error(`${what} and was kept as ${aside}. Restarts before this are not counted.`);
    } catch (thrown) {
      this.#mayWrite = false;
      this.log.error(
        `${what} nor kept aside (${oneLine(thrown)}): it is left as it is, and nothing is added.`,
      );
    }
  }

  #write(level: LogLevel, message: string): void {
    if (level === 'INFO') this.log.info(message);
    else if (level === 'WARNING') this.log.warn(message);
    else this.log.error(message);
  }

  /** One write at a time; what is added meanwhile goes into the next. */
  #save(): void {
    this.#isChanged = true;
    if (this.#mayWrite) this.#saving ??= this.#saveAll();
  }

  async #saveAll(): Promise<void> {
    while (this.#isChanged) {
      this.#isChanged = false;
      try {
        await replaceFile(this.#path, [JSON.stringify(this.#file(), null, 1)]);
        this.#failing = false;
      } catch (thrown) {
        // Told once: on a full disk each entry would say it anew.
        if (!this.#failing) this.log.warn(`${this.#path} could not be written (${oneLine(thrown)}).`);
        this.#failing = true;
      }
    }
    this.#saving = null;
  }

  #file(): HistoryFile {
    const now = this.#clock.date().getTime();
    const restarts = [...this.#restarts].flatMap(([worker, times]) =>
      times.filter(time => isInDay(time, now)).map(time => ({ worker, at: new Date(time).toISOString() })),
    );
    return { version: 1, entries: this.#entries, restarts };
  }
}
