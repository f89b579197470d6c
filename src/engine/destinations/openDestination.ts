import type { DestinationOptions } from '../../protocol/ingestOptions.ts';
import type { Destination } from './destination.ts';
import { Library } from './library.ts';

/** @throws TarshelfError where the destination cannot be used at all. */
export async function openDestination(options: DestinationOptions): Promise<Destination> {
  return Library.open(options.folder);
}

/** What one process does before many use the destination: removes what killed ones left behind. */
export async function prepareDestination(options: DestinationOptions): Promise<Destination> {
  const library = await Library.open(options.folder);
  await library.removeLeftovers();
  return library;
}
