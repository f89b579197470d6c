import type { Command, ProgramEnd } from './runProgram.ts';

/** Where the server's program runs: on this machine, or in a container. */
export interface ProgramPlace {
  /** In the middle of a sentence. */
  readonly text: string;
  /** How a program that is there is run. */
  command(program: string, args: readonly string[]): Command;
  /**
   * Makes a file of this machine readable there.
   *
   * @returns its path there
   * @throws DestinationUnusable, or the signal's reason
   */
  bring(path: string, name: string, signal: AbortSignal | undefined): Promise<string>;
  /** Removes what `bring` brought, or began to, or what is left behind; later where it cannot be done now. Never throws. */
  remove(name: string): Promise<void>;
  /**
   * Paths there of what `bring` brought for processes that have ended without removing it.
   *
   * @throws DestinationUnusable
   */
  leftBehind(): Promise<readonly string[]>;
  /** Why nothing can be run there, as one line for a person, when that is how a command ended; else null. */
  trouble(end: ProgramEnd): string | null;
}
