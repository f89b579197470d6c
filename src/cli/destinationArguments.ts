import { resolve } from 'node:path';
import { addressBeginnings, addressProblem, type AddressKind } from '../protocol/addresses.ts';
import { TarshelfError } from '../protocol/errors.ts';
import {
  calibreDeclined,
  defaultApiUrl,
  defaultCalibreDeclined,
  defaultLibraryFolderName,
  defaultProgram,
  defaultWebSocketUrl,
  destinationKinds,
  offeredDestinations,
  type CalibreDeclined,
  type DestinationOptions,
} from '../protocol/ingestOptions.ts';
import { secretVariables } from './secrets.ts';

/** The options of `tarshelf ingest` that say where books go. */
export const destinationOptionTable = {
  destination: { value: 'KIND', help: `where books go: library, calibre, ...` },
  library: { value: 'PLACE', help: `library: its folder; calibre: folder or address` },
  declined: { value: 'HOW', help: `calibre: ${calibreDeclined.join(', ')}` },
  server: { value: 'URL', help: 'mybookshelf2: its address' },
  websocket: { value: 'URL', help: 'mybookshelf2: address of its WebSocket' },
  language: { value: 'CODE', help: 'mybookshelf2: for books without a known one' },
  database: { value: 'URL', help: 'mybookshelf2: postgresql://user@host/name' },
  container: { value: 'NAME', help: 'mybookshelf2-cli: Docker container' },
  program: { value: 'PATH', help: `mybookshelf2-cli: of ${defaultProgram}` },
  user: { value: 'NAME', help: `user name (password: ${secretVariables.password})` },
  'password-file': { value: 'FILE', help: 'its first line is the password' },
} as const;

type OptionName = keyof typeof destinationOptionTable;

const myBookshelf2Options: readonly OptionName[] = [
  'server',
  'websocket',
  'language',
  'database',
  'user',
  'password-file',
];

/** Which of them say something of which destination. */
const optionsOf: Readonly<Record<DestinationOptions['kind'], readonly OptionName[]>> = {
  library: ['library'],
  calibre: ['library', 'declined', 'user', 'password-file'],
  mybookshelf2: myBookshelf2Options,
  'mybookshelf2-cli': [...myBookshelf2Options, 'container', 'program'],
  none: [],
};

interface GivenValues {
  value(name: OptionName): string | undefined;
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
  const kind = readChoice(
    '--destination',
    given.value('destination') ?? 'library',
    destinationKinds,
    offeredDestinations,
  );
  for (const name of Object.keys(destinationOptionTable) as OptionName[]) {
    if (name === 'destination' || given.value(name) === undefined || optionsOf[kind].includes(name)) continue;
    throw new TarshelfError(
      'USAGE',
      `--${name} says nothing of the destination ${kind}. It goes with: ${kindsWith(name).join(', ')}.`,
    );
  }
  switch (kind) {
    case 'library': {
      const library = given.value('library');
      return {
        kind,
        folder:
          library === undefined
            ? resolve(stateFolder, defaultLibraryFolderName)
            : resolve(currentFolder, library),
      };
    }
    case 'calibre': {
      const library = need(
        given,
        kind,
        'library',
        'the folder of the calibre library, or the address of one on a content server',
      );
      const isServer = /^https?:\/\//i.test(library);
      return {
        kind,
        library: isServer ? address('library', 'http', library) : resolve(currentFolder, library),
        userName: given.value('user') ?? null,
        declined: readChoice(
          '--declined',
          given.value('declined') ?? defaultCalibreDeclined,
          calibreDeclined,
        ) satisfies CalibreDeclined,
      };
    }
    case 'mybookshelf2':
      return { kind, ...myBookshelf2(given, kind) };
    case 'mybookshelf2-cli': {
      const container = given.value('container') ?? null;
      const program = given.value('program') ?? defaultProgram;
      return {
        kind,
        ...myBookshelf2(given, kind),
        container,
        program: container === null ? resolve(currentFolder, program) : program,
      };
    }
    case 'none':
      return { kind };
    default:
      return kind satisfies never;
  }
}

/** Absolute path of the file that holds the password; null where none is named. */
export function readPasswordFile(given: GivenValues, currentFolder: string): string | null {
  const file = given.value('password-file');
  return file === undefined ? null : resolve(currentFolder, file);
}

function myBookshelf2(given: GivenValues, kind: string) {
  const database = given.value('database');
  return {
    apiUrl: address('server', 'http', given.value('server') ?? defaultApiUrl),
    webSocketUrl: address('websocket', 'webSocket', given.value('websocket') ?? defaultWebSocketUrl),
    userName: need(given, kind, 'user', 'the name of a user of the server'),
    fallbackLanguage: given.value('language') ?? null,
    database: database === undefined ? null : address('database', 'database', database),
  };
}

function address(name: OptionName, kind: AddressKind, text: string): string {
  switch (addressProblem(kind, text)) {
    case null:
      return text;
    case 'malformed':
      throw new TarshelfError(
        'USAGE',
        `--${name} takes an address that begins with ${addressBeginnings(kind)}, not "${text}".`,
      );
    case 'password': {
      const place = kind === 'database' ? secretVariables.databasePassword : secretVariables.password;
      throw new TarshelfError(
        'USAGE',
        `--${name} takes no password, for everybody can read command lines. Put it into ${place}.`,
      );
    }
  }
}

function need(given: GivenValues, kind: string, name: OptionName, what: string): string {
  const value = given.value(name);
  if (value !== undefined) return value;
  throw new TarshelfError('USAGE', `--destination ${kind} needs --${name}: ${what}.`);
}

function readChoice<T extends string>(
  name: string,
  text: string,
  choices: readonly T[],
  offered: readonly T[] = choices,
): T {
  const choice = choices.find(known => known === text);
  if (choice !== undefined) return choice;
  throw new TarshelfError('USAGE', `${name} takes: ${offered.join(', ')}, not "${text}".`);
}

function kindsWith(name: OptionName): string[] {
  return destinationKinds.filter(kind => optionsOf[kind].includes(name));
}
