// What tests do with the window that they run in.
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import * as vscode from 'vscode';
import type { ShownMessage } from '../../../src/commands/parts/messages.ts';
import type { TarshelfApi } from '../../../src/extension.ts';
import { extensionId, settingNames, settingsSection, type CommandId } from '../../../src/manifest.ts';
import { encodeTar } from '../../../src/samples/tarWriter.ts';

/** What the tests of a suite have of the window. */
export interface Desk {
  readonly api: TarshelfApi;
  /** Of this suite alone, and gone after it. */
  readonly folder: string;
  /** What a person was told since the test began. */
  shown: ShownMessage[];
}

/**
 * The extension in this window, for suites that call its commands. Whatever it asks in a test is refused, as by a person
 * who presses Escape, until the test puts an answer there; settings are the default ones again afterwards. Call within
 * `describe`, before hooks that use it.
 */
export function useDesk(): () => Desk {
  let desk: Desk | undefined;
  let usual: TarshelfApi['prompts'] | undefined;
  let listening: vscode.Disposable | undefined;
  const theDesk = (): Desk => {
    assert.ok(desk, 'It is there only while tests of its suite run.');
    return desk;
  };

  before(async () => {
    const extension = vscode.extensions.getExtension<TarshelfApi>(extensionId);
    assert.ok(extension);
    const api = await extension.activate();
    usual = { ...api.prompts };
    listening = api.onDidShowMessage(message => theDesk().shown.push(message));
    desk = { api, folder: await mkdtemp(path.join(tmpdir(), 'tarshelf-vscode-')), shown: [] };
  });

  beforeEach(() => {
    const { api } = theDesk();
    theDesk().shown = [];
    Object.assign(api.prompts, {
      ask: () => Promise.resolve(undefined),
      pick: () => Promise.resolve(undefined),
      pickMany: () => Promise.resolve(undefined),
      save: () => Promise.resolve(undefined),
      openFolder: () => Promise.resolve(undefined),
      openFolders: () => Promise.resolve(undefined),
      confirm: () => Promise.resolve(false),
    } satisfies TarshelfApi['prompts']);
  });

  after(async () => {
    const { api, folder } = theDesk();
    listening?.dispose();
    Object.assign(api.prompts, usual);
    await vscode.commands.executeCommand('workbench.action.closeAllEditors');
    await resetSettings();
    await rm(folder, { recursive: true, force: true, maxRetries: 10 });
  });

  return theDesk;
}

/** Calls a command, and gives what it answers. */
export async function run<T>(id: CommandId, ...args: unknown[]): Promise<T | undefined> {
  return await vscode.commands.executeCommand<T | undefined>(id, ...args);
}

/** Writes a tar, and its folder where there is none. */
export async function makeTar(file: string, books: Readonly<Record<string, Buffer>>): Promise<void> {
  await mkdir(path.dirname(file), { recursive: true });
  const members = Object.entries(books).map(([name, body]) => ({ name, body, mtime: new Date(0) }));
  await writeFile(file, encodeTar(members, 'ustar'));
}

/** Gives a setting of Tarshelf a value; undefined: the default one. */
export async function set(
  name: string,
  value: unknown,
  target = vscode.ConfigurationTarget.Global,
): Promise<void> {
  await vscode.workspace.getConfiguration(settingsSection).update(name, value, target);
}

export async function resetSettings(): Promise<void> {
  for (const name of settingNames) await set(name, undefined);
}

/** Waits for something to be so, and fails when it is not within that time. */
export async function until(isSo: () => boolean, withinMs: number): Promise<void> {
  const end = performance.now() + withinMs;
  while (!isSo()) {
    assert.ok(performance.now() < end, `not within ${String(withinMs)} ms: ${String(isSo)}`);
    await sleep(50);
  }
}
