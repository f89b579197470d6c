import { resolve } from 'node:path';
import { readRunStatus } from '../../client/runStatus.ts';
import { TarshelfError } from '../../protocol/errors.ts';
import { defaultStateFolderName } from '../../protocol/ingestOptions.ts';
import { exitCodes } from '../exitCodes.ts';
import { describeOptions, readArguments } from '../optionTable.ts';
import { jsonStatus, renderStatus } from '../statusText.ts';
import { describeTerminal } from '../terminal.ts';
import { paintPlain } from '../terminalText.ts';
import type { Verb } from './verb.ts';

const command = 'tarshelf status';

const options = {
  'state-dir': { value: 'DIR', help: `folder that keeps the progress (default: ${defaultStateFolderName})` },
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
  'Exit code: 0, or 2 when there is nothing to tell.',
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
    if (given.positionals.length > 0) {
      throw new TarshelfError(
        'USAGE',
        `"${given.positionals.join(' ')}" is too much: name the state folder with --state-dir DIR.`,
      );
    }
    const stateFolder = resolve(currentFolder, given.value('state-dir') ?? defaultStateFolderName);
    const found = await readRunStatus(stateFolder);
    if (found.kind === 'nothing') {
      throw new TarshelfError(
        'USAGE',
        `No run has left anything in ${stateFolder}. Name another state folder with --state-dir DIR, or start one with tarshelf ingest.`,
      );
    }
    if (given.has('json')) stdout.line(JSON.stringify(jsonStatus(found, stateFolder)));
    else {
      const paint = describeTerminal(stdout.stream, env, process.platform)?.paint ?? paintPlain;
      stdout.line(renderStatus(found, stateFolder, paint).join('\n'));
    }
    return exitCodes.allDone;
  },
};
