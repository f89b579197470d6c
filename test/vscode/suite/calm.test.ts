import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import * as vscode from 'vscode';
import type { ShownMessage } from '../../../src/commands/parts/messages.ts';
import type { TarshelfApi } from '../../../src/extension.ts';
import { bookMetadataFromName } from '../../../src/engine/books/metadata/bookMetadata.ts';
import { libraryPaths } from '../../../src/engine/destinations/library/libraryPaths.ts';
import { commandIds, extensionId } from '../../../src/manifest.ts';
import type { Summary } from '../../../src/protocol/snapshot.ts';
import { encodeTar } from '../../../src/samples/tarWriter.ts';
import { resetSettings, set, until } from './window.ts';

// Real tars and a real engine: ten thousand books, many of them more than once, and one in each tar that fails.

const tarCount = 20;
const booksInTar = 500;
const differentBooks = 1500;

describe('A run of ten thousand books', function () {
  if (process.platform === 'win32') return;
  this.timeout(180_000);

  let api: TarshelfApi;
  let folder: string;
  let shown: ShownMessage[] = [];
  let listening: vscode.Disposable;
  /** What stands in the way of the books that fail, by their tar. */
  const obstaclesOf = new Map<string, string[]>();
  const tars = Array.from({ length: tarCount }, (_, n) => `${String(n).padStart(2, '0')}.tar`);

  before(async () => {
    const extension = vscode.extensions.getExtension<TarshelfApi>(extensionId);
    assert.ok(extension);
    api = await extension.activate();
    listening = api.onDidShowMessage(message => shown.push(message));
    folder = await mkdtemp(path.join(tmpdir(), 'tarshelf-calm-'));
    await mkdir(path.join(folder, 'tars'));
    for (const [n, tar] of tars.entries()) await makeTar(n, tar);
    await set('sourceFolders', [path.join(folder, 'tars')]);
    await set('stateFolder', path.join(folder, 'state'));
    await set('libraryFolder', path.join(folder, 'library'));
    await set('workers', 2);
  });

  beforeEach(() => {
    shown = [];
  });

  after(async () => {
    listening.dispose();
    await resetSettings();
    await rm(folder, { recursive: true, force: true, maxRetries: 10 });
  });

  it('is told of in one message, with a way to what failed, and counted in the badge', async () => {
    const summary = await run(commandIds.launch);
    assert.equal(summary?.books.found, tarCount * booksInTar);
    assert.deepEqual([summary.books.uploaded, summary.books.failed], [differentBooks, tarCount]);
    await until(() => shown.length > 0, 10_000);
    // One more would come in this time.
    await sleep(1000);
    assert.deepEqual(
      shown.map(({ kind, actions }) => [kind, actions[0]]),
      [['warning', 'Show Failures']],
    );
    await until(() => api.tars.badge?.value === tarCount, 10_000);
  });

  it('is not hidden by one tar of it that is tried again', async () => {
    const [tar = ''] = tars;
    for (const obstacle of obstaclesOf.get(tar) ?? []) await rm(obstacle, { recursive: true, force: true });
    const row = { kind: 'tar', tar };
    const summary = await run(commandIds.retry, row, [row]);
    assert.deepEqual(summary?.tars, { total: tarCount, completed: 1, failed: tarCount - 1 });
    assert.deepEqual(summary.books, { found: 1, uploaded: 1, duplicates: 0, failed: 0 });
    await until(() => shown.length > 0, 10_000);
    assert.deepEqual(
      shown.map(({ kind, text }) => [kind, text]),
      [
        [
          'warning',
          `Tarshelf is done, but ${String(tarCount - 1)} tars are incomplete: 1 of ${String(tarCount)} tars done, 1 new book, 0 duplicates.`,
        ],
      ],
    );
    await until(() => api.tars.badge?.value === tarCount - 1, 10_000);
    assert.equal(
      api.status.text,
      `$(warning) 1/${String(tarCount)} tars · 1 book · ${String(tarCount - 1)} incomplete`,
    );
    const groups: unknown[] = [];
    for (const group of (await api.tars.getChildren()) ?? []) {
      const { label, description } = await api.tars.getTreeItem(group);
      groups.push([label, description]);
    }
    assert.deepEqual(groups, [
      ['Failed', String(tarCount - 1)],
      ['Completed', '1'],
    ]);
  });

  it('lets all that failed be tried again at once, and then nothing needs a person any more', async () => {
    for (const obstacle of [...obstaclesOf.values()].flat())
      await rm(obstacle, { recursive: true, force: true });
    const rows = tars.map(tar => ({ kind: 'tar', tar }));
    const summary = await run(commandIds.retry, rows[0], rows);
    assert.deepEqual(summary?.tars, { total: tarCount, completed: tarCount, failed: 0 });
    await until(() => shown.length > 0, 10_000);
    await sleep(1000);
    assert.deepEqual(
      shown.map(({ kind }) => kind),
      ['information'],
    );
    await until(() => api.tars.badge === undefined, 10_000);
  });

  async function makeTar(n: number, tar: string): Promise<void> {
    const members = Array.from({ length: booksInTar - 1 }, (_, i) => {
      const book = String((n * (booksInTar - 1) + i) % differentBooks);
      return { name: `${book}.epub`, body: Buffer.from(`book ${book}`), mtime: new Date(0) };
    });
    const bad = { name: 'bad.epub', body: Buffer.from(`bad ${tar}`), mtime: new Date(0) };
    await writeFile(path.join(folder, 'tars', tar), encodeTar([...members, bad], 'ustar'));
    const key = { sha1: createHash('sha1').update(bad.body).digest('hex'), sizeBytes: bad.body.length };
    // Every name that it could have in the library is taken.
    for (const place of libraryPaths(bookMetadataFromName(bad.name), 'epub', key)) {
      const obstacle = path.join(folder, 'library', place);
      await mkdir(obstacle, { recursive: true });
      obstaclesOf.set(tar, [...(obstaclesOf.get(tar) ?? []), obstacle]);
    }
  }

  async function run(id: string, ...args: unknown[]): Promise<Summary | undefined> {
    return await vscode.commands.executeCommand<Summary | undefined>(id, ...args);
  }
});
