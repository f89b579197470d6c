import type { SnapshotReader } from '../../client/snapshotStore.ts';
import type { IngestOptions } from '../../protocol/ingestOptions.ts';
import type { RunState } from '../../protocol/snapshot.ts';
import { jsonHappening, jsonProgress, jsonSummary } from '../jsonLines.ts';
import type { Output } from '../output.ts';
import type { Happening } from '../runFollower.ts';
import { stoppingText } from '../stoppingText.ts';
import type { Reporter } from './reporter.ts';

const progressEveryMs = 1000;

/** One JSON object a line on standard output; words for people go to standard error. */
export class JsonReporter implements Reporter {
  readonly #stdout: Output;
  readonly #stderr: Output;
  readonly #options: IngestOptions | null;
  readonly #timer: NodeJS.Timeout;
  #hasStarted = false;

  constructor(stdout: Output, stderr: Output, store: SnapshotReader, options: IngestOptions | null) {
    this.#stdout = stdout;
    this.#stderr = stderr;
    this.#options = options;
    this.#timer = setInterval(() => {
      const { run, tars, workers } = store;
      if (run && this.#hasStarted) this.#line(jsonProgress(run, tars, workers));
    }, progressEveryMs);
  }

  show(happening: Happening): void {
    if (happening.kind === 'started') this.#hasStarted = true;
    this.#line(jsonHappening(happening, this.#options));
  }

  stopping(): void {
    this.#stderr.line(stoppingText);
  }

  engineWrote(line: string): void {
    this.#stderr.line(line);
  }

  summarize(run: RunState): void {
    clearInterval(this.#timer);
    if (run.summary) this.#line(jsonSummary(run.summary));
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #line(object: object): void {
    this.#stdout.line(JSON.stringify(object));
  }
}
