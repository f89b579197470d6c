import { readFolderStatus } from '../../client/liveStatus.ts';
import { TarshelfError } from '../../protocol/errors.ts';
import { exitCodes } from '../exitCodes.ts';
import { describeOptions, readArguments } from '../optionTable.ts';
import { readStateFolder, refusePositionals, stateFolderOption } from '../stateFolderArgument.ts';
import { jsonNothing, jsonStatus, renderIdle, renderStatus } from '../statusText.ts';
import { describeTerminal } from '../terminal.ts';
import { paintPlain } from '../terminalText.ts';
import type { Verb } from './verb.ts';

const command = 'tarshelf status';

const options = {
  'state-dir': stateFolderOption,
  json: { help: 'one JSON object' },
  help: { short: 'h', help: 'this text' },
} as const;

const help = [
  `Usage: ${command} [options]`,
  '',
  'Says how far the ingest of a state folder is, or how it ended. It may run in',
  'another terminal or in VS Code; nothing of it is disturbed.',
  '',
  'Options:',
  ...describeOptions(options),
  '',
  'Exit code: 0, 1 when that cannot be read, 2 when there is nothing to tell.',
  '',
].join('\n');

export const status: Verb = {
  summary: 'say how far a run is that goes on elsewhere, or how it ended',
  run: async (args, { stdout, env, currentFolder }) => {
    const given = readArguments(command, options, args);
    if (given.has('help')) {
      stdout.write(help);
      return exitCodes.allDone;
    }
    refusePositionals(given.positionals);
    const stateFolder = readStateFolder(given, currentFolder);
    const { run, idleEngine } = await readFolderStatus(stateFolder);
    if (run.kind === 'nothing' && idleEngine === null) {
      throw new TarshelfError(
        'USAGE',
        `No run has left anything in ${stateFolder}. Name another state folder with --state-dir DIR, or start one with tarshelf ingest.`,
      );
    }
    if (given.has('json')) {
      const status = run.kind === 'nothing' ? jsonNothing(stateFolder) : jsonStatus(run, stateFolder);
      stdout.line(JSON.stringify({ ...status, idleEngine }));
      return exitCodes.allDone;
    }
    const paint = describeTerminal(stdout.stream, env, process.platform)?.paint ?? paintPlain;
    if (run.kind !== 'nothing') stdout.line(renderStatus(run, stateFolder, paint).join('\n'));
    if (idleEngine !== null) stdout.line(renderIdle(idleEngine));
    return exitCodes.allDone;
  },
};
