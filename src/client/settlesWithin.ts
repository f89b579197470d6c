import { deferred } from './deferred.ts';

/** Waits for something for no longer than that; returns whether it came. Keeps the process alive meanwhile. */
export async function settlesWithin(awaited: Promise<unknown>, timeMs: number): Promise<boolean> {
  const late = deferred<boolean>();
  const timer = setTimeout(() => {
    late.resolve(false);
  }, timeMs);
  try {
    return await Promise.race([awaited.then(() => true), late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
