import * as vscode from 'vscode';
import { defaultDestination } from '../settings/destinationSettings.ts';
import { destinationName } from '../text/destinationName.ts';
import { commandIds, type SettingName } from '../manifest.ts';
import { addressProblem } from '../protocol/addresses.ts';
import {
  defaultApiUrl,
  defaultProgram,
  defaultWebSocketUrl,
  type offeredDestinations,
} from '../protocol/ingestOptions.ts';
import type { Choice } from './parts/prompts.ts';
import type { Services } from './parts/services.ts';
import { showFailure } from './showFailure.ts';
import { signIn } from './signIn.ts';

type Kind = (typeof offeredDestinations)[number];

/**
 * Asks where books are to go, and on to what that place needs to be found; then for the password, where it wants one.
 * Nothing is set before all of it is answered.
 */
export async function chooseDestination(services: Services): Promise<void> {
  const { settings, secrets, prompts, messages } = services;
  try {
    const picked = await prompts.pick(kindChoices(settings.raw('destination')), {
      title: vscode.l10n.t('Tarshelf: Choose Destination'),
      placeHolder: vscode.l10n.t('Where new books go'),
    });
    if (!picked) return;
    const answers = await questions[picked.value](services);
    if (!answers) return;
    for (const [name, value] of answers) await settings.rememberDestination(name, value);
    await settings.rememberDestination('destination', picked.value);
    if (
      settings.userNameToAskFor !== undefined ||
      (await secrets.isPasswordMissing(settings.destination()))
    ) {
      await signIn(services);
      return;
    }
    messages.information(vscode.l10n.t('New books go to {0}.', destinationName(settings.destination())), {
      title: vscode.l10n.t('Test Connection'),
      run: () => vscode.commands.executeCommand(commandIds.testConnection),
    });
  } catch (thrown) {
    showFailure(services, thrown);
  }
}

function kindChoices(present: unknown): Choice<Kind>[] {
  const choices: Choice<Kind>[] = [
    {
      label: vscode.l10n.t('Tarshelf library'),
      detail: vscode.l10n.t('A folder that Tarshelf keeps itself. Needs nothing else.'),
      value: 'library',
    },
    {
      label: vscode.l10n.t('calibre'),
      detail: vscode.l10n.t('A calibre library on this machine, or one on a calibre content server.'),
      value: 'calibre',
    },
    {
      label: vscode.l10n.t('MyBookshelf2'),
      detail: vscode.l10n.t('A MyBookshelf2 server, by its own interface.'),
      value: 'mybookshelf2',
    },
    {
      label: vscode.l10n.t('MyBookshelf2, by its command-line program'),
      detail: vscode.l10n.t('For a server whose WebSocket cannot be reached from here. Slower.'),
      value: 'mybookshelf2-cli',
    },
  ];
  const now = present === undefined || present === '' ? defaultDestination : present;
  return choices.map(choice =>
    choice.value === now ? { ...choice, description: vscode.l10n.t('chosen now') } : choice,
  );
}

type Answers = readonly (readonly [SettingName, string])[];

/** What each destination needs; undefined when the person left. */
const questions: Readonly<Record<Kind, (services: Services) => Promise<Answers | undefined>>> = {
  library: askForLibrary,
  calibre: askForCalibre,
  mybookshelf2: async services => {
    const server = await askForServer(services);
    if (server === undefined) return undefined;
    const webSocket = await askForAddress(
      services,
      'webSocket',
      'mybookshelf2.webSocket',
      vscode.l10n.t('Address of its WebSocket'),
      defaultWebSocketUrl,
    );
    if (webSocket === undefined) return undefined;
    return [
      ['mybookshelf2.server', server],
      ['mybookshelf2.webSocket', webSocket],
    ];
  },
  'mybookshelf2-cli': async services => {
    const server = await askForServer(services);
    if (server === undefined) return undefined;
    const container = await askFor(
      services,
      'mybookshelf2.container',
      vscode.l10n.t('Container in which its program runs; empty if it runs here'),
      '',
    );
    if (container === undefined) return undefined;
    const program = await askFor(
      services,
      'mybookshelf2.program',
      vscode.l10n.t('Path of mbs2.py where it runs'),
      defaultProgram,
    );
    if (program === undefined) return undefined;
    return [
      ['mybookshelf2.server', server],
      ['mybookshelf2.container', container],
      ['mybookshelf2.program', program],
    ];
  },
};

async function askForLibrary({ settings, prompts }: Services): Promise<Answers | undefined> {
  const { libraryFolder } = settings;
  const place = await prompts.pick<'keep' | 'choose'>(
    [
      { label: libraryFolder, description: vscode.l10n.t('as it is set'), value: 'keep' },
      { label: vscode.l10n.t('Another folder...'), value: 'choose' },
    ],
    { title: vscode.l10n.t('Tarshelf: Folder of the Library') },
  );
  if (!place) return undefined;
  if (place.value === 'keep') return [];
  const folder = await prompts.openFolder({ title: vscode.l10n.t('Folder of the library') });
  return folder && [['libraryFolder', folder.fsPath]];
}

async function askForCalibre(services: Services): Promise<Answers | undefined> {
  const { prompts } = services;
  const place = await prompts.pick<'folder' | 'server'>(
    [
      { label: vscode.l10n.t('A calibre library in a folder...'), value: 'folder' },
      { label: vscode.l10n.t('A library on a calibre content server...'), value: 'server' },
    ],
    { title: vscode.l10n.t('Tarshelf: Where the calibre Library Is') },
  );
  if (!place) return undefined;
  if (place.value === 'folder') {
    const folder = await prompts.openFolder({ title: vscode.l10n.t('Folder of the calibre library') });
    return folder && [['calibre.library', folder.fsPath]];
  }
  const address = await askForAddress(
    services,
    'http',
    'calibre.library',
    vscode.l10n.t('Address of the library, such as {0}', 'http://localhost:8080/#books'),
    '',
  );
  return address === undefined ? undefined : [['calibre.library', address]];
}

function askForServer(services: Services): Promise<string | undefined> {
  return askForAddress(
    services,
    'http',
    'mybookshelf2.server',
    vscode.l10n.t('Address of the server'),
    defaultApiUrl,
  );
}

async function askForAddress(
  services: Services,
  kind: 'http' | 'webSocket',
  name: SettingName,
  prompt: string,
  usual: string,
): Promise<string | undefined> {
  return await askFor(services, name, prompt, usual, text => {
    switch (addressProblem(kind, text.trim())) {
      case null:
        return undefined;
      case 'malformed':
        return vscode.l10n.t('This is no address that is understood here.');
      case 'password':
        return vscode.l10n.t('Leave the password out: it is asked for next, and kept secret.');
    }
  });
}

async function askFor(
  { settings, prompts }: Services,
  name: SettingName,
  prompt: string,
  usual: string,
  validateInput: (text: string) => string | undefined = () => undefined,
): Promise<string | undefined> {
  const present = settings.raw(name);
  const entered = await prompts.ask({
    title: vscode.l10n.t('Tarshelf: Choose Destination'),
    prompt,
    value: typeof present === 'string' && validateInput(present) === undefined ? present : usual,
    validateInput,
  });
  return entered?.trim();
}
