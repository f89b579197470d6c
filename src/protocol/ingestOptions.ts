import * as v from 'valibot';
import { bookFormatSchema } from './bookFormat.ts';
import { readSourceFolders, sourceFoldersSchema } from './sourceFolders.ts';
import { supervisionSchema } from './supervision.ts';

/** The bounds of the numbers a user may set, and what they are when nothing is set. */
export const limits = {
  workers: { min: 1, max: 64, default: 4 },
  batchSize: { min: 1, max: 100_000, default: 1000 },
  parallelUploads: { min: 1, max: 10, default: 1 },
} as const;

export const defaultStateFolderName = '.tarshelf';
export const defaultLibraryFolderName = 'library';

function bounded(range: { min: number; max: number }) {
  return v.pipe(v.number(), v.integer(), v.minValue(range.min), v.maxValue(range.max));
}

/**
 * What becomes of a book when calibre has one of the same title and authors, with other bytes:
 *
 *   decline     it is not added, and is listed as failed with that reason
 *   add-format  it becomes a further format of that book, or a book of its own where that has the format
 *   add-anyway  it becomes a book of its own
 */
export const calibreDeclined = ['decline', 'add-format', 'add-anyway'] as const;
export const defaultCalibreDeclined = 'add-format';
export const calibreDeclinedSchema = v.picklist(calibreDeclined);
export type CalibreDeclined = v.InferOutput<typeof calibreDeclinedSchema>;

/** Where a MyBookshelf2 server is, as whom books go there, and what its contract leaves to us. */
const myBookshelf2Entries = {
  /** Of its REST server, such as `http://localhost:6006`. */
  apiUrl: v.string(),
  /** Of its WebSocket backend, such as `ws://localhost:8080/ws`. */
  webSocketUrl: v.string(),
  userName: v.string(),
  /** Code of the language of books whose own is not said or not known to the server; null: such books fail. */
  fallbackLanguage: v.nullable(v.string()),
  /** `postgresql://user@host:port/database` of its list of books, without a password; null: keys are asked for in batches. */
  database: v.nullable(v.string()),
};

/** Where new books go. Discriminated by `kind`, so that further destinations are further members. */
export const destinationOptionsSchema = v.variant('kind', [
  /** `folder` is the absolute path of the embedded library. */
  v.object({ kind: v.literal('library'), folder: v.string() }),
  /** `library` is the absolute path of a calibre library, or the address of one on a content server. */
  v.object({
    kind: v.literal('calibre'),
    library: v.string(),
    userName: v.nullable(v.string()),
    declined: v.optional(calibreDeclinedSchema, defaultCalibreDeclined),
  }),
  v.object({ kind: v.literal('mybookshelf2'), ...myBookshelf2Entries }),
  /** The server's own command-line program, for servers whose WebSocket cannot be reached from here. */
  v.object({
    kind: v.literal('mybookshelf2-cli'),
    ...myBookshelf2Entries,
    /** The container in which the program runs; null: here. */
    container: v.nullable(v.string()),
    /** Path of `mbs2.py` where it runs: in the container, or here. */
    program: v.string(),
  }),
  /** Nowhere: books are read, digested and counted. For rehearsals and measurements. */
  v.object({ kind: v.literal('none') }),
]);
export type DestinationOptions = v.InferOutput<typeof destinationOptionsSchema>;

export const destinationKinds = [
  'library',
  'calibre',
  'mybookshelf2',
  'mybookshelf2-cli',
  'none',
] as const satisfies DestinationOptions['kind'][];

/** Those that people are offered. Rehearsals, which store nothing, are for who knows of them. */
export const offeredDestinations = destinationKinds.filter(kind => kind !== 'none');

/** Where a MyBookshelf2 server listens when nobody says otherwise, seen from its own machine. */
export const defaultApiUrl = 'http://localhost:6006';
export const defaultWebSocketUrl = 'ws://localhost:8080/ws';
/** Where its command-line program is, seen from the folder of the server. */
export const defaultProgram = 'cli/mbs2.py';

/**
 * How members are read:
 *
 *   auto      from an extraction folder of the tar where there is one, else in place
 *   in-place  from the tar; no folder is looked for
 *   extract   from an extraction folder, which is made where there is none
 */
export const modes = ['auto', 'in-place', 'extract'] as const;
export const defaultMode = 'auto';
export const modeSchema = v.picklist(modes);
export type Mode = v.InferOutput<typeof modeSchema>;

/**
 * What becomes of a tar that was completed without any error:
 *
 *   keep  it stays where it is
 *   move  it is moved to `processed` in its source folder
 */
export const completionActions = ['keep', 'move'] as const;
export const defaultCompletionAction = 'keep';
export const completionActionSchema = v.picklist(completionActions);
export type CompletionAction = v.InferOutput<typeof completionActionSchema>;

/**
 * Who reads what a book calls itself:
 *
 *   auto     our own readers; calibre, where it is installed, for formats that have none
 *   builtin  our own readers alone
 *   calibre  calibre, where it is installed, for every format that it reads; half a second a book
 */
export const metadataReaders = ['auto', 'builtin', 'calibre', 'none'] as const;
export const defaultMetadataReader = 'auto';
export const metadataReaderSchema = v.picklist(metadataReaders);
export type MetadataReader = v.InferOutput<typeof metadataReaderSchema>;

/** What one ingest is asked to do. All paths are absolute. */
export const ingestOptionsSchema = readSourceFolders({
  /** In the order in which they were named; the same one may be named twice. */
  sourceFolders: sourceFoldersSchema,
  stateFolder: v.string(),
  workers: bounded(limits.workers),
  batchSize: bounded(limits.batchSize),
  parallelUploads: bounded(limits.parallelUploads),
  mode: v.optional(modeSchema, defaultMode),
  afterCompletion: v.optional(completionActionSchema, defaultCompletionAction),
  metadataReader: v.optional(metadataReaderSchema, defaultMetadataReader),
  /** Only books of these formats are taken; all of them where it is absent. */
  bookTypes: v.optional(v.array(bookFormatSchema)),
  destination: destinationOptionsSchema,
  supervision: v.optional(supervisionSchema),
  /** Only tars of these names are taken; all of the folders where it is absent. */
  tars: v.optional(v.array(v.string())),
  /** Only tars with failures are taken, of these only the named ones; and of failed books only the named members. */
  retry: v.optional(
    v.object({
      tars: v.nullable(v.array(v.string())),
      books: v.nullable(v.array(v.string())),
      /** The failed books are not tried again but given up: from then on they count as skipped. */
      skip: v.optional(v.boolean()),
      /**
       * Instead of what failed: the books that the destination lists and that are not there any more, its files being gone. Their
       * tars, or the named ones, are read anew from their start, whatever is recorded of them.
       */
      lost: v.optional(v.boolean()),
    }),
  ),
});
export type IngestOptions = v.InferOutput<typeof ingestOptionsSchema>;
