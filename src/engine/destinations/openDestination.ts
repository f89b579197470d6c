import type { DestinationOptions } from '../../protocol/ingestOptions.ts';
import { DestinationUnusable, type Destination } from './destination.ts';
import { Library } from './library.ts';

/**
 * Opens a destination that one process has prepared.
 *
 * @param id what it was then. Another one may stand in its place by now.
 * @throws DestinationUnusable
 */
export async function openDestination(options: DestinationOptions, id: string): Promise<Destination> {
  const destination = await Library.open(options.folder);
  if (destination.id === id) return destination;
  destination.close();
  throw new DestinationUnusable(
    `The library ${options.folder} is another one than this run began with. Put the right one back.`,
  );
}

/**
 * What one process does before many use the destination: makes it where it is new, and removes what killed ones left behind.
 *
 * @throws TarshelfError where the destination cannot be used at all
 */
export async function prepareDestination(options: DestinationOptions): Promise<Destination> {
  const library = await Library.make(options.folder);
  await library.removeLeftovers();
  return library;
}
