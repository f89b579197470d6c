import { exitCodes } from '../exitCodes.ts';
import type { SignalSource } from '../interruption.ts';
import {
  describeOptions,
  helpOption,
  readArguments,
  type GivenArguments,
  type OptionTable,
} from '../optionTable.ts';
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
  readonly name: string;
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

interface VerbParts<Table extends OptionTable> {
  readonly name: string;
  /** In one line of `tarshelf --help`. */
  readonly summary: string;
  /** What stands between the name and the options in the usage. */
  readonly usage: string | null;
  /** Lines of the help, as those that follow. */
  readonly explanation: readonly string[];
  /** All but `--help`. */
  readonly options: Table;
  /** What stands between the options and the exit codes. */
  readonly notes?: readonly string[];
  readonly exitCodes: readonly string[];
  /**
   * Does it.
   *
   * @param given what stands on the command line behind the name
   * @returns the exit code
   * @throws TarshelfError with the one line that the user is to see.
   */
  readonly run: (given: GivenArguments<Table>, commandLine: CommandLine) => Promise<number>;
}

/** A verb that reads its options by a table, and says with `--help` what it does. */
export function makeVerb<Table extends OptionTable>(parts: VerbParts<Table>): Verb {
  const { name, summary, usage } = parts;
  const command = `tarshelf ${name}`;
  const options = { ...parts.options, ...helpOption };
  const help = (): string =>
    [
      `Usage: ${[command, usage, '[options]'].filter(part => part !== null).join(' ')}`,
      '',
      ...parts.explanation,
      '',
      'Options:',
      ...describeOptions(options),
      '',
      ...(parts.notes ?? []),
      ...parts.exitCodes,
      '',
    ].join('\n');
  return {
    name,
    summary,
    run: async (args, commandLine) => {
      const given = readArguments(command, options, args);
      if (!given.has('help')) return await parts.run(given, commandLine);
      commandLine.stdout.write(help());
      return exitCodes.allDone;
    },
  };
}
