import { createLogUpdate } from 'log-update';
import type { WriteStream } from 'node:tty';
import type { SnapshotReader } from '../../client/snapshotStore.ts';
import type { RunState } from '../../protocol/snapshot.ts';
import { renderLive } from '../liveDisplay.ts';
import type { Happening } from '../runFollower.ts';
import { renderHappening } from '../summaryText.ts';
import { printable } from '../../protocol/printable.ts';
import type { Paint } from '../terminalText.ts';
import type { Reporter } from './reporter.ts';

const redrawEveryMs = 200;

/** What the live display needs to know of the terminal it is on. */
export interface LiveTerminal {
  readonly stream: WriteStream;
  readonly paint: Paint;
  readonly hasLines: boolean;
}

/** Bars that are redrawn in place, and above them the lines that stay. */
export class LiveReporter implements Reporter {
  readonly #terminal: LiveTerminal;
  readonly #store: SnapshotReader;
  readonly #summary: (run: RunState) => string[];
  readonly #logUpdate: ReturnType<typeof createLogUpdate>;
  readonly #timer: NodeJS.Timeout;
  /** Lines that stay, kept until the next redraw: however many come, the terminal is written to at its pace. */
  #lines: string[] = [];
  #isStopping = false;
  #isClosed = false;

  constructor(terminal: LiveTerminal, store: SnapshotReader, summary: (run: RunState) => string[]) {
    this.#terminal = terminal;
    this.#store = store;
    this.#summary = summary;
    this.#logUpdate = createLogUpdate(terminal.stream);
    this.#timer = setInterval(() => {
      this.#redraw();
    }, redrawEveryMs);
    this.#redraw();
  }

  show(happening: Happening): void {
    // A tar that ended well shows in the bars and the total; with thousands of them its line would be noise.
    if (happening.kind === 'tarEnded' && happening.tar.phase === 'completed') return;
    this.#lines.push(renderHappening(happening, this.#terminal.paint));
  }

  stopping(): void {
    this.#isStopping = true;
    this.#redraw();
  }

  engineWrote(line: string): void {
    this.#lines.push(this.#terminal.paint('dim', printable(line)));
  }

  summarize(run: RunState): void {
    this.#lines.push('', ...this.#summary(run));
    this.close();
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    clearInterval(this.#timer);
    this.#logUpdate.clear();
    this.#logUpdate.done();
    this.#writeLines();
  }

  #redraw(): void {
    const { stream, paint, hasLines } = this.#terminal;
    this.#writeLines();
    const lines = renderLive(
      {
        run: this.#store.run,
        tars: this.#store.tars,
        workers: this.#store.workers,
        isStopping: this.#isStopping,
      },
      { columns: stream.columns || 80, rows: stream.rows || 24, paint, hasLines },
    );
    this.#logUpdate(lines.join('\n'));
  }

  #writeLines(): void {
    if (this.#lines.length === 0) return;
    // Not by log-update's own `persist`, which breaks long lines for good: paths could not be copied any more.
    this.#logUpdate.clear();
    this.#terminal.stream.write(`${this.#lines.join('\n')}\n`);
    this.#lines = [];
  }
}
