import { checkDestination } from '../../client/askEngine.ts';
import { TarshelfError } from '../../protocol/errors.ts';
import { defaultStateFolderName } from '../../protocol/ingestOptions.ts';
import { destinationOptionTable, readDestination, readPasswordFile } from '../destinationArguments.ts';
import { engineLaunch } from '../launchOfEngine.ts';
import { exitCodes } from '../exitCodes.ts';
import { readSecrets } from '../secrets.ts';
import { readStateFolder } from '../stateFolderArgument.ts';
import { printable } from '../../protocol/printable.ts';
import { makeVerb } from './verb.ts';

const options = {
  ...destinationOptionTable,
  'state-dir': { value: 'DIR', help: `has the library in it (default: ${defaultStateFolderName})` },
} as const;

export const check = makeVerb({
  name: 'check',
  summary: 'say whether books can go to a destination',
  usage: null,
  explanation: [
    'Says in one line whether books could go where the options say: whether that',
    'place is there, answers, and lets us in. Nothing is changed or made there.',
  ],
  options,
  exitCodes: ['Exit code: 0 when nothing is in the way, 1 when something is, 2 wrong usage.'],
  run: async (given, { stdout, stderr, env, currentFolder, programFolder }) => {
    if (given.positionals.length > 0) {
      throw new TarshelfError(
        'USAGE',
        `"${given.positionals.join(' ')}" is too much: name the destination with --destination KIND.`,
      );
    }
    const stateFolder = readStateFolder(given, currentFolder);
    const destination = readDestination(given, currentFolder, stateFolder);
    const secrets = await readSecrets(env, readPasswordFile(given, currentFolder));
    const launch = engineLaunch({ env, programFolder, stderr });
    // Ctrl-C ends this process, and with its channel the engine's work.
    stdout.line(printable(await checkDestination(launch, destination, secrets)));
    return exitCodes.allDone;
  },
});
