#!/usr/bin/env node
import { oneLine, TarshelfError, toFailure } from '../protocol/errors.ts';
import { programVersion } from '../protocol/version.ts';
import { exitCodeOfError, exitCodes } from './exitCodes.ts';
import { describeOptions, helpOption, readArguments } from './optionTable.ts';
import { Output, standardOutput } from './output.ts';
import { printable } from '../protocol/printable.ts';
import type { CommandLine } from './verbs/verb.ts';
import { verbs } from './verbs/verbs.ts';

// The command line: a client of the engine without a window. It reads no tar and writes no file; it finds the
// verb, and turns what the verb returns or throws into an exit code and at most one line.

const topOptions = {
  ...helpOption,
  version: { short: 'V', help: 'the version' },
} as const;

function help(): string {
  const names = [...verbs.keys()];
  const width = Math.max(...names.map(name => name.length));
  return [
    'Usage: tarshelf <command> [options]',
    '',
    'Puts every book of a folder of .tar archives on the shelf, once.',
    '',
    'Commands:',
    ...[...verbs].map(([name, verb]) => `  ${name.padEnd(width)}  ${verb.summary}`),
    '',
    'Options:',
    ...describeOptions(topOptions),
    '',
    '"tarshelf <command> --help" says more about a command.',
    '',
  ].join('\n');
}

async function run(args: readonly string[], commandLine: CommandLine): Promise<number> {
  const [name, ...rest] = args;
  if (name === undefined) throw new TarshelfError('USAGE', 'Name a command. "tarshelf --help" lists them.');
  if (name.startsWith('-')) {
    const given = readArguments('tarshelf', topOptions, args);
    if (!given.has('help') && !given.has('version')) {
      throw new TarshelfError('USAGE', 'Name a command. "tarshelf --help" lists them.');
    }
    commandLine.stdout.write(given.has('help') ? help() : `${programVersion}\n`);
    return exitCodes.allDone;
  }
  const verb = verbs.get(name);
  if (!verb) throw new TarshelfError('USAGE', `Unknown command "${name}". "tarshelf --help" lists them.`);
  return await verb.run(rest, commandLine);
}

const stderr = new Output(process.stderr);
const stdout = new Output(standardOutput());
stdout.whenLost(why => {
  stderr.line(
    `tarshelf: The output cannot be written (${why}). Make room where it goes or send it elsewhere, then give the command again.`,
  );
});
// It may turn out only after all was done.
process.once('exit', code => {
  if (stdout.isLost && code === exitCodes.allDone) process.exitCode = exitCodes.failed;
});
try {
  // Not process.exit: what was written to a pipe may not have left this process yet.
  process.exitCode = await run(process.argv.slice(2), {
    stdout,
    stderr,
    env: process.env,
    currentFolder: process.cwd(),
    programFolder: import.meta.dirname,
    signals: process,
    leave: exitCode => process.exit(exitCode),
  });
} catch (thrown) {
  stderr.line(`tarshelf: ${printable(oneLine(thrown))}`);
  process.exitCode = exitCodeOfError(toFailure(thrown).code);
}
