import os from 'node:os';
import path from 'node:path';
import * as vscode from 'vscode';
import { settingNames, settingsSection, windowCloseActions, type SettingName } from '../manifest.ts';
import { bookFormats, type BookFormat } from '../protocol/bookFormat.ts';
import {
  completionActions,
  defaultCompletionAction,
  defaultLibraryFolderName,
  defaultStateFolderName,
  defaultMetadataReader,
  defaultMode,
  limits,
  metadataReaders,
  modes,
  type CompletionAction,
  type DestinationOptions,
  type IngestOptions,
  type MetadataReader,
  type Mode,
} from '../protocol/ingestOptions.ts';
import type { WhenLeft } from '../protocol/clientMessages.ts';
import {
  supervisionLimits,
  supervisionNames,
  type Supervision,
  type SupervisionName,
} from '../protocol/supervision.ts';
import { readDestination, userNameToAskFor } from './destinationSettings.ts';
import {
  checkChoice,
  checkChoices,
  checkFolder,
  checkFolders,
  checkNumber,
  type Checked,
  type FolderContext,
} from './settingValues.ts';

/** Told of a setting that cannot be used, once for each bad value. */
export type BadSettingListener = (name: SettingName, message: string) => void;

/**
 * The settings as typed values, read when they are asked for. A bad value is reported once, and the default is
 * used in its place.
 */
export class Settings implements vscode.Disposable {
  readonly #storageFolder: string;
  readonly #onBadSetting: BadSettingListener;
  readonly #changes = new vscode.EventEmitter<ReadonlySet<SettingName>>();
  readonly #listening: vscode.Disposable;
  readonly #reported = new Set<string>();

