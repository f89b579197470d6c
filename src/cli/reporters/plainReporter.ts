import type { SnapshotReader } from '../../client/snapshotStore.ts';
import type { RunState } from '../../protocol/snapshot.ts';
import type { Output } from '../output.ts';
import type { Happening } from '../runFollower.ts';
import { stoppingText } from '../stoppingText.ts';
import { renderHappening, renderTotal } from '../summaryText.ts';
import { printable } from '../../protocol/printable.ts';
import { paintPlain } from '../terminalText.ts';
import type { Reporter } from './reporter.ts';

const totalEveryMs = 10_000;

/** Lines for a file or a pipe: one for each end of a tar, and the total every ten seconds. */
export class PlainReporter implements Reporter {
  readonly #stdout: Output;
  readonly #stderr: Output;
  readonly #summary: (run: RunState) => string[];
  readonly #timer: NodeJS.Timeout;

  constructor(stdout: Output, stderr: Output, store: SnapshotReader, summary: (run: RunState) => string[]) {
    this.#stdout = stdout;
    this.#stderr = stderr;
    this.#summary = summary;
    this.#timer = setInterval(() => {
      if (store.run) stdout.line(renderTotal(store.run, store.tars));
    }, totalEveryMs);
  }

  show(happening: Happening): void {
    this.#stdout.line(renderHappening(happening, paintPlain));
  }

  stopping(): void {
    this.#stdout.line(stoppingText);
  }

  engineWrote(line: string): void {
    this.#stderr.line(printable(line));
  }

  summarize(run: RunState): void {
    this.#stdout.line(['', ...this.#summary(run)].join('\n'));
  }

  close(): void {
    clearInterval(this.#timer);
  }
}
