import type { ProgramPlace } from './programPlace.ts';
import type { Command } from './runProgram.ts';
import { removeLeftBehind } from './temporaryBook.ts';

/** The program runs as a child of ours and reads the temporary file itself. */
export class ThisMachine implements ProgramPlace {
  readonly text = 'on this machine';
  readonly #temporaryFolder: string;

  constructor(temporaryFolder: string) {
    this.#temporaryFolder = temporaryFolder;
  }

  command(program: string, args: readonly string[]): Command {
    return { file: program, args };
  }

  bring(path: string): Promise<string> {
    return Promise.resolve(path);
  }

  remove(): Promise<void> {
    // The file is removed by who made it.
    return Promise.resolve();
  }

  leftBehind(): Promise<readonly string[]> {
    return removeLeftBehind(this.#temporaryFolder);
  }

  trouble(): null {
    return null;
  }
}