  /** @param storageFolder where state goes when no folder is open. */
  constructor(storageFolder: string, onBadSetting: BadSettingListener) {
    this.#storageFolder = storageFolder;
    this.#onBadSetting = onBadSetting;
    this.#listening = vscode.workspace.onDidChangeConfiguration(event => {
      const changed = settingNames.filter(name => event.affectsConfiguration(`${settingsSection}.${name}`));
      if (changed.length > 0) this.#changes.fire(new Set(changed));
    });
  }

  /** Fires with the names of the settings that changed. */
  get onDidChange(): vscode.Event<ReadonlySet<SettingName>> {
    return this.#changes.event;
  }

  /** Absolute paths of the folders of tars, each once; none when none is chosen. */
  get sourceFolders(): readonly string[] {
    return (
      this.#accept(
        'sourceFolders',
        value => checkFolders(value, this.#folderContext()),
        vscode.l10n.t('Choose the folders again.'),
      ) ?? []
    );
  }

  get stateFolder(): string {
    const fallback = path.join(this.#workspaceFolder() ?? this.#storageFolder, defaultStateFolderName);
    return this.#folder('stateFolder', vscode.l10n.t('{0} is used.', fallback)) ?? fallback;
  }

  get libraryFolder(): string {
    const fallback = path.join(this.stateFolder, defaultLibraryFolderName);
    return this.#folder('libraryFolder', vscode.l10n.t('{0} is used.', fallback)) ?? fallback;
  }

  get mode(): Mode {
    return this.#choice('mode', modes, defaultMode);
  }

  get afterCompletion(): CompletionAction {
    return this.#choice('afterCompletion', completionActions, defaultCompletionAction);
  }

  get metadataReader(): MetadataReader {
    return this.#choice('metadataReader', metadataReaders, defaultMetadataReader);
  }

  /** Null for all. */
  get bookTypes(): BookFormat[] | null {
    const chosen = this.#accept(
      'bookTypes',
      value => checkChoices(value, bookFormats),
      vscode.l10n.t('All types are taken.'),
    );
    return chosen && chosen.length > 0 ? chosen : null;
  }

  get workers(): number {
    return this.#number('workers', limits.workers);
  }

  get batchSize(): number {
    return this.#number('batchSize', limits.batchSize);
  }

  get parallelUploads(): number {
    return this.#number('parallelUploads', limits.parallelUploads);
  }

  get supervision(): Supervision {
    const number = (name: SupervisionName): [SupervisionName, number] => [
      name,
      this.#number(`supervision.${name}`, supervisionLimits[name]),
    ];
    return Object.fromEntries(supervisionNames.map(number)) as Record<SupervisionName, number>;
  }

  /** What becomes of a run when its last window is closed. */
  get onWindowClose(): WhenLeft {
    return this.#choice('onWindowClose', windowCloseActions, 'keepRunning');
  }

  /**
   * All that an ingest of these folders needs.
   *
   * @param destination the one that is set, or another in its place
   * @throws SettingUnusable as `destination` does
   */
  ingestOptions(
    sourceFolders: readonly string[],
    destination: DestinationOptions = this.destination(),
  ): IngestOptions {
    const { bookTypes } = this;
    return {
      sourceFolders: [...sourceFolders],
      stateFolder: this.stateFolder,
      workers: this.workers,
      batchSize: this.batchSize,
      parallelUploads: this.parallelUploads,
      mode: this.mode,
      afterCompletion: this.afterCompletion,
      metadataReader: this.metadataReader,
      ...(bookTypes ? { bookTypes } : {}),
      destination,
      supervision: this.supervision,
    };
  }

  /**
   * Where new books go.
   *
   * @param userName in place of the one that is set
   * @throws SettingUnusable when a setting that it needs is missing or cannot be used: books are never sent
   *   elsewhere in its place
   */
  destination(userName?: string): DestinationOptions {
    const asked = userName === undefined ? undefined : this.userNameToAskFor;
    return readDestination(name => (name === asked ? userName : this.#configuration().get<unknown>(name)), {
      homeFolder: os.homedir(),
      workspaceFolder: this.#workspaceFolder(),
      libraryFolder: () => this.libraryFolder,
    });
  }

  /** The setting of the user name, where the destination needs one and it is not set. */
  get userNameToAskFor(): SettingName | undefined {
    return userNameToAskFor(name => this.#configuration().get<unknown>(name));
  }

  /** Remembers a user name where the destination is set: for the workspace, or for the user. */
  async rememberUserName(setting: SettingName, userName: string): Promise<void> {
    const { workspaceValue } = this.#configuration().inspect('destination') ?? {};
    await this.#remember(setting, userName, workspaceValue !== undefined);
  }

  /** Remembers the folders of tars in place of those that were set, for the workspace when one is open. */
  async rememberSourceFolders(folders: readonly string[]): Promise<void> {
    await this.#updateSourceFolders(folders, false);
  }

  /** Adds to the folders of tars, where these are set. What is set there stays as it is written. */
  async addSourceFolders(folders: readonly string[]): Promise<void> {
    await this.#updateSourceFolders([...this.#writtenSourceFolders(), ...folders], true);
  }

  /** Takes folders out of those of tars, where these are set. */
  async removeSourceFolders(folders: readonly string[]): Promise<void> {
    const left = this.#writtenSourceFolders().filter(entry => {
      const checked = checkFolders([entry], this.#folderContext());
      return !checked.ok || !checked.value?.some(folder => folders.includes(folder));
    });
    await this.#updateSourceFolders(left, true);
  }

  /** Sets where books go, or what a destination needs to be found: where it is set already, or else for the user. */
  async rememberDestination(name: SettingName, value: string): Promise<void> {
    const { workspaceValue } = this.#configuration().inspect('destination') ?? {};
    // What programs are run is this machine's matter alone.
    const forWorkspace = workspaceValue !== undefined && !/\.(?:container|program)$/.test(name);
    await this.#remember(name, value, forWorkspace);
  }

  /** What is set, as it stands: for whoever shows it. */
  raw(name: SettingName): unknown {
    return this.#configuration().get<unknown>(name);
  }

  /** What a setting was set to by anybody; undefined where it is as it is by default. */
  changed(name: SettingName): unknown {
    const set = this.#configuration().inspect(name);
    return set?.workspaceFolderValue ?? set?.workspaceValue ?? set?.globalValue;
  }

  dispose(): void {
    this.#listening.dispose();
    this.#changes.dispose();
  }

  async #remember(name: SettingName, value: string, forWorkspace: boolean): Promise<void> {
    // What an untrusted workspace says about where data is and goes is not heard, so it would be forgotten there.
    const target =
      forWorkspace && vscode.workspace.isTrusted
        ? vscode.ConfigurationTarget.Workspace
        : vscode.ConfigurationTarget.Global;
    await this.#configuration().update(name, value, target);
  }

  #writtenSourceFolders(): unknown[] {
    const written = this.raw('sourceFolders');
    return Array.isArray(written) ? (written as unknown[]) : [];
  }

  /** @param isChange of the list that is in force: where that is the user's, it stays the user's */
  async #updateSourceFolders(folders: readonly unknown[], isChange: boolean): Promise<void> {
    const set = this.#configuration().inspect('sourceFolders');
    const { Global, Workspace, WorkspaceFolder } = vscode.ConfigurationTarget;
    let target = this.#workspaceFolder() === undefined ? Global : Workspace;
    if (isChange && set?.globalValue !== undefined) target = Global;
    if (set?.workspaceValue !== undefined) target = Workspace;
    // Of several folders in a window, the first one's own list hides that of the workspace.
    if (set?.workspaceFolderValue !== undefined) target = WorkspaceFolder;
    // What an untrusted workspace says about where data is and goes is not heard, so it would be forgotten there.
    if (!vscode.workspace.isTrusted) target = Global;
    const isDefault = folders.length === 0 && target === Global;
    await this.#configuration().update('sourceFolders', isDefault ? undefined : folders, target);
  }

  #folder(name: SettingName, consequence: string): string | undefined {
    return this.#accept(name, value => checkFolder(value, this.#folderContext()), consequence);
  }

  #folderContext(): FolderContext {
    return { homeFolder: os.homedir(), workspaceFolder: this.#workspaceFolder() };
  }

  #choice<T extends string>(name: SettingName, choices: readonly T[], fallback: T): T {
    return (
      this.#accept(
        name,
        value => checkChoice(value, choices),
        vscode.l10n.t('{0} is used.', `"${fallback}"`),
      ) ?? fallback
    );
  }

  #number(name: SettingName, range: { min: number; max: number; default: number }): number {
    const used = vscode.l10n.t('{0} is used.', range.default);
    return this.#accept(name, value => checkNumber(value, range), used) ?? range.default;
  }

  #accept<T>(
    name: SettingName,
    check: (value: unknown) => Checked<T | undefined>,
    consequence: string,
  ): T | undefined {
    const value = this.#configuration().get<unknown>(name);
    const checked = check(value);
    if (checked.ok) return checked.value;
    const shown = typeof value === 'string' ? `"${value}"` : String(value);
    const setting = `${settingsSection}.${name}`;
    const message = vscode.l10n.t(
      'The setting {0} {1}: {2}. {3}',
      setting,
      checked.reason,
      shown,
      consequence,
    );
    if (!this.#reported.has(message)) {
      this.#reported.add(message);
      this.#onBadSetting(name, message);
    }
    return undefined;
  }

  #configuration(): vscode.WorkspaceConfiguration {
    return vscode.workspace.getConfiguration(settingsSection, vscode.workspace.workspaceFolders?.[0]);
  }

  #workspaceFolder(): string | undefined {
    const folder = vscode.workspace.workspaceFolders?.[0];
    return folder?.uri.scheme === 'file' ? folder.uri.fsPath : undefined;
  }
}
