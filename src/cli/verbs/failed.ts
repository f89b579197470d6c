import { listFailures } from '../../client/askEngine.ts';
import { formatCount } from '../../protocol/format.ts';
import type { FailedTar } from '../../protocol/progressFile.ts';
import { engineLaunch } from '../launchOfEngine.ts';
import { exitCodes } from '../exitCodes.ts';
import { describeOptions, readArguments } from '../optionTable.ts';
import { readStateFolder, refusePositionals, stateFolderOption } from '../stateFolderArgument.ts';
import { printable } from '../terminalText.ts';
import type { Verb } from './verb.ts';

const command = 'tarshelf failed';

const options = {
  'state-dir': stateFolderOption,
  json: { help: 'one JSON object a line, for each tar with failures' },
  help: { short: 'h', help: 'this text' },
} as const;

const help = [
  `Usage: ${command} [options]`,
  '',
  'Lists the books that failed and were not made good since, each with its reason,',
  'and the tars that failed as a whole. A run that goes on is not disturbed.',
  '',
  'Options:',
  ...describeOptions(options),
  '',
  'Exit code: 0 when nothing has failed, 1 when something has or that cannot be',
  'read, 2 wrong usage.',
  '',
].join('\n');

export const failed: Verb = {
  summary: 'list the books and tars that failed, each with its reason',
  run: async (args, { stdout, stderr, env, currentFolder, programFolder }) => {
    const given = readArguments(command, options, args);
    if (given.has('help')) {
      stdout.write(help);
      return exitCodes.allDone;
    }
    refusePositionals(given.positionals);
    const stateFolder = readStateFolder(given, currentFolder);
    const launch = engineLaunch({ env, programFolder, stderr });
    const tars = await listFailures(launch, stateFolder);
    if (given.has('json')) for (const tar of tars) stdout.line(JSON.stringify(tar));
    else for (const line of describeFailures(tars, stateFolder)) stdout.line(line);
    return tars.length === 0 ? exitCodes.allDone : exitCodes.failed;
  },
};

function describeFailures(tars: readonly FailedTar[], stateFolder: string): string[] {
  if (tars.length === 0) return [`Nothing has failed, by what ${printable(stateFolder)} says.`];
  return [
    ...tars.flatMap(({ tar, books, message }) => [
      printable(message === null ? tar : `${tar}: ${message}`),
      ...books.map(book =>
        printable(
          `  ${book.file}: ${book.message} (${book.code}, tried ${formatCount(book.attempts, 'time')})`,
        ),
      ),
    ]),
    'Try them again with "tarshelf retry <source folder>".',
  ];
}
