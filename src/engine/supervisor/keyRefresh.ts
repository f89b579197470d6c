import { setTimeout as sleep } from 'node:timers/promises';
import { oneLine } from '../../protocol/errors.ts';
import type { ClaimTable } from '../dedupe/claimTable.ts';
import type { Destination } from '../destinations/destination.ts';

/** When the destination's list is read again: after so many new books of ours, or after so long. */
export interface RefreshTurn {
  readonly books: number;
  readonly seconds: number;
}

/** A whole list costs the more the longer it is, so it is read the more seldom. */
export function wholeListTurn(knownKeys: number): RefreshTurn {
  if (knownKeys > 100_000) return { books: 10_000, seconds: 3600 };
  if (knownKeys > 50_000) return { books: 7500, seconds: 2700 };
  return { books: 5000, seconds: 1800 };
}

/** What came since last time costs next to nothing. */
const incrementalTurn: RefreshTurn = { books: 1000, seconds: 60 };

export interface KeyRefreshOptions {
  readonly onProblem: (message: string) => void;
  readonly turnOf?: (knownKeys: number, incremental: boolean) => RefreshTurn;
  readonly checkEveryMs?: number;
}

/**
 * Keeps up with what others put into the destination while a run goes on, so that it is known before it is
 * uploaded. A list that cannot be read leaves what is known as it is.
 */
export class KeyRefresh {
  readonly #destination: Destination;
  readonly #claims: ClaimTable;
  readonly #onProblem: (message: string) => void;
  readonly #turnOf: (knownKeys: number, incremental: boolean) => RefreshTurn;
  readonly #checkEveryMs: number;
  #since: string | null = null;
  #readAt = 0;
  #knownThen = 0;
  #problem: string | null = null;

  constructor(destination: Destination, claims: ClaimTable, options: KeyRefreshOptions) {
    this.#destination = destination;
    this.#claims = claims;
    this.#onProblem = options.onProblem;
    this.#turnOf =
      options.turnOf ?? ((known, incremental) => (incremental ? incrementalTurn : wholeListTurn(known)));
    this.#checkEveryMs = options.checkEveryMs ?? 5000;
  }

  /**
   * Reads the list for the first time.
   *
   * @throws DestinationUnusable
   */
  async readAll(signal: AbortSignal): Promise<void> {
    await this.#read(null, signal);
  }

  /** Reads it again whenever its turn has come. Resolves once the signal was given; never rejects. */
  async keepUp(signal: AbortSignal): Promise<void> {
    const hasEnded = (): boolean => signal.aborted;
    while (!hasEnded()) {
      try {
        await sleep(this.#checkEveryMs, undefined, { signal, ref: false });
        if (!this.#isDue()) continue;
        await this.#read(this.#since, signal);
        this.#problem = null;
      } catch (thrown) {
        if (hasEnded()) return;
        this.#tell(oneLine(thrown));
      }
    }
  }

  #isDue(): boolean {
    const turn = this.#turnOf(this.#claims.knownCount, this.#since !== null);
    return (
      performance.now() - this.#readAt >= turn.seconds * 1000 ||
      this.#claims.knownCount - this.#knownThen >= turn.books
    );
  }

  async #read(since: string | null, signal: AbortSignal): Promise<void> {
    // Also after a failure: the next try has its turn then.
    this.#readAt = performance.now();
    this.#knownThen = this.#claims.knownCount;
    this.#since = await this.#destination.readKeys(
      key => {
        this.#claims.addFromDestination(key);
      },
      since,
      signal,
    );
    this.#knownThen = this.#claims.knownCount;
  }

  /** Once for each problem, not once a turn. */
  #tell(problem: string): void {
    if (problem === this.#problem) return;
    this.#problem = problem;
    this.#onProblem(
      `The destination's list of books could not be read again (${problem}). What was known before is still known; it is tried again.`,
    );
  }
}
