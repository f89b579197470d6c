/** Smaller ones are not worth keeping. */
export const smallestPooled = 64 * 1024;
/** Classes for each power of two: so no more than a fifth of a buffer stays unused. */
const classesForPower = 4;

/**
 * Buffers for the bodies of books, used again and again: new memory for each book costs the system more than reading
 * into it. Whoever gives one back promises that nobody reads it any more; one that is not given back is collected like
 * any other. So a body that may still be on its way somewhere is just let go of.
 */
export class BodyPool {
  readonly #free = new Map<number, ArrayBuffer[]>();
  readonly #largestFree: number;
  #freeBytes = 0;

  /** @param largestFree so many bytes are kept for later at most */
  constructor(largestFree: number) {
    this.#largestFree = largestFree;
  }

  /** A buffer of that many bytes, with anything in them. */
  take(length: number): Buffer {
    if (length < smallestPooled) return Buffer.allocUnsafe(length);
    const size = classOf(length);
    const free = this.#free.get(size)?.pop();
    if (!free) return Buffer.allocUnsafeSlow(size).subarray(0, length);
    this.#freeBytes -= size;
    return Buffer.from(free, 0, length);
  }

  /** Gives back what {@link take} gave. */
  give({ buffer, byteOffset }: Buffer): void {
    const size = buffer.byteLength;
    const isOurs = byteOffset === 0 && size >= smallestPooled && classOf(size) === size;
    if (!isOurs || !(buffer instanceof ArrayBuffer) || this.#freeBytes + size > this.#largestFree) return;
    this.#freeBytes += size;
    const free = this.#free.get(size);
    if (free) free.push(buffer);
    else this.#free.set(size, [buffer]);
  }
}

/** The least size of a class that holds so many bytes. */
function classOf(length: number): number {
  const step = 2 ** Math.floor(Math.log2(length)) / classesForPower;
  return Math.ceil(length / step) * step;
}
