import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { destinationText } from '../../protocol/destinationText.ts';
import { oneLine, systemCode, TarshelfError } from '../../protocol/errors.ts';
import { formatCount } from '../../protocol/format.ts';
import type { DestinationOptions } from '../../protocol/ingestOptions.ts';
import type { Secrets } from '../../protocol/secrets.ts';
import { findCalibreProgram } from '../system/calibreProgram.ts';
import { Calibredb, isContentServer, type CalibreLibrary } from './calibre/calibredb.ts';
import { CalibreTurn } from './calibre/turn.ts';
import { DestinationUnusable } from './destination.ts';
import { calibreLibrary, prepareDestination } from './openDestination.ts';

/** A server that is there answers in less, also over a slow line. */
const longestCheckMs = 60_000;

/**
 * Whether a destination could take books now, found out without changing anything: what is not there yet is not
 * made, only looked at whether it could be.
 *
 * @returns one line for a person: what was found
 * @throws TarshelfError `DESTINATION_UNUSABLE`: what is in the way, and what to do about it
 * @throws the signal's reason when it comes first
 */
export async function checkDestination(
  options: DestinationOptions,
  secrets: Secrets,
  signal: AbortSignal,
  timeoutMs = longestCheckMs,
): Promise<string> {
  const timeout = AbortSignal.timeout(timeoutMs);
  const either = AbortSignal.any([signal, timeout]);
  try {
    return await unlessAborted(look(options, secrets, either), either);
  } catch (thrown) {
    signal.throwIfAborted();
    if (timeout.aborted) {
      throw new TarshelfError(
        'DESTINATION_UNUSABLE',
        `${destinationText(options)} did not answer within ${formatCount(Math.ceil(timeoutMs / 1000), 'second')}. ` +
          'Check its address, and whether it is busy with something else.',
        { cause: thrown },
      );
    }
    if (!(thrown instanceof DestinationUnusable)) throw thrown;
    throw new TarshelfError('DESTINATION_UNUSABLE', thrown.message, { cause: thrown });
  }
}

async function look(options: DestinationOptions, secrets: Secrets, signal: AbortSignal): Promise<string> {
  switch (options.kind) {
    case 'library':
      return (await isThereOrCanBe('library', options.folder, 'library.db'))
        ? `The library ${options.folder} is there and can be written.`
        : `The library ${options.folder} is not there yet; the first run makes it.`;
    case 'calibre':
      return await lookAtCalibre(calibreLibrary(options, secrets), signal);
    case 'mybookshelf2':
    case 'mybookshelf2-cli': {
      // Opening logs in and connects, and changes nothing.
      const destination = await prepareDestination(options, secrets, signal);
      destination.close();
      return `${destinationText(options)} answers, and lets ${options.userName} in.`;
    }
    case 'none':
      return 'Books go nowhere: they are read and counted.';
    default:
      return options satisfies never;
  }
}

async function lookAtCalibre(library: CalibreLibrary, signal: AbortSignal): Promise<string> {
  const { location } = library;
  const isServer = isContentServer(location);
  if (!isServer && !(await isThereOrCanBe('calibre library', location, 'metadata.db'))) {
    // To list it would make it.
    if (findCalibreProgram('calibredb') === undefined) {
      throw new DestinationUnusable(
        "calibre's program calibredb is not found. Install calibre 5 or later, or make its calibredb findable in PATH.",
      );
    }
    return `The calibre library ${location} is not there yet; calibre makes it in the first run.`;
  }
  const turn = await CalibreTurn.take(signal);
  try {
    const books = await new Calibredb(library).list(['title'], null, signal);
    const found = `${location} is there and holds ${formatCount(books.length, 'book')}.`;
    return isServer
      ? `The calibre content server ${found} Whether it lets books be added shows with the first one.`
      : `The calibre library ${found}`;
  } finally {
    await turn.end();
  }
}

/**
 * Whether a library is in a folder; where not, that the folder could be made and written.
 *
 * @param database a file that is in the folder of every such library
 */
async function isThereOrCanBe(what: string, folder: string, database: string): Promise<boolean> {
  // Windows says of every folder that it may be written; there the first book tells.
  const { W_OK } = constants;
  try {
    const isThere = await access(join(folder, database), W_OK).then(
      () => true,
      (thrown: unknown) => {
        if (systemCode(thrown) === 'ENOENT') return false;
        throw thrown;
      },
    );
    await access(await nearestFolder(folder), W_OK);
    return isThere;
  } catch (thrown) {
    throw new DestinationUnusable(
      `The ${what} ${folder} cannot be written (${oneLine(thrown)}). Choose another folder, or make it writable.`,
      { cause: thrown },
    );
  }
}

/** The folder itself, or the one in which the way to it would begin. */
async function nearestFolder(path: string): Promise<string> {
  try {
    if ((await stat(path)).isDirectory()) return path;
  } catch (thrown) {
    if (systemCode(thrown) !== 'ENOENT' || dirname(path) === path) throw thrown;
    return await nearestFolder(dirname(path));
  }
  throw new Error(`${path} is no folder`);
}

/** Also where the work does not obey the signal: it is then left to itself. */
async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  const aborted = Promise.withResolvers<never>();
  const onAbort = (): void => {
    aborted.reject(signal.reason);
  };
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([work, aborted.promise]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
