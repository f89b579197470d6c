import { engineText } from '../../text/engineText.ts';
import { t } from '../../text/localize.ts';
import type { ErrorCode, Failure } from '../../protocol/errors.ts';
import { findSentence } from '../../protocol/sentences.ts';

/**
 * A failure of the engine in the language of the window. Where its own words are English, what it is about comes before
 * them.
 */
export function failureText({ code, message }: Failure): string {
  if (findSentence(message)) return engineText(message);
  const about = aboutFailure(code);
  return about === undefined ? engineText(message) : `${about} ${engineText(message)}`;
}

/** Undefined where the message is of the window itself, or where no more than the message is known. */
function aboutFailure(code: ErrorCode): string | undefined {
  switch (code) {
    case 'SOURCE_MISSING':
      return t('A folder of tars is not there.');
    case 'SOURCE_NOT_A_FOLDER':
      return t('What is set as a folder of tars is no folder.');
    case 'SOURCE_WITHOUT_TARS':
      return t('There are no tars to read.');
    case 'SOURCE_NAME_TWICE':
      return t('Two tars have the same name.');
    case 'STATE_NOT_WRITABLE':
      return t('The state folder cannot be written to.');
    case 'STATE_IN_USE':
      return t('The state folder is in use.');
    case 'STATE_OTHER_DESTINATION':
      return t('The state folder belongs to another destination.');
    case 'LIBRARY_NOT_WRITABLE':
      return t('The library cannot take books.');
    case 'NOTHING_TO_RETRY':
      return t('There is nothing to be tried again.');
    case 'NOTHING_RUNNING':
      return t('Nothing is running.');
    case 'NO_SUCH_WORKER':
      return t('There is no such worker.');
    case 'REASSIGN_REFUSED':
      return t('The tars cannot be given to others.');
    case 'EXTRACTION_NO_SPACE':
      return t('There is too little space to extract a tar.');
    case 'TAR_NOT_READABLE':
      return t('A tar cannot be read.');
    case 'DESTINATION_UNUSABLE':
      return t('The destination cannot be used.');
    case 'PROGRESS_NOT_READABLE':
      return t('A progress file cannot be read.');
    case 'ENGINE_DIED':
      return t('The engine ended unexpectedly.');
    case 'ENGINE_SILENT':
      return t('The engine does not answer.');
    case 'ENGINE_OTHER_VERSION':
      return t('The engine that runs is of another version.');
    case 'INTERNAL':
      return t('Something went wrong that nobody foresaw.');
    case 'USAGE':
    case 'TAR_DAMAGED':
    case 'BOOK_NOT_READABLE':
    case 'UPLOAD_FAILED':
    case 'DECLINED':
    case 'POISON':
    case 'WORKER_DIED':
    case 'ENGINE_BUSY':
      return undefined;
    default:
      return code satisfies never;
  }
}
