// What tests do with the window that they run in.
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import * as vscode from 'vscode';
import { settingNames, settingsSection } from '../../../src/manifest.ts';

/** Gives a setting of Tarshelf a value; undefined: the default one. */
export async function set(name: string, value: unknown): Promise<void> {
  await vscode.workspace
    .getConfiguration(settingsSection)
    .update(name, value, vscode.ConfigurationTarget.Global);
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
