import { oneLine } from '../../../protocol/errors.ts';
import type { Clock } from '../../system/clock.ts';
import type { LoadReading } from './loadMeter.ts';
import type { WorkerScaler } from './workerScaler.ts';

/*
 * What lives in this folder: how much memory and disk the machine has to spare, and how many workers that bears. It
 * promises that a figure that is not to be had switches its rule off and says so, and changes nothing else.
 */

/** The workers, as far as their number goes. */
export interface Staff {
  /** How many are at work, or will be by themselves; not those that are on their way out. */
  readonly active: number;
  /** Lets one finish the book in hand and end; its tars go to the others. Whether there was one to spare. */
  retire(reason: string): boolean;
  /** Puts one more to work. Whether there was one, and work for it. */
  employ(reason: string): boolean;
}

export interface LoadWatchOptions {
  readonly meter: { read(): Promise<LoadReading> };
  readonly scaler: WorkerScaler;
  readonly staff: Staff;
  readonly clock: Clock;
  readonly checkSeconds: number;
  /** Told once of each rule that is off, in a line for a person. */
  readonly onOff: (line: string) => void;
}

/** A disk is busy or idle for moments; what is shorter says nothing of it. */
const shortestCheckMs = 10_000;

/** Keeps the number of workers to what the machine bears, as long as a run goes on. */
export class LoadWatch {
  readonly #options: LoadWatchOptions;
  readonly #told = new Set<string>();

  constructor(options: LoadWatchOptions) {
    this.#options = options;
  }

  /** Watches until the signal is given; then no timer is left, and nobody is retired or employed any more. Never throws. */
  start(signal: AbortSignal): void {
    const { checkSeconds, clock } = this.#options;
    const everyMs = Math.max(shortestCheckMs, checkSeconds * 1000);
    let cancel: () => void = () => undefined;
    const look = (): void => {
      // The next look has its turn once this one is done: a file system that hangs must not be asked again and again.
      void this.#look(signal).then(wait, wait);
    };
    const wait = (): void => {
      if (!signal.aborted) cancel = clock.after(everyMs, look);
    };
    signal.addEventListener('abort', () => {
      cancel();
    });
    // At once for the first time: from then on the disks' counters are known, and it is told which rules are off.
    if (!signal.aborted) look();
  }

  async #look(signal: AbortSignal): Promise<void> {
    const { meter, onOff, scaler, staff } = this.#options;
    try {
      const reading = await meter.read();
      if (signal.aborted) return;
      for (const line of reading.off) {
        if (this.#told.has(line)) continue;
        this.#told.add(line);
        onOff(line);
      }
      const { change, reason } = scaler.decide(reading, staff.active);
      if (change === 'down' && staff.retire(reason)) scaler.changed('down');
      if (change === 'up' && staff.employ(reason)) scaler.changed('up');
    } catch (thrown) {
      const line = `the load of the machine is not watched: ${oneLine(thrown)}`;
      if (signal.aborted || this.#told.has(line)) return;
      this.#told.add(line);
      onOff(line);
    }
  }
}
