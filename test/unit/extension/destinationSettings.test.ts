import assert from 'node:assert/strict';
import path from 'node:path';
import {
  readDestination,
  SettingUnusable,
  userNameToAskFor,
} from '../../../src/settings/destinationSettings.ts';
import type { SettingName } from '../../../src/manifest.ts';
import type { DestinationOptions } from '../../../src/protocol/ingestOptions.ts';

const home = path.resolve('/home/reader');
const workspace = path.resolve('/workspace');

type Values = Partial<Record<SettingName, unknown>>;

function read(values: Values, workspaceFolder: string | undefined = workspace): DestinationOptions {
  return readDestination(name => values[name], {
    homeFolder: home,
    workspaceFolder,
    libraryFolder: () => path.resolve('/library'),
  });
}

function refusal(values: Values): SettingUnusable {
  try {
    read(values);
  } catch (thrown) {
    assert.ok(thrown instanceof SettingUnusable);
    assert.equal(thrown.code, 'USAGE');
    assert.ok(thrown.message.includes(`tarshelf.${thrown.setting}`));
    return thrown;
  }
  assert.fail('it was taken');
}

describe('the settings of a destination', () => {
  it('are the embedded library where nothing is set', () => {
    assert.deepEqual(read({}), { kind: 'library', folder: path.resolve('/library') });
  });

  it('name a calibre library by its folder, which asks nobody who he is', () => {
    const values = {
      destination: 'calibre',
      'calibre.library': '~/Calibre Library',
      'calibre.userName': 'reader',
    };
    assert.deepEqual(read(values), {
      kind: 'calibre',
      library: path.join(home, 'Calibre Library'),
      userName: null,
      declined: 'add-format',
    });
    assert.equal(
      userNameToAskFor(name => (values as Values)[name]),
      undefined,
    );
  });

  it('name a calibre library by the address of its server, with a user or without', () => {
    const values: Values = {
      destination: 'calibre',
      'calibre.library': 'HTTP://localhost:8080/#books',
      'calibre.declined': 'decline',
    };
    assert.deepEqual(read(values), {
      kind: 'calibre',
      library: 'HTTP://localhost:8080/#books',
      userName: null,
      declined: 'decline',
    });
    assert.equal(
      userNameToAskFor(name => values[name]),
      'calibre.userName',
    );
    const known = { ...values, 'calibre.userName': ' reader ' };
    const destination = read(known);
    assert.equal(destination.kind === 'calibre' && destination.userName, 'reader');
    assert.equal(
      userNameToAskFor(name => known[name]),
      undefined,
    );
  });

  it('name a MyBookshelf2 server, by default the one on this machine', () => {
    const values: Values = { destination: 'mybookshelf2', 'mybookshelf2.userName': 'ann' };
    assert.deepEqual(read(values), {
      kind: 'mybookshelf2',
      apiUrl: 'http://localhost:6006',
      webSocketUrl: 'ws://localhost:8080/ws',
      userName: 'ann',
      fallbackLanguage: null,
      database: null,
    });
  });

  it('name the program of MyBookshelf2 as it is called where it runs', () => {
    const values: Values = {
      destination: 'mybookshelf2-cli',
      'mybookshelf2.userName': 'ann',
      'mybookshelf2.fallbackLanguage': 'en',
      'mybookshelf2.database': 'postgresql://ebooks@localhost/ebooks',
    };
    assert.deepEqual(read(values), {
      kind: 'mybookshelf2-cli',
      apiUrl: 'http://localhost:6006',
      webSocketUrl: 'ws://localhost:8080/ws',
      userName: 'ann',
      fallbackLanguage: 'en',
      database: 'postgresql://ebooks@localhost/ebooks',
      container: null,
      program: path.join(workspace, 'cli/mbs2.py'),
    });
    const inContainer = read({ ...values, 'mybookshelf2.container': 'web' });
    assert.ok(inContainer.kind === 'mybookshelf2-cli');
    assert.equal(inContainer.program, 'cli/mbs2.py');
    assert.equal(inContainer.container, 'web');
  });

  it('are refused where a needed one is missing, and the refusal names it', () => {
    assert.equal(refusal({ destination: 'calibre' }).setting, 'calibre.library');
    for (const destination of ['mybookshelf2', 'mybookshelf2-cli']) {
      assert.equal(refusal({ destination }).setting, 'mybookshelf2.userName');
      assert.equal(
        userNameToAskFor(name => (name === 'destination' ? destination : undefined)),
        'mybookshelf2.userName',
      );
    }
  });

  it('are refused where one cannot be used, for no default may stand in for where books go', () => {
    assert.equal(refusal({ destination: 'attic' }).setting, 'destination');
    assert.equal(refusal({ destination: 'none' }).setting, 'destination');
    const mine: Values = { destination: 'mybookshelf2', 'mybookshelf2.userName': 'ann' };
    assert.equal(refusal({ ...mine, 'mybookshelf2.server': 'localhost' }).setting, 'mybookshelf2.server');
    assert.equal(
      refusal({ ...mine, 'mybookshelf2.webSocket': 'http://localhost' }).setting,
      'mybookshelf2.webSocket',
    );
  });

  it('are refused with a password in an address, which is not repeated', () => {
    const mine: Values = { destination: 'mybookshelf2', 'mybookshelf2.userName': 'ann' };
    const thrown = refusal({ ...mine, 'mybookshelf2.database': 'postgresql://ann:hush@localhost/ebooks' });
    assert.equal(thrown.setting, 'mybookshelf2.database');
    assert.match(thrown.message, /"Tarshelf: Sign In" asks for it/);
    assert.doesNotMatch(thrown.message, /hush/);
  });
});
