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
    let memory = this.#free.get(size)?.pop();
    if (memory) this.#freeBytes -= size;
    else memory = new ArrayBuffer(size);
    inUse.add(memory);
    return Buffer.from(memory, 0, length);
  }

  /** Gives back what {@link take} gave. Nothing else is taken, and nothing twice. */
  give({ buffer }: Buffer): void {
    if (!isOwn(buffer)) return;
    inUse.delete(buffer);
    const size = buffer.byteLength;
    if (this.#freeBytes + size > this.#largestFree) return;
    this.#freeBytes += size;
    const free = this.#free.get(size);
    if (free) free.push(buffer);
    else this.#free.set(size, [buffer]);
  }
}

/** Holds a book's bytes; null while they are lent, and where they were lost. */
export interface KeptBody {
  kept: Buffer | null;
}

/** The memory of buffers that were taken, and not given back. Other buffers may share theirs with anybody. */
const inUse = new WeakSet<ArrayBuffer>();

/** Whether memory was taken from a pool, so that it is its buffer's alone. */
export function isOwn(memory: ArrayBufferLike): memory is ArrayBuffer {
  return memory instanceof ArrayBuffer && inUse.has(memory);
}

/** What was lent to a thread comes back as another object. */
export function comeBack(body: Uint8Array<ArrayBuffer>): Buffer {
  inUse.add(body.buffer);
  return Buffer.from(body.buffer, body.byteOffset, body.byteLength);
}

/** The least size of a class that holds so many bytes. */
function classOf(length: number): number {
  const step = 2 ** Math.floor(Math.log2(length)) / classesForPower;
  return Math.ceil(length / step) * step;
}
