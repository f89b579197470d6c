import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import * as vscode from 'vscode';
import type { TarshelfApi } from '../../../src/extension.ts';
import { bookMetadataFromName } from '../../../src/engine/books/metadata/bookMetadata.ts';
import { libraryPaths } from '../../../src/engine/destinations/library/libraryPaths.ts';
import { commandIds } from '../../../src/manifest.ts';
import type { Summary } from '../../../src/protocol/snapshot.ts';
import { makeTar, run, set, useDesk } from './window.ts';

// Marks that turn the direction of text, and an end of a line: what stands behind such a name would be shown the wrong way round.
const tar = 'a\u202egpj.\u2066x\n.tar';
const member = 'b\u202ebupe.epub';
const unfit = /[\n\u202a-\u202e\u2066-\u2069]/;

describe('A tar with a name that turns text round', function () {
  if (process.platform === 'win32') return;
  this.timeout(60_000);

  const desk = useDesk();
  let api: TarshelfApi;

  before(async () => {
    const { folder } = desk();
    api = desk().api;
    const bytes = Buffer.from('bad');
    await makeTar(path.join(folder, 'tars', tar), { [member]: bytes });
    const key = { sha1: createHash('sha1').update(bytes).digest('hex'), sizeBytes: bytes.length };
    // Every name that the book could have is taken, so that it fails.
    for (const place of libraryPaths(bookMetadataFromName(member), 'epub', key))
      await mkdir(path.join(folder, 'library', place), { recursive: true });
    await set('sourceFolders', [path.join(folder, 'tars')]);
    await set('stateFolder', path.join(folder, 'state'));
    await set('libraryFolder', path.join(folder, 'library'));
    const summary = await run<Summary>(commandIds.launch);
    assert.equal(summary?.books.failed, 1);
  });

  it('is shown without those marks in the views and their hovers, and so are its books', async () => {
    const texts = [...(await textsOf(api.tars)), ...(await textsOf(api.workers))];
    assert.ok(texts.some(text => text.startsWith('a\ufffdgpj.')));
    assert.ok(texts.some(text => text.startsWith('b\ufffdbupe.epub')));
    assert.deepEqual(texts.filter(isUnfit), []);
  });

  it('is shown so in messages', async () => {
    await run(commandIds.verifyTar, { kind: 'tar', tar });
    const [message] = desk().shown;
    assert.match(message?.text ?? '', /gpj/);
    assert.deepEqual(
      desk()
        .shown.map(({ text }) => text)
        .filter(isUnfit),
      [],
    );
  });

  /** Of all rows of a view: what stands in them, is said of them, and is shown when the mouse rests on them. */
  async function textsOf<T>(view: vscode.TreeDataProvider<T>, parent?: T): Promise<string[]> {
    const texts: string[] = [];
    for (const row of (await view.getChildren(parent)) ?? []) {
      const item = await view.getTreeItem(row);
      const token = new vscode.CancellationTokenSource().token;
      const tooltip = (await view.resolveTreeItem?.(item, row, token))?.tooltip;
      assert.ok(typeof item.label === 'string');
      texts.push(item.label, String(item.description ?? ''), item.accessibilityInformation?.label ?? '');
      // Its own lines are Markdown's.
      if (tooltip instanceof vscode.MarkdownString) texts.push(...tooltip.value.split('\n'));
      texts.push(...(await textsOf(view, row)));
    }
    return texts;
  }

  function isUnfit(text: string): boolean {
    return unfit.test(text);
  }
});
