import { LogReader } from '../client/logReader.ts';
import { isShown, type LogFilter } from './logFilter.ts';

/** How much of a log a document holds, and how much is looked through for it. */
export interface TailBounds {
  readonly keptLines: number;
  readonly readLines: number;
}

/** What is filtered out costs reading and no room. */
export const defaultBounds: TailBounds = { keptLines: 5000, readLines: 50_000 };

/** The last lines of a log that a filter lets through, as the log grows. */
export class LogTail {
  readonly #reader: LogReader;
  readonly #filter: LogFilter;
  readonly #bounds: TailBounds;
  #lines: string[] = [];
  #isThere = false;

  constructor(folder: string, name: string, filter: LogFilter, bounds: TailBounds = defaultBounds) {
    this.#reader = new LogReader(folder, name);
    this.#filter = filter;
    this.#bounds = bounds;
  }

  get lines(): readonly string[] {
    return this.#lines;
  }

  /** Whether there is such a log. */
  get isThere(): boolean {
    return this.#isThere;
  }

  /** Reads what there is, or what has come since. @returns whether lines have come */
  async read(): Promise<boolean> {
    if (this.#isThere) return this.#take(await this.#reader.next());
    const { keptLines, readLines } = this.#bounds;
    const isFiltered = this.#filter.level !== undefined || this.#filter.tar !== undefined;
    const lines = await this.#reader.last(isFiltered ? readLines : keptLines);
    if (lines === null) return false;
    this.#isThere = true;
    this.#take(lines);
    return true;
  }

  #take(lines: readonly string[]): boolean {
    const shown = lines.filter(line => isShown(line, this.#filter));
    if (shown.length === 0) return false;
    this.#lines.push(...shown);
    const { keptLines } = this.#bounds;
    // Cut seldom: each cut moves all that stands in the editor.
    if (this.#lines.length > keptLines * 1.2) this.#lines = this.#lines.slice(-keptLines);
    return true;
  }
}
