import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { appendFile, mkdir, readFile, rm, stat } from 'node:fs/promises';
import { hostname, homedir } from 'node:os';
import path from 'node:path';
import * as vscode from 'vscode';
import type { Choice } from '../../../src/commands/parts/prompts.ts';
import type { TarshelfApi } from '../../../src/extension.ts';
import { bookMetadataFromName } from '../../../src/engine/books/metadata/bookMetadata.ts';
import { libraryPaths } from '../../../src/engine/destinations/library/libraryPaths.ts';
import { commandIds, logLanguageId, logScheme, type CommandId } from '../../../src/manifest.ts';
import type { Plan } from '../../../src/protocol/plan.ts';
import type { Summary } from '../../../src/protocol/snapshot.ts';
import type { Verification } from '../../../src/protocol/verification.ts';
import { makeTar, run, set, until, useDesk } from './window.ts';

// Real settings, real engines and real documents; what asks a person is answered by the tests.

/** It has tests elsewhere. */
const notByThemselves: ReadonlySet<CommandId> = new Set([commandIds.trySamples]);

describe('Commands', function () {
  if (process.platform === 'win32') return;
  this.timeout(60_000);

  const desk = useDesk();
  let api: TarshelfApi;
  let folder: string;
  const source = (): string => path.join(folder, 'tars');
  const library = (): string => path.join(folder, 'library');
  const state = (): string => path.join(folder, 'state');

  before(async () => {
    ({ api, folder } = desk());
    await makeTar(path.join(source(), 'a.tar'), { 'a.epub': Buffer.from('a') });
    await makeTar(path.join(source(), 'b.tar'), { 'b.epub': Buffer.from('b') });
    await failingTar('c.tar', 'x.epub');
    await set('sourceFolders', [source()]);
    await set('stateFolder', state());
    await set('libraryFolder', library());
    await set('workers', 2);
  });

  /** A tar with a book that does not get into the library: every name that it could have there is taken. */
  async function failingTar(tar: string, member: string): Promise<void> {
    const bytes = Buffer.from(`bad ${tar}`);
    await makeTar(path.join(source(), tar), { [member]: bytes });
    const key = { sha1: createHash('sha1').update(bytes).digest('hex'), sizeBytes: bytes.length };
    for (const place of libraryPaths(bookMetadataFromName(member), 'epub', key))
      await mkdir(path.join(library(), place), { recursive: true });
  }

  async function everyCommandAnswers(but: readonly CommandId[]): Promise<void> {
    for (const id of Object.values(commandIds)) {
      if (notByThemselves.has(id) || but.includes(id)) continue;
      await run(id);
    }
    assert.deepEqual(
      desk().shown.filter(message => message.kind === 'error'),
      [],
    );
    await vscode.commands.executeCommand('workbench.action.closeAllEditors');
  }

  it('all answer before there was a run', async () => {
    await everyCommandAnswers([commandIds.launch]);
    const texts = desk()
      .shown.map(message => message.text)
      .join('\n');
    assert.match(texts, /Nothing has failed here/);
    assert.match(texts, /There are no logs of workers/);
    assert.match(texts, /There are no progress files/);
  });

  it('plan a launch, and read only the tars that are left ticked', async () => {
    const asked: { labels: string[]; title: string | undefined }[] = [];
    api.prompts.pickMany = (choices, { title }) => {
      asked.push({ labels: choices.map(choice => choice.label), title });
      return Promise.resolve(choices.filter(choice => choice.label === 'a.tar'));
    };
    const summary = await run<Summary>(commandIds.launchWithPlan);
    assert.deepEqual(asked[0]?.labels, ['To read', 'a.tar', 'b.tar', 'c.tar']);
    assert.match(asked[0].title ?? '', /^Launch: 3 tars with .* to read · 2 workers · to /);
    assert.deepEqual(summary?.tars, { total: 3, completed: 1, failed: 0, notInRun: 2 });
    assert.match(
      desk().shown[0]?.text ?? '',
      /^Tarshelf is done: 1 of 3 tars done, 2 not in this run, 1 new book/,
    );
    assert.equal(api.status.text, '$(check) 1/3 tars · 2 not in this run · 1 book');
  });

  it('show what is done, and read all that is open when nothing is unticked', async () => {
    let ticked: boolean[] = [];
    api.prompts.pickMany = choices => {
      ticked = choices.map(choice => choice.picked === true);
      return Promise.resolve(choices.filter(choice => choice.picked === true));
    };
    const summary = await run<Summary>(commandIds.launchWithPlan);
    assert.deepEqual(ticked, [false, true, true, false, false]);
    // Also the one that is done: nothing was chosen, so that it belongs to the run.
    assert.equal(summary?.tars.total, 3);
    assert.equal(summary.books.failed, 1);
  });

  it('all answer after a run', async () => {
    await everyCommandAnswers([commandIds.launch]);
  });

  it('show the log of a failed book at its line, coloured, linked to its tar, and filtered', async () => {
    await run(commandIds.showWorkerLog, { kind: 'book', tar: 'c.tar', book: { file: 'x.epub' } });
    const editor = vscode.window.activeTextEditor;
    assert.ok(editor);
    assert.equal(editor.document.uri.scheme, logScheme);
    assert.equal(editor.document.languageId, logLanguageId);
    assert.match(editor.document.getText(editor.selection), /WARNING .*c\.tar › x\.epub/);
    const links = await vscode.commands.executeCommand<vscode.DocumentLink[]>(
      'vscode.executeLinkProvider',
      editor.document.uri,
    );
    const texts = links.map(link => editor.document.getText(link.range));
    assert.ok(texts.includes('c.tar'), texts.join(', '));
    assert.ok(links[0]?.target?.toString(true).startsWith(`command:${commandIds.revealTar}?`));

    const { document } = editor;
    const log = document.uri.with({ scheme: 'file', query: '' }).fsPath;
    await appendFile(log, '2026-03-01 10:00:00.000 INFO    what came later\n');
    await until(() => document.getText().includes('what came later'), 30_000);

    api.prompts.pick = choices =>
      Promise.resolve(choices.find(({ label }) => label === 'Level' || label === 'WARNING'));
    await run(commandIds.filterLog);
    const filtered = vscode.window.activeTextEditor?.document;
    assert.ok(filtered);
    assert.match(filtered.uri.query, /level=WARNING/);
    assert.doesNotMatch(filtered.getText(), / INFO /);
    assert.match(filtered.getText(), / WARNING /);
  });

  it('verify tars, and name what the destination lacks', async () => {
    const found = await run<Verification[]>(commandIds.verifyTar, { tar: 'a.tar' }, [
      { tar: 'a.tar' },
      { tar: 'c.tar' },
    ]);
    assert.deepEqual(
      found?.map(({ tar, missing }) => [tar, missing]),
      [
        ['a.tar', 0],
        ['c.tar', 1],
      ],
    );
    assert.deepEqual(
      desk().shown.map(message => message.kind),
      ['information', 'warning'],
    );
    assert.deepEqual(desk().shown[1]?.actions, ['Show Books']);
  });

  it('bring a book again that the library has lost, by the button of the message that says so', async () => {
    const file = path.join(library(), 'books', 'Unknown author', 'a.epub');
    await rm(file);
    await vscode.commands.executeCommand('notifications.clearAll');
    await run(commandIds.verifyTar, { tar: 'a.tar' });
    assert.deepEqual(desk().shown[0]?.actions, ['Bring Them Again', 'Show Books']);
    await vscode.commands.executeCommand('notifications.focusToasts');
    await vscode.commands.executeCommand('notification.acceptPrimaryAction');
    await until(() => existsSync(file), 30_000);
    await until(() => api.store.run?.phase === 'finished', 30_000);
    assert.deepEqual((await run<Verification[]>(commandIds.verifyTar, { tar: 'a.tar' }))?.[0]?.missing, 0);
  });

  it('try again the failed books that were chosen', async () => {
    const row = { kind: 'book', tar: 'c.tar', book: { file: 'x.epub' } };
    const summary = await run<Summary>(commandIds.retry, row, [row]);
    assert.deepEqual(summary?.tars, { total: 3, completed: 2, failed: 1 });
    const failures = desk().shown.filter(message => message.kind === 'error');
    assert.deepEqual(failures, []);
  });

  it('try again and skip in the folders and the shelf of the run that is shown, whatever is set by now', async () => {
    const before = { sourceFolders: [source()], stateFolder: state(), libraryFolder: library() };
    const elsewhere = path.join(folder, 'elsewhere');
    for (const name of Object.keys(before)) {
      const place = path.join(elsewhere, name);
      await set(name, name === 'sourceFolders' ? [place] : place);
    }
    try {
      const row = { kind: 'book', tar: 'c.tar', book: { file: 'x.epub' } };
      const summary = await run<Summary>(commandIds.retry, row, [row]);
      assert.deepEqual(summary?.tars, { total: 3, completed: 2, failed: 1 });
      let offered: readonly Choice<unknown>[] = [];
      api.prompts.pick = choices => {
        offered = choices;
        return Promise.resolve(undefined);
      };
      await run(commandIds.skip);
      assert.deepEqual(
        offered.map(({ label }) => label),
        ['c.tar'],
      );
      assert.deepEqual(
        [api.store.options?.sourceFolders, api.store.options?.stateFolder, api.store.options?.destination],
        [[source()], state(), { kind: 'library', folder: library() }],
      );
      await assert.rejects(stat(elsewhere), { code: 'ENOENT' });
      assert.deepEqual(
        desk().shown.filter(message => message.kind === 'error'),
        [],
      );
    } finally {
      for (const [name, value] of Object.entries(before)) await set(name, value);
    }
  });

  it('write a report of the run, as Markdown or for a spreadsheet', async () => {
    for (const [name, pattern] of [
      ['report.md', /^# Tarshelf: report of a run[\s\S]*x\.epub/],
      ['report.csv', /^kind,tar,[\s\S]*book,c\.tar,x\.epub,failed/],
    ] as const) {
      const file = path.join(folder, name);
      api.prompts.save = () => Promise.resolve(vscode.Uri.file(file));
      await run(commandIds.exportReport);
      assert.match(await readFile(file, 'utf8'), pattern);
    }
  });

  it('skip a failed book only where the person agrees, and count it no longer', async () => {
    const row = { kind: 'book', tar: 'c.tar', book: { file: 'x.epub' } };
    await run(commandIds.skip, row);
    assert.deepEqual(desk().shown, []);
    api.prompts.confirm = () => Promise.resolve(true);
    await run(commandIds.skip, row);
    assert.equal(api.store.tar('c.tar')?.phase, 'completed');
    desk().shown = [];
    await run(commandIds.retry);
    assert.deepEqual(
      desk().shown.map(message => message.text),
      ['Nothing has failed here.'],
    );
  });

  it('put nothing private into the report of a problem', async () => {
    await run(commandIds.reportProblem);
    const text = vscode.window.activeTextEditor?.document.getText() ?? '';
    assert.match(text, /## Versions/);
    assert.match(text, /The end of parallel_tar_upload\.log/);
    assert.ok(!text.includes(homedir()), text);
    assert.ok(!text.includes(hostname()), text);
    await vscode.commands.executeCommand('workbench.action.revertAndCloseActiveEditor');
  });

  it('choose a destination with what it needs, and set nothing where the person leaves', async () => {
    const choose = (kind: string): void => {
      api.prompts.pick = (choices, { title }) =>
        Promise.resolve(
          title === 'Tarshelf: Choose Destination'
            ? choices.find(choice => choice.value === kind)
            : choices[0],
        );
    };
    choose('mybookshelf2');
    await run(commandIds.chooseDestination);
    assert.equal(api.settings.destination().kind, 'library');
    choose('library');
    await run(commandIds.chooseDestination);
    assert.deepEqual(api.settings.destination(), { kind: 'library', folder: library() });
    assert.match(desk().shown.at(-1)?.text ?? '', /^New books go to /);
  });

  it('all answer while a run is under way, and disturb it only where they say so', async () => {
    const state = path.join(folder, 'other state');
    await set('stateFolder', state);
    await set('libraryFolder', path.join(folder, 'other library'));
    for (let n = 0; n < 6; n++) {
      const books = Object.fromEntries(
        Array.from({ length: 60 }, (_, i) => [`${String(i)}.epub`, Buffer.from(`${String(n)} ${String(i)}`)]),
      );
      await makeTar(path.join(source(), `many${String(n)}.tar`), books);
    }
    const running = run<Summary>(commandIds.launch);
    // Until it begins, the run before is to be seen, and none that could be paused.
    await until(() => api.store.run?.phase === 'running' && api.store.workers.length === 2, 30_000);
    await run(commandIds.pauseAll);
    const phases = (): (string | undefined)[] => [
      api.store.run?.phase,
      ...api.store.workers.map(worker => worker.phase),
    ];
    await until(() => phases().join() === 'running,paused,paused', 30_000);
    await everyCommandAnswers([commandIds.stop, commandIds.resumeAll]);
    assert.deepEqual(phases(), ['running', 'paused', 'paused']);
    const texts = desk()
      .shown.map(message => message.text)
      .join('\n');
    assert.match(texts, /Tarshelf is already at work here/);
    assert.match(texts, /What failed can be tried again or skipped once the run has ended/);
    await run(commandIds.resumeAll);
    const summary = await running;
    assert.equal(summary?.tars.total, 9);
    assert.equal(summary.books.uploaded, 363);
  });

  it('plan what a run would do, without beginning it', async () => {
    let plan: readonly unknown[] = [];
    api.prompts.pickMany = choices => {
      plan = choices.map(choice => choice.value);
      return Promise.resolve(undefined);
    };
    assert.equal(await run(commandIds.launchWithPlan), undefined);
    const tars = plan.filter((value): value is Plan['tars'][number] => value !== null);
    assert.equal(tars.length, 9);
    assert.ok(tars.every(tar => tar.state === 'completed'));
  });
});
