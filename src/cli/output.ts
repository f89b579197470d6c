import { fstatSync, writeSync } from 'node:fs';
import { Writable } from 'node:stream';
import { oneLine, systemCode } from '../protocol/errors.ts';

/**
 * A stream that lines are written to until it takes no more: its reader has gone, as in `tarshelf … | head`, or what is
 * written is lost, as on a full disk.
 */
export class Output {
  readonly stream: Writable;
  #isBroken = false;
  #loss: string | null = null;
  #onLost: (why: string) => void = () => undefined;
  #onBroken: () => void = () => undefined;

  constructor(stream: Writable) {
    this.stream = stream;
    // Without a listener it would be an uncaught error.
    stream.on('error', error => {
      if (this.#isBroken) return;
      this.#isBroken = true;
      if (!hasReaderGone(error, stream)) {
        this.#loss = oneLine(error);
        this.#onLost(this.#loss);
      }
      this.#onBroken();
    });
  }

  /** Nothing that is written arrives any more. */
  get isBroken(): boolean {
    return this.#isBroken;
  }

  /** Something that was written has not arrived, and somebody may miss it. */
  get isLost(): boolean {
    return this.#loss !== null;
  }

  /** What to do, once, when something that was written is lost. The last one given is done. */
  whenLost(action: (why: string) => void): void {
    this.#onLost = action;
    if (this.#loss !== null) action(this.#loss);
  }

  /** What to do, once, when nothing arrives any more. */
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

/** A pipe without a reader, as each system calls it, or a terminal that was closed. */
function hasReaderGone(error: Error, stream: Writable): boolean {
  const code = systemCode(error);
  const isTerminal = 'isTTY' in stream && stream.isTTY === true;
  return code === 'EPIPE' || code === 'ECONNRESET' || code === 'EOF' || (code === 'EIO' && isTerminal);
}

/** The standard output of this process. */
export function standardOutput(): Writable {
  const descriptor = 1;
  if (!fstatSync(descriptor).isFile()) return process.stdout;
  // A disk that becomes full takes the beginning of a piece and reports no error. Node's own stream leaves it at that.
  return new Writable({
    write(piece: Buffer, _encoding, done) {
      try {
        for (let at = 0; at < piece.length;) at += writeSync(descriptor, piece, at);
        done();
      } catch (thrown) {
        done(thrown instanceof Error ? thrown : new Error(String(thrown)));
      }
    },
  });
}
