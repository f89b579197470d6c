import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import * as vscode from 'vscode';
import type { TarshelfApi } from '../../../src/extension.ts';
import { commandIds, extensionId } from '../../../src/manifest.ts';
import { descendants } from '../../support/processTree.ts';

/** What a person does not notice. */
const mostMs = 100;

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

  it(`loads and activates in less than ${String(mostMs)} ms`, async () => {
    const { activationMs } = await find().activate();
    const bundle = path.join(find().extensionPath, 'dist', 'extension.cjs');
    const load = createRequire(bundle);
    // The first may have been slowed down by all else that a window does when it opens.
    const loadMs = Math.min(...[1, 2, 3].map(() => millisecondsOf(load, bundle)));
    console.log(`      loaded in ${loadMs.toFixed(1)} ms, activated in ${activationMs.toFixed(1)} ms`);
    assert.ok(loadMs + activationMs < mostMs);
  });

  it('starts no process and makes no folder before it is asked', async () => {
    if (process.platform !== 'linux') return;
    const api = await find().activate();
    const dist = path.join(find().extensionPath, 'dist');
    assert.deepEqual(await descendants(process.pid, new RegExp(`${dist}/\\w+\\.js`)), []);
    assert.equal(existsSync(api.settings.stateFolder), false);
  });

  it('leaves its process idle while nothing runs', async function () {
    this.timeout(90_000);
    await find().activate();
    const idleMs = 2000;
    let percent = Infinity;
    // What the window and the editor's own extensions do when it opens is over after a while.
    for (let times = 0; times < 30 && percent >= 1; times++) {
      const before = process.cpuUsage();
      await sleep(idleMs);
      const { user, system } = process.cpuUsage(before);
      percent = (user + system) / 10 / idleMs;
    }
    console.log(`      ${percent.toFixed(2)} % of a processor`);
    assert.ok(percent < 1, `${String(percent)} %`);
  });

  it('registers its commands', async () => {
    await find().activate();
    const registered = new Set(await vscode.commands.getCommands(true));
    const missing = Object.values(commandIds).filter(id => !registered.has(id));
    assert.deepEqual(missing, []);
  });
});

/** Of loading a module anew. */
function millisecondsOf(load: NodeJS.Require, file: string): number {
  const loaded = load.cache[file];
  Reflect.deleteProperty(load.cache, file);
  const begin = performance.now();
  load(file);
  const ms = performance.now() - begin;
  if (loaded) load.cache[file] = loaded;
  return ms;
}
