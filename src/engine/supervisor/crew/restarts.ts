/*
 * When a worker is started again, and when no more. Decided by numbers alone: times and chance are passed in.
 */

const firstBackOffMs = 1000;
const longestBackOffMs = 5 * 60_000;

/** A process that lived for longer than any back-off does not belong to the row of deaths before it. */
export const endsRowAfterMs = longestBackOffMs;

const dayMs = 24 * 3600_000;

/**
 * How long to wait before the next process: twice as long for each death in a row, and shortened by up to half, so
 * that workers that one fault has ended do not all come back in the same moment.
 *
 * @param deathsInRow 1 for the first death
 * @param chance from 0 to 1
 */
export function backOffMs(deathsInRow: number, chance: number): number {
  const full = Math.min(longestBackOffMs, firstBackOffMs * 2 ** Math.max(0, deathsInRow - 1));
  return Math.round(full * (0.5 + chance / 2));
}

/**
 * How many of the restarts lie within 24 hours of now. Those that seem to be yet to come count, too: the clock of
 * the wall was put back, and a limit that forgets by that is none. What is a day ahead was written by a wrong clock.
 */
export function restartsInDay(timesMs: readonly number[], nowMs: number): number {
  return timesMs.filter(time => isInDay(time, nowMs)).length;
}

export function isInDay(timeMs: number, nowMs: number): boolean {
  return Math.abs(nowMs - timeMs) < dayMs;
}
