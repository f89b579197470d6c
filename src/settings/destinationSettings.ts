import { t } from '../text/localize.ts';
import { settingsSection, type SettingName } from '../manifest.ts';
import { TarshelfError } from '../protocol/errors.ts';
import {
  calibreDeclined,
  defaultApiUrl,
  defaultCalibreDeclined,
  defaultProgram,
  defaultWebSocketUrl,
  offeredDestinations,
  type DestinationOptions,
} from '../protocol/ingestOptions.ts';
import {
  checkAddress,
  checkChoice,
  checkFolder,
  checkText,
  type Checked,
  type FolderContext,
} from './settingValues.ts';

export const defaultDestination = 'library';

/** A setting without which, or with which, no run can begin. */
export class SettingUnusable extends TarshelfError {
  readonly setting: SettingName;

  constructor(setting: SettingName, message: string) {
    super('USAGE', message);
    this.name = 'SettingUnusable';
    this.setting = setting;
  }
}

/** A setting's value as it stands in the configuration. */
export type SettingReader = (name: SettingName) => unknown;

export interface DestinationContext extends FolderContext {
  /** Of the embedded library; asked for where that is the destination. */
  libraryFolder(): string;
}

/**
 * Where books go, by the settings. Unlike others, a bad one has no default in its place: books would go where
 * nobody wants them.
 *
 * @throws SettingUnusable
 */
export function readDestination(get: SettingReader, context: DestinationContext): DestinationOptions {
  const kind = readKind(get);
  switch (kind) {
    case 'library':
      return { kind, folder: context.libraryFolder() };
    case 'calibre': {
      const isServer = isCalibreServer(get);
      const library = take(get, 'calibre.library', value =>
        isServer ? checkAddress(value, 'http') : checkFolder(value, context),
      );
      if (library === undefined) {
        throw missing(
          'calibre.library',
          t('the folder of the calibre library, or the address of one on a content server'),
        );
      }
      return {
        kind,
        library,
        // A folder asks nobody who he is.
        userName: isServer ? (take(get, 'calibre.userName', checkText) ?? null) : null,
        declined:
          take(get, 'calibre.declined', value => checkChoice(value, calibreDeclined)) ??
          defaultCalibreDeclined,
      };
    }
    case 'mybookshelf2':
      return { kind, ...readMyBookshelf2(get) };
    case 'mybookshelf2-cli': {
      const container = take(get, 'mybookshelf2.container', checkText) ?? null;
      const program = take(get, 'mybookshelf2.program', value => {
        const text = checkText(value);
        // In a container it is a path of that container.
        return text.ok && container === null ? checkFolder(text.value ?? defaultProgram, context) : text;
      });
      return { kind, ...readMyBookshelf2(get), container, program: program ?? defaultProgram };
    }
    default:
      return kind satisfies never;
  }
}

/**
 * The setting of the user name where the destination asks for one and it is not set.
 *
 * @throws SettingUnusable
 */
export function userNameToAskFor(get: SettingReader): SettingName | undefined {
  const kind = readKind(get);
  switch (kind) {
    case 'library':
      return undefined;
    case 'calibre':
      return isCalibreServer(get) ? whereUnset(get, 'calibre.userName') : undefined;
    case 'mybookshelf2':
    case 'mybookshelf2-cli':
      return whereUnset(get, 'mybookshelf2.userName');
    default:
      return kind satisfies never;
  }
}

function whereUnset(get: SettingReader, name: SettingName): SettingName | undefined {
  return take(get, name, checkText) === undefined ? name : undefined;
}

function readKind(get: SettingReader): (typeof offeredDestinations)[number] {
  return take(get, 'destination', value => checkChoice(value, offeredDestinations)) ?? defaultDestination;
}

function readMyBookshelf2(get: SettingReader) {
  const userName = take(get, 'mybookshelf2.userName', checkText);
  if (userName === undefined) {
    throw missing(
      'mybookshelf2.userName',
      t('the name of a user of the server; "Tarshelf: Sign In" asks for it'),
    );
  }
  return {
    apiUrl: take(get, 'mybookshelf2.server', value => checkAddress(value, 'http')) ?? defaultApiUrl,
    webSocketUrl:
      take(get, 'mybookshelf2.webSocket', value => checkAddress(value, 'webSocket')) ?? defaultWebSocketUrl,
    userName,
    fallbackLanguage: take(get, 'mybookshelf2.fallbackLanguage', checkText) ?? null,
    database: take(get, 'mybookshelf2.database', value => checkAddress(value, 'database')) ?? null,
  };
}

function isCalibreServer(get: SettingReader): boolean {
  return /^https?:\/\//i.test(take(get, 'calibre.library', checkText) ?? '');
}

function take<T>(
  get: SettingReader,
  name: SettingName,
  check: (value: unknown) => Checked<T | undefined>,
): T | undefined {
  const checked = check(get(name));
  if (checked.ok) return checked.value;
  // The value itself is not shown: it may hold what is secret.
  throw new SettingUnusable(name, t('The setting {0} {1}.', `${settingsSection}.${name}`, checked.reason));
}

function missing(name: SettingName, what: string): SettingUnusable {
  return new SettingUnusable(name, t('The setting {0} is missing: {1}.', `${settingsSection}.${name}`, what));
}
