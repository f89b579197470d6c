import { toFailure } from '../../protocol/errors.ts';
import { readRetryRequest, retryOptionTable } from '../arguments.ts';
import { exitCodes } from '../exitCodes.ts';
import { printable } from '../../protocol/printable.ts';
import { runIngest } from './ingest.ts';
import { makeVerb } from './verb.ts';

export const retry = makeVerb({
  name: 'retry',
  summary: 'try again the books and tars that failed',
  usage: '<source folder>...',
  explanation: [
    'Tries again what failed: the books that "tarshelf failed" lists, and the rest',
    'of their tars where these were not read to their end. Other tars are left',
    'alone. ("tarshelf ingest" does the same on its way through all tars.)',
    '',
    'With --lost: looks at all files of the library, and reads the tars anew whose',
    'books have theirs no longer. What a file holds that was changed stays as it is.',
  ],
  options: retryOptionTable,
  exitCodes: [
    'Exit code: 0 nothing fails any more, 1 something does, also in a tar that was',
    'not tried again, 2 wrong usage, 130 interrupted.',
  ],
  run: async (given, commandLine) => {
    try {
      return await runIngest(readRetryRequest(given, commandLine.currentFolder), commandLine);
    } catch (thrown) {
      const { code, message } = toFailure(thrown);
      if (code !== 'NOTHING_TO_RETRY') throw thrown;
      // What was asked for is so already.
      commandLine.stderr.line(printable(message));
      return exitCodes.allDone;
    }
  },
});
