import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import * as vscode from 'vscode';
import { systemCode } from '../../../src/protocol/errors.ts';
import type { ShownMessage } from '../../../src/commands/parts/messages.ts';
import type { TarshelfApi } from '../../../src/extension.ts';
import { commandIds, extensionId, settingsSection } from '../../../src/manifest.ts';
import type { Summary } from '../../../src/protocol/snapshot.ts';
import { makeSampleTars, type SampleTruth } from '../../../src/samples/makeSample.ts';
import { makeCalibredbStandIn } from '../../support/calibredbStandIn.ts';
import { resetSettings, set } from './window.ts';

// Real settings, the real secret storage and a real engine; only calibre is a stand-in, a program that keeps to
// what calibredb takes and says, and the box that asks is answered by the tests.

describe('Signing in', function () {
  // The stand-in is a script, which Windows does not start.
  if (process.platform === 'win32') return;
  this.timeout(60_000);

  const password = `hush${randomBytes(8).toString('hex')}`;
  const server = 'http://127.0.0.1:9/#books';
  const usualPath = process.env['PATH'];
  let api: TarshelfApi;
  let folder: string;
  let truth: SampleTruth;
  let usualAsk: TarshelfApi['prompts']['ask'];
  let asked: vscode.InputBoxOptions[] = [];

  before(async () => {
    const extension = vscode.extensions.getExtension<TarshelfApi>(extensionId);
    assert.ok(extension);
    api = await extension.activate();
    usualAsk = api.prompts.ask;
    folder = await mkdtemp(path.join(tmpdir(), 'tarshelf-vscode-'));
    process.env['PATH'] = makeCalibredbStandIn(folder, password);
    truth = await makeSampleTars(path.join(folder, 'tars'));
    await set('sourceFolders', [path.join(folder, 'tars')]);
    await set('stateFolder', path.join(folder, 'state'));
    await set('destination', 'calibre');
    await set('calibre.library', server);
  });

  after(async () => {
    process.env['PATH'] = usualPath;
    api.prompts.ask = usualAsk;
    await resetSettings();
    await rm(folder, { recursive: true, force: true, maxRetries: 10 });
  });

  /** Answers what is asked from now on, and refuses what is asked beyond that. */
  function answer(...answers: string[]): void {
    asked = [];
    api.prompts.ask = question => {
      asked.push(question);
      return Promise.resolve(answers.shift());
    };
  }

  const kept = async (): Promise<string | null> =>
    (await api.secrets.of(api.settings.destination('reader'))).password;

  it('keeps nothing when the questions are not answered', async () => {
    for (const answers of [[], ['reader'], ['reader', '']]) {
      answer(...answers);
      const messages = listen();
      assert.equal(await vscode.commands.executeCommand(commandIds.signIn), false);
      assert.deepEqual(messages(), []);
    }
    assert.equal(await kept(), null);
    assert.equal(api.settings.userNameToAskFor, 'calibre.userName');
  });

  it('says what is wrong, offers to go on, and keeps nothing of it', async () => {
    answer('reader', 'wrong');
    const messages = listen();
    assert.equal(await vscode.commands.executeCommand(commandIds.signIn), false);
    const [message, ...others] = messages();
    assert.equal(others.length, 0);
    assert.equal(message?.kind, 'error');
    assert.match(message.text, /^Not signed in: .*does not let us in/);
    assert.deepEqual(message.actions, ['Try Again', 'Open Settings', 'Keep Anyway']);
    assert.equal(await kept(), null);
    assert.equal(api.settings.userNameToAskFor, 'calibre.userName');
  });

  it('asks for the user name that is not set and for the password, masked, and keeps what worked', async () => {
    answer('reader', password);
    const changed = new Promise<void>(resolve => {
      const listening = api.secrets.onDidChange(() => {
        listening.dispose();
        resolve();
      });
    });
    const messages = listen();
    assert.equal(await vscode.commands.executeCommand(commandIds.signIn), true);
    assert.deepEqual(
      asked.map(question => question.password ?? false),
      [false, true],
    );
    assert.match(messages()[0]?.text ?? '', /^Signed in\. .*holds 0 books/);
    assert.equal(await kept(), password);
    assert.equal(api.settings.userNameToAskFor, undefined);
    await changed;
  });

  it('asks for the password alone once the user name is known, and replaces the one that is kept', async () => {
    answer(password);
    assert.equal(await vscode.commands.executeCommand(commandIds.signIn), true);
    assert.equal(asked.length, 1);
    assert.match(asked[0]?.prompt ?? '', /reader at http:\/\/127\.0\.0\.1:9/);
    assert.equal(await kept(), password);
  });

  it('lets the connection be tested, also to a server that nobody signed in to', async () => {
    const fine = listen();
    await vscode.commands.executeCommand(commandIds.testConnection);
    assert.deepEqual(
      fine().map(message => message.kind),
      ['information'],
    );
    await set('calibre.library', 'http://127.0.0.2:9/');
    const missing = listen();
    await vscode.commands.executeCommand(commandIds.testConnection);
    const [message] = missing();
    assert.match(message?.text ?? '', /no password for reader at http:\/\/127\.0\.0\.2:9/);
    assert.deepEqual(message?.actions, ['Sign In']);
    await set('calibre.library', server);
  });

  it('lets a launch in, which leaves the password in no file', async () => {
    const messages = listen();
    const summary = await vscode.commands.executeCommand<Summary | undefined>(commandIds.launch);
    assert.equal(
      summary?.books.uploaded,
      truth.books.length,
      messages()
        .map(message => message.text)
        .join('\n'),
    );
    const workspace = vscode.workspace.workspaceFolders?.[0]?.uri.fsPath;
    assert.ok(workspace !== undefined);
    let searched = 0;
    for (const place of [path.join(folder, 'state'), workspace]) {
      for (const entry of await readdir(place, { recursive: true, withFileTypes: true })) {
        if (!entry.isFile()) continue;
        searched++;
        const file = path.join(entry.parentPath, entry.name);
        // What is just being written anew may be gone by now, and is another file's next moment.
        const bytes = await readFile(file).catch((thrown: unknown) => {
          if (systemCode(thrown) === 'ENOENT') return Buffer.alloc(0);
          throw thrown;
        });
        assert.ok(!bytes.includes(password), file);
      }
    }
    assert.ok(searched > 3);
    const all = JSON.stringify(vscode.workspace.getConfiguration(settingsSection));
    assert.ok(all.includes('reader') && !all.includes(password));
  });

  it('is undone by signing out, and then a launch asks for it with one message', async () => {
    const out = listen();
    await vscode.commands.executeCommand(commandIds.signOut);
    await vscode.commands.executeCommand(commandIds.signOut);
    assert.deepEqual(
      out().map(message => message.text.split(' ', 2).join(' ')),
      ['Signed out:', 'No password'],
    );
    assert.equal(await kept(), null);
    const messages = listen();
    assert.equal(await vscode.commands.executeCommand(commandIds.launch), undefined);
    assert.deepEqual(
      messages().map(({ kind, actions }) => ({ kind, actions })),
      [{ kind: 'warning', actions: ['Sign In'] }],
    );
  });

  it('asks for the password of a database only where there is one, and says so when nobody answers', async () => {
    await set('destination', 'mybookshelf2');
    await set('mybookshelf2.server', 'http://127.0.0.1:9');
    await set('mybookshelf2.webSocket', 'ws://127.0.0.1:9/ws');
    await set('mybookshelf2.userName', 'ann');
    answer(password);
    const messages = listen();
    assert.equal(await vscode.commands.executeCommand(commandIds.signIn), false);
    assert.equal(asked.length, 1);
    await set('mybookshelf2.database', 'postgresql://ebooks@127.0.0.1:9/ebooks');
    answer(password, 'of the database');
    assert.equal(await vscode.commands.executeCommand(commandIds.signIn), false);
    assert.deepEqual(
      asked.map(question => question.password),
      [true, true],
    );
    assert.deepEqual(
      messages().map(message => message.kind),
      ['error', 'error'],
    );
  });

  it('is not offered where nobody is asked for a password', async () => {
    await set('destination', undefined);
    answer();
    const messages = listen();
    assert.equal(await vscode.commands.executeCommand(commandIds.signIn), false);
    assert.equal(asked.length, 0);
    assert.match(messages()[0]?.text ?? '', /asks for no password/);
    await vscode.commands.executeCommand(commandIds.testConnection);
    await set('destination', 'calibre');
  });

  const unusable: [string, Record<string, unknown>, RegExp][] = [
    [
      'a calibre library that is not named',
      { 'calibre.library': '' },
      /tarshelf\.calibre\.library is missing/,
    ],
    [
      'a user that is not named',
      { destination: 'mybookshelf2', 'mybookshelf2.userName': '' },
      /tarshelf\.mybookshelf2\.userName is missing/,
    ],
    [
      'a password in the address of a database',
      { destination: 'mybookshelf2', 'mybookshelf2.database': 'postgresql://a:hush@localhost/b' },
      /tarshelf\.mybookshelf2\.database holds a password.*Sign In/,
    ],
    ['a destination that there is none of', { destination: 'attic' }, /tarshelf\.destination is none of/],
  ];
  for (const [name, values, text] of unusable) {
    it(`says in one message of ${name} which setting to mend`, async () => {
      await set('mybookshelf2.userName', 'ann');
      for (const [setting, value] of Object.entries(values)) await set(setting, value);
      const messages = listen();
      assert.equal(await vscode.commands.executeCommand(commandIds.launch), undefined);
      const [message, ...others] = messages();
      assert.equal(others.length, 0);
      assert.match(message?.text ?? '', text);
      assert.doesNotMatch(message?.text ?? '', /hush/);
      assert.deepEqual(message?.actions, ['Open Settings']);
      await set('destination', 'calibre');
      await set('calibre.library', server);
      await set('mybookshelf2.database', undefined);
    });
  }

  /** Collects what is shown from now on. */
  function listen(): () => readonly ShownMessage[] {
    const shown: ShownMessage[] = [];
    const listening = api.onDidShowMessage(message => shown.push(message));
    return () => {
      listening.dispose();
      return shown;
    };
  }
});
