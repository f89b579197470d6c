/** What a thread that reads books is given when it begins. */
export interface ThreadData {
  /** Memory that it shares with the worker. */
  readonly shared: Int32Array<SharedArrayBuffer>;
}

/** What stands where in that memory. */
export const sharedWords = {
  /** Not zero once whatever is under way is to be left off. */
  abandoned: 0,
  /** Which book is described at the moment, by a number that each has another of; 0 for none. */
  describing: 1,
  /** Not zero while a reader waits for bytes of a file: a book is not to blame for a slow disk. */
  atDisk: 2,
} as const;

/** In the thread: what a reader says before and after it reads from a file. */
export function noteReading(shared: ThreadData['shared'], isReading: boolean): void {
  Atomics.store(shared, sharedWords.atDisk, isReading ? 1 : 0);
}
