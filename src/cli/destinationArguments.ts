import { resolve } from 'node:path';
import { TarshelfError } from '../protocol/errors.ts';
import {
  calibreDeclined,
  defaultCalibreDeclined,
  defaultLibraryFolderName,
  type CalibreDeclined,
  type DestinationOptions,
} from '../protocol/ingestOptions.ts';

const kinds = ['library', 'calibre'] as const satisfies DestinationOptions['kind'][];

/** The options of `tarshelf ingest` that say where books go. */
export const destinationOptionTable = {
  destination: { value: 'KIND', help: `where books go: ${kinds.join(', ')}` },
  library: {
    value: 'PLACE',
    help: `folder (default: in the state folder) or address`,
  },
  user: { value: 'NAME', help: 'user name (password: TARSHELF_PASSWORD)' },
  declined: {
    value: 'HOW',
    help: calibreDeclined.join(', '),
  },
} as const;

interface GivenValues {
  value(name: keyof typeof destinationOptionTable): string | undefined;
}

/**
 * Where the books go, by what was given.
 *
 * @throws TarshelfError `USAGE`
 */
export function readDestination(
  given: GivenValues,
  currentFolder: string,
  stateFolder: string,
): DestinationOptions {
  const kind = given.value('destination') ?? 'library';
  const library = given.value('library');
  switch (kind) {
    case 'library':
      return {
        kind,
        folder:
          library === undefined
            ? resolve(stateFolder, defaultLibraryFolderName)
            : resolve(currentFolder, library),
      };
    case 'calibre': {
      if (library === undefined) {
        throw new TarshelfError(
          'USAGE',
          '--destination calibre needs --library: the folder of the calibre library, or the address of one on a content server.',
        );
      }
      const declined = given.value('declined') ?? defaultCalibreDeclined;
      if (!isDeclined(declined)) {
        throw new TarshelfError(
          'USAGE',
          `--declined takes: ${calibreDeclined.join(', ')}, not "${declined}".`,
        );
      }
      const isServer = /^https?:\/\//i.test(library);
      return {
        kind,
        library: isServer ? library : resolve(currentFolder, library),
        userName: given.value('user') ?? null,
        declined,
      };
    }
    default:
      throw new TarshelfError(
        'USAGE',
        `Unknown destination "${kind}". --destination takes: ${kinds.join(', ')}.`,
      );
  }
}

function isDeclined(text: string): text is CalibreDeclined {
  return calibreDeclined.some(known => known === text);
}
