/** What a measured number must be. */
export interface Bar {
  readonly kind: 'at most' | 'at least';
  readonly value: number;
  /** Whether it is about our own number or about the ratio. */
  readonly of: 'ours' | 'ratio';
}

/** One row of the table. */
export interface Measurement {
  readonly what: string;
  /** Of `ours` and `theirs`. */
  readonly unit: string;
  readonly ours: number;
  /** What it is measured against; null where the bar is a number of its own. */
  readonly theirs: { readonly name: string; readonly value: number } | null;
  /** How many times as long, as much or as fast as theirs, by what the row says; null without theirs. */
  readonly ratio: number | null;
  /** Null where the row is there to compare and no promise. */
  readonly bar: Bar | null;
  /** What a reader has to know beside the numbers. */
  readonly note?: string;
}

export interface Scenario {
  readonly name: string;
  /** What is run against what. */
  readonly about: string;
  /** Takes so much time or disk that it is run only where it is named. */
  readonly onlyNamed?: true;
  run(context: BenchContext): Promise<Measurement[]>;
}

export interface BenchContext {
  readonly quick: boolean;
  /** How often each thing is run. */
  readonly rounds: number;
  /** Says what is under way, to a person who waits. */
  readonly tell: (message: string) => void;
}

/** Null where there is nothing to meet. */
export function isMet({ ours, ratio, bar }: Measurement): boolean | null {
  if (!bar) return null;
  const value = bar.of === 'ours' ? ours : ratio;
  if (value === null) return false;
  return bar.kind === 'at most' ? value <= bar.value : value >= bar.value;
}
