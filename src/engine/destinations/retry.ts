import { setTimeout as sleep } from 'node:timers/promises';

/*
 * What can pass and what cannot, for destinations behind a network:
 *
 *   what happened                                        then           and if it stays so
 *   no connection, none kept, no answer in time          again          the destination is unusable
 *   429, 502, 503, 504 (`Retry-After` is kept)           again          the destination is unusable
 *   500                                                  again          this book fails, if the server takes others
 *   a WebSocket that closed, a result that never came    again          the destination is unusable
 *   401                                                  a new token    the destination is unusable
 *   wrong password, certificate, not such a server       never          the destination is unusable
 *   any other 4xx, an error in the answer                never          this book fails
 *
 * Where it is not known whether the server did what was asked, it is asked before anything is sent again.
 */

/** So often one thing is tried, the first time included. */
const attemptsOfOneThing = 3;
const firstDelayMs = 1000;
/** Longer waits are the worker's, which tells a person about them. */
export const longestDelayMs = 60_000;
/** Whatever a destination asks for: it may have the wrong time, and above 2^31 - 1 ms Node's timers fire at once. */
const longestRetryAfterMs = 3_600_000;

/** What may not happen again when it is tried once more. */
export class PassingFailure extends Error {
  /** Who is to blame if it does: the destination as a whole, or this one book. */
  readonly of: 'destination' | 'book';
  /** The destination wants to be left alone for so long. */
  readonly retryAfterMs: number;

  constructor(
    of: 'destination' | 'book',
    message: string,
    options?: ErrorOptions & { retryAfterMs?: number },
  ) {
    super(message, options);
    this.name = 'PassingFailure';
    this.of = of;
    this.retryAfterMs = options?.retryAfterMs ?? 0;
  }
}

/** How the waits between attempts are made; other ones for tests. */
export interface RetryTiming {
  sleep(ms: number, signal: AbortSignal): Promise<unknown>;
  /** In [0, 1). */
  random(): number;
}

export const usualTiming: RetryTiming = {
  sleep: (ms, signal) => sleep(ms, undefined, { signal }),
  random: Math.random,
};

/**
 * Does something up to three times while it fails with a {@link PassingFailure}, waiting between the attempts for
 * 1 s, then 2 s, half of that at random, so that many workers do not come back all at once; or for as long as the
 * destination asks for, up to a minute.
 *
 * @param signal ends the waiting; what failed last is thrown then
 * @param onRetry told before each further attempt is waited for
 * @throws what was thrown, at once where it is no PassingFailure
 */
export async function retrying<T>(
  attempt: () => Promise<T>,
  signal: AbortSignal,
  timing: RetryTiming = usualTiming,
  onRetry: () => void = () => undefined,
): Promise<T> {
  for (let attempts = 1; ; attempts++) {
    try {
      return await attempt();
    } catch (thrown) {
      if (!(thrown instanceof PassingFailure) || attempts === attemptsOfOneThing) throw thrown;
      if (thrown.retryAfterMs > longestDelayMs || signal.aborted) throw thrown;
      onRetry();
      const backOff = firstDelayMs * 2 ** (attempts - 1) * (0.5 + timing.random() / 2);
      try {
        await timing.sleep(Math.max(backOff, thrown.retryAfterMs), signal);
      } catch {
        throw thrown;
      }
    }
  }
}

/** What a `Retry-After` header asks for, in milliseconds, up to an hour: seconds, or a date. 0 where there is none. */
export function retryAfterMs(header: string | undefined, now: Date): number {
  if (header === undefined) return 0;
  const asked = /^\s*\d+\s*$/.test(header) ? Number(header) * 1000 : Date.parse(header) - now.getTime();
  return Number.isNaN(asked) ? 0 : Math.min(Math.max(0, asked), longestRetryAfterMs);
}
