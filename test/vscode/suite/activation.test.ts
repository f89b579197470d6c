import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { commandIds, extensionId } from '../../../src/manifest.ts';

describe('Tarshelf in an extension host', () => {
  const find = (): vscode.Extension<unknown> => {
    const extension = vscode.extensions.getExtension(extensionId);
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

  it('registers its commands', async () => {
    await find().activate();
    const registered = new Set(await vscode.commands.getCommands(true));
    const missing = Object.values(commandIds).filter(id => !registered.has(id));
    assert.deepEqual(missing, []);
  });
});
