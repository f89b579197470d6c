import { resolve } from 'node:path';
import { bookFormats, type BookFormat } from '../protocol/bookFormat.ts';
import { TarshelfError } from '../protocol/errors.ts';
import {
  completionActions,
  defaultCompletionAction,
  defaultStateFolderName,
  defaultMetadataReader,
  defaultMode,
  limits,
  metadataReaders,
  modes,
  type CompletionAction,
  type IngestOptions,
  type MetadataReader,
  type Mode,
} from '../protocol/ingestOptions.ts';
import { destinationOptionTable, readDestination, readPasswordFile } from './destinationArguments.ts';
import type { GivenArguments } from './optionTable.ts';
import { readSupervision, supervisionOptionTable } from './supervisionArguments.ts';
import { wholeNumber, type Bounds } from './wholeNumber.ts';

function range({ min, max, default: usual }: Bounds): string {
  return `${String(min)} to ${String(max)} (default: ${String(usual)})`;
}

/** The options of `tarshelf ingest`. */
export const ingestOptionTable = {
  'state-dir': { value: 'DIR', help: `keeps the progress (default: ${defaultStateFolderName})` },
  workers: { value: 'N', help: `tars read at once, ${range(limits.workers)}` },
  'batch-size': { value: 'N', help: `books saved at once, ${range(limits.batchSize)}` },
  'parallel-uploads': {
    value: 'N',
    help: `uploads at once per worker, ${range(limits.parallelUploads)}`,
  },
  mode: { value: 'MODE', help: `reading: ${modes.join(', ')} (default: ${defaultMode})` },
  'after-completion': {
    value: 'WHAT',
    help: `completed tars: ${completionActions.join(', ')} (default: ${defaultCompletionAction})`,
  },
  metadata: {
    value: 'READER',
    help: `${metadataReaders.join(', ')} (default: ${defaultMetadataReader})`,
  },
  types: { value: 'LIST', help: 'only books of these types, such as epub,fb2' },
  ...destinationOptionTable,
  ...supervisionOptionTable,
  detach: { help: 'go on in the background, and end here' },
  json: { help: 'one JSON object a line, the last one a summary' },
} as const;

/** The options of `tarshelf retry`: those of an ingest, and what of all that failed. */
export const retryOptionTable = {
  tar: {
    value: 'NAME',
    help: 'only this tar; may be given more than once',
  },
  book: {
    value: 'NAME',
    help: 'only this book; may be given more than once',
  },
  lost: { help: 'books whose files are gone from the library' },
  ...ingestOptionTable,
} as const;

export interface IngestRequest {
  readonly options: IngestOptions;
  /** Absolute path of the file that holds the password, where one is named. */
  readonly passwordFile: string | null;
  /** It goes on in the background. */
  readonly detach: boolean;
  readonly json: boolean;
}

/** What `tarshelf retry` is asked to do; like {@link readIngestRequest}. */
export function readRetryRequest(
  given: GivenArguments<typeof retryOptionTable>,
  currentFolder: string,
): IngestRequest {
  const { options, ...request } = readIngestRequest('retry', given, currentFolder);
  const retry = {
    tars: given.has('tar') ? [...given.values('tar')] : null,
    books: given.has('book') ? [...given.values('book')] : null,
    ...(given.has('lost') ? { lost: true } : {}),
  };
  if (retry.lost && retry.books)
    throw new TarshelfError('USAGE', '--lost brings all lost books of a tar. Leave out --book, or --lost.');
  if (retry.lost && options.destination.kind !== 'library')
    throw new TarshelfError(
      'USAGE',
      `--lost looks at the files of the destination library, which ${options.destination.kind} is not. Leave it out.`,
    );
  return { ...request, options: { ...options, retry } };
}

/**
 * What an ingest is asked to do.
 *
 * @param name of the verb, for messages
 * @param currentFolder what relative paths are relative to; absolute
 * @throws TarshelfError `USAGE`, its message one line that names what is wrong.
 */
export function readIngestRequest(
  name: 'ingest' | 'retry',
  given: GivenArguments<typeof ingestOptionTable>,
  currentFolder: string,
): IngestRequest {
  const command = `tarshelf ${name}`;
  const number = (name: 'workers' | 'batch-size' | 'parallel-uploads', bounds: Bounds): number =>
    wholeNumber(`--${name}`, given.value(name), bounds);
  const numbers = {
    workers: number('workers', limits.workers),
    batchSize: number('batch-size', limits.batchSize),
    parallelUploads: number('parallel-uploads', limits.parallelUploads),
  };
  const sourceFolders = given.positionals;
  if (sourceFolders.length === 0 || sourceFolders.includes('')) {
    throw new TarshelfError(
      'USAGE',
      `Name the folders that hold the tars: ${command} <source folder>... "${command} --help" says more.`,
    );
  }
  const mode = given.value('mode') ?? defaultMode;
  if (!isMode(mode)) {
    throw new TarshelfError('USAGE', `Unknown mode "${mode}". --mode takes: ${modes.join(', ')}.`);
  }
  const afterCompletion = given.value('after-completion') ?? defaultCompletionAction;
  if (!isCompletionAction(afterCompletion)) {
    throw new TarshelfError(
      'USAGE',
      `--after-completion takes: ${completionActions.join(', ')}, not "${afterCompletion}".`,
    );
  }
  const metadataReader = given.value('metadata') ?? defaultMetadataReader;
  if (!isMetadataReader(metadataReader)) {
    throw new TarshelfError(
      'USAGE',
      `Unknown reader "${metadataReader}". --metadata takes: ${metadataReaders.join(', ')}.`,
    );
  }
  const bookTypes = readBookTypes(given.value('types'));
  const stateFolder = resolve(currentFolder, given.value('state-dir') ?? defaultStateFolderName);
  const destination = readDestination(given, currentFolder, stateFolder);
  const supervision = readSupervision(given);
  return {
    json: given.has('json'),
    detach: given.has('detach'),
    passwordFile: readPasswordFile(given, currentFolder),
    options: {
      sourceFolders: sourceFolders.map(folder => resolve(currentFolder, folder)),
      stateFolder,
      ...numbers,
      mode,
      afterCompletion,
      metadataReader,
      ...(bookTypes ? { bookTypes } : {}),
      destination,
      ...(supervision ? { supervision } : {}),
    },
  };
}

function readBookTypes(list: string | undefined): BookFormat[] | null {
  if (list === undefined) return null;
  return list.split(',').map(text => {
    const format = bookFormats.find(known => known === text.trim().toLowerCase().replace(/^\./, ''));
    if (format) return format;
    throw new TarshelfError('USAGE', `Unknown type "${text}". --types takes: ${bookFormats.join(',')}.`);
  });
}

function isMode(mode: string): mode is Mode {
  return modes.some(known => known === mode);
}

function isMetadataReader(reader: string): reader is MetadataReader {
  return metadataReaders.some(known => known === reader);
}

function isCompletionAction(action: string): action is CompletionAction {
  return completionActions.some(known => known === action);
}
