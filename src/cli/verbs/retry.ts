import { toFailure } from '../../protocol/errors.ts';
import { parseRetryArguments, retryOptionTable } from '../arguments.ts';
import { exitCodes } from '../exitCodes.ts';
import { describeOptions } from '../optionTable.ts';
import { printable } from '../terminalText.ts';
import { runIngest } from './ingest.ts';
import type { Verb } from './verb.ts';

const help = [
  'Usage: tarshelf retry <source folder>... [options]',
  '',
  'Tries again what failed: the books that "tarshelf failed" lists, and the rest',
  'of their tars where these were not read to their end. Other tars are left',
  'alone. ("tarshelf ingest" does the same on its way through all tars.)',
  '',
  'With --lost: looks at all files of the library, and reads the tars anew whose',
  'books have theirs no longer. What a file holds that was changed stays as it is.',
  '',
  'Options:',
  ...describeOptions(retryOptionTable),
  '',
  'Exit code: 0 nothing of it fails any more, 1 something does, 2 wrong usage, 130',
  'interrupted.',
  '',
].join('\n');

export const retry: Verb = {
  summary: 'try again the books and tars that failed',
  run: async (args, commandLine) => {
    const request = parseRetryArguments(args, commandLine.currentFolder);
    if (request.kind === 'help') {
      commandLine.stdout.write(help);
      return exitCodes.allDone;
    }
    try {
      return await runIngest(request, commandLine);
    } catch (thrown) {
      const { code, message } = toFailure(thrown);
      if (code !== 'NOTHING_TO_RETRY') throw thrown;
      // What was asked for is so already.
      commandLine.stderr.line(printable(message));
      return exitCodes.allDone;
    }
  },
};
