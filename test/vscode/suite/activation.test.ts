import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import type { TarshelfApi } from '../../../src/extension.ts';
import { commandIds, extensionId } from '../../../src/manifest.ts';

describe('Tarshelf in an extension host', () => {
  const find = (): vscode.Extension<TarshelfApi> => {
    const extension = vscode.extensions.getExtension<TarshelfApi>(extensionId);
    assert.ok(extension, 'the extension under development is not installed');
    return extension;
  };

  it('runs where the workspace is', () => {
    assert.equal(find().extensionKind, vscode.ExtensionKind.Workspace);
  });

  it('activates', async () => {
    await find().activate();
    assert.equal(find().isActive, true);
  });

  // Here and not with the runs: other suites come between.
  it('shows nothing of a run before the first one', async () => {
    const api = await find().activate();
    assert.deepEqual(await api.tars.getChildren(), []);
    assert.deepEqual(await api.workers.getChildren(), []);
    assert.equal(api.status.text, undefined);
  });

  it('registers its commands', async () => {
    await find().activate();
    const registered = new Set(await vscode.commands.getCommands(true));
    const missing = Object.values(commandIds).filter(id => !registered.has(id));
    assert.deepEqual(missing, []);
  });
});
