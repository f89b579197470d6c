/** Smaller ones are not worth keeping. */
export const smallestPooled = 64 * 1024;
/** Classes for each power of two: so no more than a fifth of a buffer stays unused. */
const classesForPower = 4;

/** One that is so many times as large as it need be is better than a new one. */
const largestFit = 2;

/**
 * Buffers for the bodies of books, used again and again: new memory for each book costs the system more than reading
 * into it. Whoever gives one back promises that nobody reads it any more; one that is not given back is collected like
 * any other. So a body that may still be on its way somewhere is just let go of.
 *
 * Their memory is shared, so that threads read it where it is; what cannot take that has to copy it. The collector does
 * not see how much that is, so it is bounded here, and what goes beyond is memory like any other.
 */
export class BodyPool {
  readonly #largest: number;
  /** By size, from the smallest. */
  readonly #free: SharedArrayBuffer[] = [];
  /** What was taken, and not given back. */
  readonly #inUse = new WeakSet<SharedArrayBuffer>();
  /** Of all of them that there are. */
  #bytes = 0;
  readonly #collected = new FinalizationRegistry<number>(size => {
    this.#bytes -= size;
  });

  /** @param largest so many bytes there may be, in use and free */
  constructor(largest: number) {
    this.#largest = largest;
  }

  /** A buffer of that many bytes, with anything in them. */
  take(length: number): Buffer {
    if (length < smallestPooled) return Buffer.allocUnsafe(length);
    const memory = this.#takeFree(length) ?? this.#make(classOf(length));
    if (!memory) return Buffer.allocUnsafeSlow(length);
    this.#inUse.add(memory);
    return Buffer.from(memory, 0, length);
  }

  /** Gives back what {@link take} gave. Nothing else is taken, and nothing twice. */
  give({ buffer }: Buffer): void {
    if (!(buffer instanceof SharedArrayBuffer) || !this.#inUse.delete(buffer)) return;
    const at = this.#free.findIndex(({ byteLength }) => byteLength >= buffer.byteLength);
    this.#free.splice(at < 0 ? this.#free.length : at, 0, buffer);
  }

  #takeFree(length: number): SharedArrayBuffer | undefined {
    const at = this.#free.findIndex(({ byteLength }) => byteLength >= length);
    const size = this.#free[at]?.byteLength;
    if (size === undefined || size > length * largestFit) return undefined;
    return this.#free.splice(at, 1)[0];
  }

  #make(size: number): SharedArrayBuffer | null {
    // Free ones that fit nothing make room, as soon as they are collected.
    if (this.#bytes + size > this.#largest) {
      this.#free.shift();
      return null;
    }
    const memory = new SharedArrayBuffer(size);
    this.#bytes += size;
    this.#collected.register(memory, size);
    return memory;
  }
}

/** The least size of a class that holds so many bytes. */
function classOf(length: number): number {
  const step = 2 ** Math.floor(Math.log2(length)) / classesForPower;
  return Math.ceil(length / step) * step;
}
