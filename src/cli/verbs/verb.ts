import type { SignalSource } from '../interruption.ts';
import type { Output } from '../output.ts';

/** What a verb works with: everything of this process that it may touch. */
export interface CommandLine {
  readonly stdout: Output;
  readonly stderr: Output;
  readonly env: NodeJS.ProcessEnv;
  /** Absolute. */
  readonly currentFolder: string;
  /** Absolute path of the folder of the bundles, this one and the engine's. */
  readonly programFolder: string;
  readonly signals: SignalSource;
  /** Ends this process now, without waiting for anything. */
  leave(exitCode: number): never;
}

/** One thing that `tarshelf` does. */
export interface Verb {
  /** What it does, in one line of `tarshelf --help`. */
  readonly summary: string;
  /**
   * Does it.
   *
   * @param args what follows the verb's name on the command line
   * @returns the exit code
   * @throws TarshelfError with the one line that the user is to see.
   */
  run(args: readonly string[], commandLine: CommandLine): Promise<number>;
}
