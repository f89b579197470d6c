import { sentences, type SentenceName } from '../protocol/sentences.ts';

/**
 * The sentences of the engine as a window says them: where one gives advice that only the command line can follow, it is that of
 * VS Code here, with the same values in the same places.
 */
export const windowSentences = {
  ...sentences,
  stateInUse:
    'Another ingest is using the state folder {0}. Wait for its end, stop it where it was begun, or choose another state folder.',
  diskFullWhileExtracting:
    'The disk of {0} is full, so {1} cannot be read further. Free some space, or stop and set tarshelf.mode to in-place.',
  extractionWithoutSpace:
    '{0} needs {1} to be extracted and {2} has {3}: free {4} or set tarshelf.mode to in-place.',
  extractionsWithoutSpace:
    '{0} needs {1} to be extracted and {2} has {3} beside the extractions under way: free {4} or set tarshelf.mode to in-place.',
  extractionFilledDisk:
    'The disk of {0} became full while {1} was extracted; what was extracted is removed. Free some space or set tarshelf.mode to in-place.',
  extractionUnwritable:
    'Cannot write {0} ({1}). Make it writable or set tarshelf.mode to in-place, then launch again.',
  bookPutAside:
    '{0} ended the worker twice while it was read, and was put aside. "Retry Failed" tries it again.',
  passwordNeeded: 'A password is needed for {0} at {1}. Sign in with "Tarshelf: Sign In".',
  passwordRefused: '{0} does not take the password of {1} ({2}). Sign in anew with "Tarshelf: Sign In".',
  nothingFailedIn: 'Nothing has failed in {0} that could be tried again. "Retry Failed" lists what has.',
  engineOfOtherVersion:
    'The engine of this state folder is of another version of Tarshelf ({0}). Use that version, or stop its run there and launch again.',
} as const satisfies Readonly<Record<SentenceName, string>>;
