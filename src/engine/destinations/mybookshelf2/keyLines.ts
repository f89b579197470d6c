import type { KnownKey } from '../destination.ts';

const lineFeed = 0x0a;
/** No line with a key is as long. What begins a longer one is kept no further: it is none either way. */
const longestBytes = 256;
const keyLine = /^([0-9a-fA-F]{40})\t(\d{1,10})$/;

/**
 * Takes the text that `COPY (SELECT hash, size …) TO STDOUT` sends apart into keys, as it comes, in bounded memory.
 *
 * Bytes are looked at, not characters: a chunk may end within a character or an escape, but a line feed or a tab
 * within a value is always sent escaped, in an encoding whose other characters hold no such byte. A row whose hash
 * is no SHA-1, or that lacks a value (`\N`), is passed over: no book of ours can be the same.
 */
export class KeyLines {
  readonly #onKey: (key: KnownKey) => void;
  #begun = '';
  #count = 0;

  constructor(onKey: (key: KnownKey) => void) {
    this.#onKey = onKey;
  }

  /** Lines that were whole, also those without a key. */
  get count(): number {
    return this.#count;
  }

  add(chunk: Buffer): void {
    let from = 0;
    for (let end = chunk.indexOf(lineFeed); end !== -1; end = chunk.indexOf(lineFeed, from)) {
      this.#take(this.#begun + chunk.toString('latin1', from, end));
      this.#begun = '';
      from = end + 1;
    }
    const room = longestBytes - this.#begun.length;
    this.#begun += chunk.toString('latin1', from, Math.min(chunk.length, from + room));
  }

  #take(line: string): void {
    this.#count += 1;
    const [, sha1, size] = keyLine.exec(line) ?? [];
    if (sha1 === undefined) return;
    this.#onKey({ sha1: sha1.toLowerCase(), sizeBytes: Number(size) });
  }
}
