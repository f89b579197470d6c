/** How far behind the end mark a look is taken. Writers pad with zeros to some 10 KB. */
export const lookedAtAfterEnd = 1024 * 1024;

/** Says what follows an end mark: nobody reads it, so nobody may think that it was read. */
export class AfterEnd {
  readonly #position: number;
  #seen = 0;
  #notZero = 0;
  #firstNotZero = 0;

  /** @param position where the end mark ends */
  constructor(position: number) {
    this.#position = position;
  }

  /** Takes the next bytes after the end mark. */
  see(bytes: Buffer): void {
    const length = Math.min(bytes.length, lookedAtAfterEnd - this.#seen);
    for (let at = 0; at < length; at++) {
      if (bytes[at] === 0) continue;
      if (this.#notZero === 0) this.#firstNotZero = this.#position + this.#seen + at;
      this.#notZero++;
    }
    this.#seen += length;
  }

  /** What to tell, or null where nothing but the usual zeros follows. */
  notice(tarBytes: number): string | null {
    const rest = tarBytes - this.#position;
    const where = `${String(rest)} bytes follow the end mark at byte ${String(this.#position)} and were not read`;
    if (this.#notZero > 0) {
      return `${where}: ${String(this.#notZero)} of the first ${String(this.#seen)} are not zero, from byte ${String(this.#firstNotZero)} on`;
    }
    return rest > this.#seen ? `${where}: the first ${String(this.#seen)} are zero` : null;
  }
}

/** What to tell of a tar that ends after the first of the two blocks that make an end mark. */
export function loneZeroBlockNotice(position: number): string {
  return `the end mark at byte ${String(position)} is one block long instead of two; nothing follows it`;
}
