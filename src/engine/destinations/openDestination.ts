import { TarshelfError } from '../../protocol/errors.ts';
import type { DestinationOptions } from '../../protocol/ingestOptions.ts';
import { DestinationUnusable, type Destination } from './destination.ts';
import { CalibreDestination } from './calibre/calibreDestination.ts';
import type { CalibreLibrary } from './calibre/calibredb.ts';
import { Library } from './library.ts';

/**
 * Opens a destination that one process has prepared.
 *
 * @param id what it was then. Another one may stand in its place by now.
 * @throws DestinationUnusable
 */
export async function openDestination(options: DestinationOptions, id: string): Promise<Destination> {
  const destination = await open(options);
  if (destination.id === id) return destination;
  destination.close();
  throw new DestinationUnusable(
    `The library ${place(options)} is another one than this run began with. Put the right one back.`,
  );
}

/**
 * What one process does before many use the destination: makes it where it is new, and removes what killed ones left behind.
 *
 * @throws TarshelfError where the destination cannot be used at all
 */
export async function prepareDestination(options: DestinationOptions): Promise<Destination> {
  try {
    return await prepare(options);
  } catch (thrown) {
    if (!(thrown instanceof DestinationUnusable)) throw thrown;
    throw new TarshelfError('DESTINATION_UNUSABLE', thrown.message, { cause: thrown });
  }
}

async function prepare(options: DestinationOptions): Promise<Destination> {
  switch (options.kind) {
    case 'library': {
      const library = await Library.make(options.folder);
      await library.removeLeftovers();
      return library;
    }
    case 'calibre':
      return CalibreDestination.make(calibreLibrary(options), options.declined);
    default:
      return options satisfies never;
  }
}

async function open(options: DestinationOptions): Promise<Destination> {
  switch (options.kind) {
    case 'library':
      return Library.open(options.folder);
    case 'calibre':
      return CalibreDestination.open(calibreLibrary(options), options.declined);
    default:
      return options satisfies never;
  }
}

function calibreLibrary(options: Extract<DestinationOptions, { kind: 'calibre' }>): CalibreLibrary {
  // From the environment, never from an option: those stand in process lists and state files.
  const password = process.env['TARSHELF_PASSWORD'] ?? null;
  return { location: options.library, userName: options.userName, password };
}

function place(options: DestinationOptions): string {
  return options.kind === 'library' ? options.folder : options.library;
}
