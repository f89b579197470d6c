import { t } from './localize.ts';
import { destinationText } from '../protocol/destinationText.ts';
import type { DestinationOptions } from '../protocol/ingestOptions.ts';

/** A destination as a person knows it, in the language of the window; `destinationText` is for engine and terminal. */
export function destinationName(options: DestinationOptions): string {
  if (options.kind === 'none') return t('nowhere (nothing was stored)');
  if (options.kind === 'mybookshelf2-cli' && options.container !== null) {
    return t('the container {0}', options.container);
  }
  return destinationText(options);
}
