import { TarshelfError } from '../../protocol/errors.ts';
import { destinationText } from '../../protocol/destinationText.ts';
import type { DestinationOptions } from '../../protocol/ingestOptions.ts';
import type { Secrets } from '../../protocol/secrets.ts';
import { DestinationUnusable, type Destination, type DestinationListener } from './destination.ts';
import type { CalibreLibrary } from './calibre/calibredb.ts';
import type { SourceTable } from './mybookshelf2/sourceTable.ts';
import { Nowhere } from './nowhere.ts';

// Each is loaded by a process that uses it: all of them together take as long to load as the rest of a worker.
const loadLibrary = () => import('./library/library.ts');
const loadCalibre = () => import('./calibre/calibreDestination.ts');
const loadMyBookshelf2 = () => import('./mybookshelf2/myBookshelf2Destination.ts');
const loadMyBookshelf2Cli = () => import('./mybookshelf2Cli/myBookshelf2CliDestination.ts');

/**
 * Opens a destination that one process has prepared.
 *
 * @param id what it was then. Another one may stand in its place by now.
 * @param stop ends waiting for what may pass; what is under way is finished
 * @throws DestinationUnusable
 */
export async function openDestination(
  options: DestinationOptions,
  secrets: Secrets,
  id: string,
  stop: AbortSignal,
  listener: DestinationListener = {},
): Promise<Destination> {
  const destination = await open(options, secrets, stop, listener);
  if (destination.id === id) return destination;
  destination.close();
  throw new DestinationUnusable(
    `The library ${destinationText(options)} is another one than this run began with. Put the right one back.`,
  );
}

/**
 * What one process does before many use the destination: makes it where it is new, and removes what killed ones left behind.
 *
 * @param signal ends it at once, also where whoever is asked says nothing
 * @throws TarshelfError where the destination cannot be used at all
 */
export async function prepareDestination(
  options: DestinationOptions,
  secrets: Secrets,
  signal: AbortSignal,
): Promise<Destination> {
  try {
    return await prepare(options, secrets, signal);
  } catch (thrown) {
    if (!(thrown instanceof DestinationUnusable)) throw thrown;
    throw new TarshelfError('DESTINATION_UNUSABLE', thrown.message, { cause: thrown });
  }
}

/**
 * Opens a destination only to see what it has: nothing is made there, and nothing of what runs leave behind is removed.
 *
 * @throws TarshelfError `DESTINATION_UNUSABLE`
 */
export async function openToRead(options: DestinationOptions, secrets: Secrets): Promise<Destination> {
  try {
    switch (options.kind) {
      case 'library':
      case 'calibre':
      case 'none':
        return await open(options, secrets);
      case 'mybookshelf2':
        // Preparing it logs in, and makes nothing.
        return await prepare(options, secrets);
      case 'mybookshelf2-cli':
        return (await loadMyBookshelf2Cli()).MyBookshelf2CliDestination.open(
          options,
          secrets.password,
          await sourceTable(options.database, secrets),
        );
      default:
        return options satisfies never;
    }
  } catch (thrown) {
    if (!(thrown instanceof DestinationUnusable)) throw thrown;
    throw new TarshelfError('DESTINATION_UNUSABLE', thrown.message, { cause: thrown });
  }
}

async function prepare(
  options: DestinationOptions,
  secrets: Secrets,
  signal?: AbortSignal,
): Promise<Destination> {
  signal?.throwIfAborted();
  switch (options.kind) {
    case 'library': {
      const { Library } = await loadLibrary();
      const library = await Library.make(options.folder);
      await library.removeLeftovers();
      return library;
    }
    case 'calibre': {
      const { CalibreDestination } = await loadCalibre();
      return CalibreDestination.make(calibreLibrary(options, secrets), options.declined, undefined, signal);
    }
    case 'mybookshelf2': {
      const { MyBookshelf2Destination } = await loadMyBookshelf2();
      const destination = new MyBookshelf2Destination(options, secrets, {
        sourceTable: await sourceTable(options.database, secrets),
      });
      const close = (): void => {
        destination.close();
      };
      signal?.addEventListener('abort', close, { once: true });
      try {
        await destination.check();
      } catch (thrown) {
        close();
        signal?.throwIfAborted();
        throw thrown;
      } finally {
        signal?.removeEventListener('abort', close);
      }
      return destination;
    }
    case 'mybookshelf2-cli':
      return (await loadMyBookshelf2Cli()).MyBookshelf2CliDestination.make(
        options,
        secrets.password,
        await sourceTable(options.database, secrets),
        {},
        signal,
      );
    case 'none':
      return open(options, secrets);
    default:
      return options satisfies never;
  }
}

async function open(
  options: DestinationOptions,
  secrets: Secrets,
  stop?: AbortSignal,
  listener: DestinationListener = {},
): Promise<Destination> {
  switch (options.kind) {
    case 'library':
      return (await loadLibrary()).Library.open(options.folder);
    case 'calibre': {
      const { CalibreDestination } = await loadCalibre();
      return CalibreDestination.open(calibreLibrary(options, secrets), options.declined, undefined, listener);
    }
    case 'mybookshelf2': {
      const { MyBookshelf2Destination } = await loadMyBookshelf2();
      return new MyBookshelf2Destination(options, secrets, { listener, ...(stop ? { stop } : {}) });
    }
    case 'mybookshelf2-cli':
      return (await loadMyBookshelf2Cli()).MyBookshelf2CliDestination.open(options, secrets.password, null, {
        listener,
        ...(stop ? { stop } : {}),
      });
    case 'none':
      return new Nowhere();
    default:
      return options satisfies never;
  }
}

/** Only the engine reads all keys; workers ask it. */
async function sourceTable(
  database: string | null,
  { databasePassword }: Secrets,
): Promise<SourceTable | null> {
  if (database === null) return null;
  const table = await import('./mybookshelf2/sourceTable.ts');
  return new table.SourceTable(database, databasePassword);
}

export function calibreLibrary(
  options: Extract<DestinationOptions, { kind: 'calibre' }>,
  { password }: Secrets,
): CalibreLibrary {
  return { location: options.library, userName: options.userName, password };
}
