import type { Writable } from 'node:stream';

/** A stream that lines are written to until its reader has gone, as in `tarshelf … | head`. */
export class Output {
  readonly stream: Writable;
  #isBroken = false;
  #onBroken: () => void = () => undefined;

  constructor(stream: Writable) {
    this.stream = stream;
    // EPIPE, or EIO of a terminal that was closed. Without a listener it would be an uncaught error.
    stream.on('error', () => {
      if (this.#isBroken) return;
      this.#isBroken = true;
      this.#onBroken();
    });
  }

  get isBroken(): boolean {
    return this.#isBroken;
  }

  /** What to do, once, when the reader has gone. */
  whenBroken(action: () => void): void {
    this.#onBroken = action;
    if (this.#isBroken) action();
  }

  line(text: string): void {
    this.write(`${text}\n`);
  }

  write(text: string): void {
    if (!this.#isBroken) this.stream.write(text);
  }
}
