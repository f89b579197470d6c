import type { HistoryEntry } from '../../protocol/history.ts';
import { systemClock, type Clock } from '../clock.ts';
import type { EventLog } from '../logs/eventLog.ts';

/** What supervision did. */
export class History {
  readonly #log: Pick<EventLog, 'info' | 'warn' | 'error'>;
  readonly #clock: Clock;
  readonly #entries: HistoryEntry[] = [];
  onAdded: (entry: HistoryEntry) => void = () => undefined;

  private constructor(log: Pick<EventLog, 'info' | 'warn' | 'error'>, clock: Clock) {
    this.#log = log;
    this.#clock = clock;
  }

  static load(
    _stateFolder: string,
    log: Pick<EventLog, 'info' | 'warn' | 'error'>,
    clock: Clock = systemClock,
  ): Promise<History> {
    return Promise.resolve(new History(log, clock));
  }

  get entries(): readonly HistoryEntry[] {
    return this.#entries;
  }

  add(entry: Omit<HistoryEntry, 'at'>): void {
    const added = { at: this.#clock.date().toISOString(), ...entry };
    this.#entries.push(added);
    this.#log.info(entry.message);
    this.onAdded(added);
  }

  settled(): Promise<void> {
    return Promise.resolve();
  }
}
