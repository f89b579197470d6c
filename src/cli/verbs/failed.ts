import { listFailures } from '../../client/askEngine.ts';
import { formatCount } from '../../protocol/format.ts';
import type { FailedTar } from '../../protocol/progressFile.ts';
import { engineLaunch } from '../launchOfEngine.ts';
import { exitCodes } from '../exitCodes.ts';
import { readStateFolder, refusePositionals, stateFolderOption } from '../stateFolderArgument.ts';
import { withName } from '../summaryText.ts';
import { printable } from '../../protocol/printable.ts';
import { makeVerb } from './verb.ts';

const options = {
  'state-dir': stateFolderOption,
  json: { help: 'one JSON object a line, for each tar with failures' },
} as const;

export const failed = makeVerb({
  name: 'failed',
  summary: 'list the books and tars that failed, each with its reason',
  usage: null,
  explanation: [
    'Lists the books that failed and were not made good since, each with its reason,',
    'and the tars that failed as a whole. A run that goes on is not disturbed.',
  ],
  options,
  exitCodes: [
    'Exit code: 0 when nothing has failed, 1 when something has or that cannot be',
    'read, 2 wrong usage.',
  ],
  run: async (given, { stdout, stderr, env, currentFolder, programFolder }) => {
    refusePositionals(given.positionals);
    const stateFolder = readStateFolder(given, currentFolder);
    const launch = engineLaunch({ env, programFolder, stderr });
    const tars = await listFailures(launch, stateFolder);
    if (given.has('json')) for (const tar of tars) stdout.line(JSON.stringify(tar));
    else for (const line of describeFailures(tars, stateFolder)) stdout.line(line);
    return tars.length === 0 ? exitCodes.allDone : exitCodes.failed;
  },
});

function describeFailures(tars: readonly FailedTar[], stateFolder: string): string[] {
  if (tars.length === 0) return [`Nothing has failed, by what ${printable(stateFolder)} says.`];
  return [
    ...tars.flatMap(({ tar, books, message }) => [
      printable(message === null ? tar : withName(tar, message)),
      ...books.map(book =>
        printable(
          `  ${withName(book.file, book.message)} (${book.code}, tried ${formatCount(book.attempts, 'time')})`,
        ),
      ),
    ]),
    'Try them again with "tarshelf retry <source folder>".',
  ];
}
