import * as vscode from 'vscode';
import { destinationName } from '../../text/destinationName.ts';
import type { DestinationOptions } from '../../protocol/ingestOptions.ts';
import type { Secrets } from '../../protocol/secrets.ts';
import { cancellable } from './cancellable.ts';
import type { Services } from './services.ts';

/**
 * Finds out whether books could go to a destination, with progress that can be cancelled.
 *
 * @returns what was found, in one line; undefined when it was cancelled
 * @throws TarshelfError `DESTINATION_UNUSABLE` with what is wrong
 */
export async function checkConnection(
  { checkDestination }: Services,
  destination: DestinationOptions,
  secrets: Secrets,
): Promise<string | undefined> {
  const title = vscode.l10n.t('Tarshelf: connecting to {0}', destinationName(destination));
  return await cancellable(title, signal => checkDestination(destination, secrets, signal));
}
