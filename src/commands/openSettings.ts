import * as vscode from 'vscode';
import { extensionId, settingsSection, type SettingName } from '../manifest.ts';
import type { DestinationOptions } from '../protocol/ingestOptions.ts';

/** Opens the settings of this extension, or one of them. */
export async function openSettings(name?: SettingName): Promise<void> {
  const query = name === undefined ? `@ext:${extensionId}` : `@id:${settingsSection}.${name}`;
  // In a remote window, what belongs to the machine is not among the user's settings but among the remote's.
  const tab = vscode.env.remoteName === undefined ? 'openSettings' : 'openRemoteSettings';
  await vscode.commands.executeCommand(`workbench.action.${tab}`, { query });
}

const addressSettings: Readonly<Record<DestinationOptions['kind'], SettingName>> = {
  library: 'libraryFolder',
  calibre: 'calibre.library',
  mybookshelf2: 'mybookshelf2.server',
  'mybookshelf2-cli': 'mybookshelf2.server',
  none: 'destination',
};

/** Opens the setting that says where a destination is. */
export async function openAddressSetting({ kind }: DestinationOptions): Promise<void> {
  await openSettings(addressSettings[kind]);
}
