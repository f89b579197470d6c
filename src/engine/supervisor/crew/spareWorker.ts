import type { Clock } from '../../system/clock.ts';
import type { StartWorker, WorkerHandle, WorkerListener } from './workerProcess.ts';

/** A run that begins with its engine takes it much sooner; where none comes, or only later, it is not to stay for that. */
const keptForMs = 10_000;

/**
 * A process of a worker that begins before it is known what it is to do, while its engine sees to other things: until its
 * first message a worker touches nothing. It is taken once, by whoever starts a worker, or ended.
 */
export class SpareWorker {
  #process: WorkerHandle | null;
  #listener: WorkerListener | null = null;
  readonly #cancelEnd: () => void;

  constructor(startWorker: StartWorker, clock: Clock) {
    this.#process = startWorker({
      // Before it was told anything it only says that it is there.
      onMessage: message => this.#listener?.onMessage(message),
      onEnd: end => {
        this.#process = null;
        this.#cancelEnd();
        this.#listener?.onEnd(end);
      },
    });
    this.#cancelEnd = clock.after(keptForMs, () => {
      this.end();
    });
  }

  /** @returns null where it was taken before, or is not there any more */
  take(listener: WorkerListener): WorkerHandle | null {
    const process = this.#process;
    if (!process || this.#listener) return null;
    this.#cancelEnd();
    this.#listener = listener;
    return process;
  }

  /** Ends it where nobody has taken it. */
  end(): void {
    const process = this.#process;
    if (!process || this.#listener) return;
    this.#cancelEnd();
    // Nobody is to take it any more.
    this.#process = null;
    process.kill();
  }
}
