/** Makes lines out of the pieces in which text arrives. Empty lines are left out. */
export class LineSplitter {
  readonly #onLine: (line: string) => void;
  /** Pieces of a line that has no end yet, joined once it has: a line may be megabytes in pieces of kilobytes. */
  #pieces: string[] = [];

  constructor(onLine: (line: string) => void) {
    this.#onLine = onLine;
  }

  push(text: string): void {
    let from = 0;
    for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', from)) {
      this.#pieces.push(text.slice(from, at));
      from = at + 1;
      this.end();
    }
    if (from < text.length) this.#pieces.push(text.slice(from));
  }

  /** What has come is a line, though nothing ended it. */
  end(): void {
    const line = this.#pieces.join('').replace(/\r$/, '');
    this.#pieces = [];
    if (line !== '') this.#onLine(line);
  }
}
