const newline = 0x0a;

/** Puts the chunks of a socket together to lines. */
export class FrameLines {
  /** What has come of a line of which the end has not. */
  #parts: Buffer[] = [];
  #bytes = 0;
  /** No line may be longer; what is behind one that is cannot be understood. */
  largestBytes: number;

  constructor(largestBytes: number) {
    this.largestBytes = largestBytes;
  }

  /**
   * The lines that end in this chunk, without their ends.
   *
   * @throws RangeError when one is too long, be its end there or not.
   */
  *take(chunk: Buffer): Generator<string> {
    for (let start = 0; start < chunk.length;) {
      const end = chunk.indexOf(newline, start);
      const part = chunk.subarray(start, end < 0 ? chunk.length : end);
      this.#bytes += part.length;
      if (this.#bytes > this.largestBytes) throw new RangeError('the line is too long');
      this.#parts.push(part);
      if (end < 0) return;
      // Characters may lie across chunks: bytes are joined first, and read as text then.
      const line = Buffer.concat(this.#parts, this.#bytes).toString('utf8');
      this.#parts = [];
      this.#bytes = 0;
      yield line;
      start = end + 1;
    }
  }
}
