/** Time, passed in to whatever decides by it, so that a test can play a day in a moment. */
export interface Clock {
  /** Milliseconds of a clock that only goes forward. */
  now(): number;
  /** Of the wall, for what is kept over restarts and told to people. */
  date(): Date;
  /** Calls back once after so many milliseconds, unless the returned function is called before. */
  after(delayMs: number, callback: () => void): () => void;
}

export const systemClock: Clock = {
  now: () => performance.now(),
  date: () => new Date(),
  after(delayMs, callback) {
    const timer = setTimeout(callback, delayMs);
    return () => {
      clearTimeout(timer);
    };
  },
};
