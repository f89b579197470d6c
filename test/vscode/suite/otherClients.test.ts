import assert from 'node:assert/strict';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import * as vscode from 'vscode';
import { EngineClient } from '../../../src/client/engineClient.ts';
import type { TarshelfApi } from '../../../src/extension.ts';
import { extensionId, viewIds } from '../../../src/manifest.ts';
import type { IngestOptions } from '../../../src/protocol/ingestOptions.ts';
import { noSecrets } from '../../../src/protocol/secrets.ts';
import { makeTar, set, until, useDesk } from './window.ts';

// A real engine that another client starts while this window has been open for a while, as a terminal or another window does.

const tars = ['a.tar', 'b.tar', 'c.tar', 'd.tar'];
/** "Within some seconds", on a machine that is busy with other things. */
const followsWithinMs = 10_000;

describe('A run that another client begins', function () {
  if (process.platform === 'win32') return;
  this.timeout(60_000);

  const desk = useDesk();
  let api: TarshelfApi;
  let folder: string;
  let other: EngineClient;

  const options = (name: string, tars?: string[]): IngestOptions => ({
    sourceFolders: [path.join(folder, 'tars')],
    ...(tars === undefined ? {} : { tars }),
    stateFolder: path.join(folder, name),
    workers: 2,
    batchSize: 10,
    parallelUploads: 1,
    mode: 'in-place',
    afterCompletion: 'keep',
    metadataReader: 'none',
    destination: { kind: 'library', folder: path.join(folder, `${name} library`) },
  });

  before(async () => {
    ({ api, folder } = desk());
    for (const [n, tar] of tars.entries()) {
      const books = Object.fromEntries(
        Array.from({ length: 300 }, (_, i) => [
          `${String(i)}.epub`,
          Buffer.from(`${String(n)} ${String(i)}`),
        ]),
      );
      await makeTar(path.join(folder, 'tars', tar), books);
    }
  });

  beforeEach(() => {
    const extension = vscode.extensions.getExtension(extensionId);
    assert.ok(extension);
    other = new EngineClient({
      enginePath: path.join(extension.extensionPath, 'dist', 'engine.js'),
      whenLeft: 'keepRunning',
    });
  });

  afterEach(async () => {
    await other.end({ drain: true }).catch(() => undefined);
    other.dispose();
  });

  it('is followed by a window that somebody looks at', async () => {
    await vscode.commands.executeCommand(`${viewIds.tars}.focus`);
    await idleIn('seen');
    await beginAndPause('seen');
    await until(() => shows('seen') && api.store.run?.phase === 'running', followsWithinMs);
    const rows = (await api.tars.getChildren()) ?? [];
    assert.ok(rows.length > 0);
    assert.match(api.status.text ?? '', /\/4 · all paused|0\/4/);
    await other.resumeWorker(null);
    assert.equal((await other.runEnd()).phase, 'finished');
    await until(() => api.status.text === '$(check) 4/4 tars · 1,200 books', followsWithinMs);
  });

  it('is shown as it ended, where it was over before anybody looked', async () => {
    await vscode.commands.executeCommand(`${viewIds.tars}.focus`);
    await idleIn('short');
    await other.ingest(options('short', ['a.tar']), noSecrets);
    await other.end({ drain: true });
    await until(() => shows('short') && api.store.run?.phase === 'finished', followsWithinMs);
    assert.equal(api.status.text, '$(check) 1/4 tars · 3 not in this run · 300 books');
  });

  it('is looked for only while a view is seen', async () => {
    await vscode.commands.executeCommand('workbench.action.closeSidebar');
    await idleIn('unseen');
    await beginAndPause('unseen');
    await sleep(followsWithinMs);
    assert.equal(shows('unseen'), false);
    await vscode.commands.executeCommand(`${viewIds.workers}.focus`);
    await until(() => shows('unseen') && api.store.workers.length === 2, 3000);
    await other.stop();
    await until(() => api.store.run?.phase === 'stopped', followsWithinMs);
  });

  /** Sets a state folder in which nothing has been, and waits until the window has looked there. */
  async function idleIn(name: string): Promise<void> {
    await set('stateFolder', path.join(folder, name));
    await sleep(1500);
    assert.equal(shows(name), false);
  }

  /** Begins a run that does not end by itself. */
  async function beginAndPause(name: string): Promise<void> {
    await other.start(options(name), noSecrets);
    await until(() => other.store.workers.length === 2, 10_000);
    await other.pauseWorker(null);
  }

  function shows(name: string): boolean {
    return api.store.run?.stateFolder === path.join(folder, name);
  }
});
