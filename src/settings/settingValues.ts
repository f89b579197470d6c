import path from 'node:path';
import { t } from '../text/localize.ts';
import { addressBeginnings, addressProblem, type AddressKind } from '../protocol/addresses.ts';

/** A setting's value as it is used, or why it cannot be: words that follow the setting's name. */
export type Checked<T> = { ok: true; value: T } | { ok: false; reason: string };

/** What the words in a folder setting stand for. */
export interface FolderContext {
  readonly homeFolder: string;
  /** The first folder of the workspace; absent when none is open. */
  readonly workspaceFolder?: string | undefined;
}

/**
 * The absolute path that a folder setting means: `~` is the home folder, `${workspaceFolder}` the first folder
 * of the workspace, and a relative path lies in the latter. Undefined when nothing is set.
 */
export function checkFolder(value: unknown, context: FolderContext): Checked<string | undefined> {
  if (value === undefined || value === null) return { ok: true, value: undefined };
  if (typeof value !== 'string') return { ok: false, reason: t('is not a text') };
  let text = value.trim();
  if (text === '') return { ok: true, value: undefined };
  if (text.includes('${workspaceFolder}')) {
    if (context.workspaceFolder === undefined) return { ok: false, reason: t('needs an open folder') };
    // A function, because a path may hold `$&`, which means something in a replacement text.
    const folder = context.workspaceFolder;
    text = text.replaceAll('${workspaceFolder}', () => folder);
  }
  const unknown = /\$\{[^}]*\}/.exec(text);
  if (unknown) return { ok: false, reason: t('holds {0}, which is not known here', unknown[0]) };
  if (text === '~') text = context.homeFolder;
  else if (text.startsWith('~/') || text.startsWith('~\\'))
    text = path.join(context.homeFolder, text.slice(2));
  if (path.isAbsolute(text)) return { ok: true, value: path.normalize(text) };
  if (context.workspaceFolder === undefined) return { ok: false, reason: t('is not an absolute path') };
  return { ok: true, value: path.resolve(context.workspaceFolder, text) };
}

/**
 * The absolute paths that a list of folders means, each once; undefined when nothing is set. A list with an entry that
 * cannot be used is none at all: what lies there would be left out without a word.
 */
export function checkFolders(value: unknown, context: FolderContext): Checked<string[] | undefined> {
  if (value === undefined || value === null) return { ok: true, value: undefined };
  if (!Array.isArray(value)) return { ok: false, reason: t('is no list') };
  const folders = new Set<string>();
  for (const entry of value as unknown[]) {
    const folder = checkFolder(entry, context);
    if (!folder.ok) return folder;
    if (folder.value !== undefined) folders.add(withoutEndSlash(folder.value));
  }
  return { ok: true, value: [...folders] };
}

/** A path without the slash at its end, which the root alone keeps. */
function withoutEndSlash(folder: string): string {
  return path.join(path.dirname(folder), path.basename(folder));
}

/** A whole number within a range, or undefined when nothing is set. */
export function checkNumber(
  value: unknown,
  range: { readonly min: number; readonly max: number },
): Checked<number | undefined> {
  if (value === undefined || value === null) return { ok: true, value: undefined };
  if (typeof value === 'number' && Number.isInteger(value) && value >= range.min && value <= range.max) {
    return { ok: true, value };
  }
  return {
    ok: false,
    reason: t('is not a whole number from {0} to {1}', range.min, range.max),
  };
}

/** One of a few words, or undefined when nothing is set. */
export function checkChoice<T extends string>(value: unknown, choices: readonly T[]): Checked<T | undefined> {
  if (value === undefined || value === null) return { ok: true, value: undefined };
  const choice = choices.find(known => known === value);
  return choice === undefined
    ? { ok: false, reason: t('is none of {0}', choices.join(', ')) }
    : { ok: true, value: choice };
}

/** A list of such words, each once, or undefined when nothing is set. */
export function checkChoices<T extends string>(
  value: unknown,
  choices: readonly T[],
): Checked<T[] | undefined> {
  if (value === undefined || value === null) return { ok: true, value: undefined };
  if (!Array.isArray(value)) return { ok: false, reason: t('is no list') };
  const chosen = new Set<T>();
  for (const entry of value as unknown[]) {
    const choice = checkChoice(entry, choices);
    if (!choice.ok || choice.value === undefined)
      return { ok: false, reason: t('holds what is none of {0}', choices.join(', ')) };
    chosen.add(choice.value);
  }
  return { ok: true, value: [...chosen] };
}

/** A text without blanks around it, or undefined when nothing is set. */
export function checkText(value: unknown): Checked<string | undefined> {
  if (value === undefined || value === null) return { ok: true, value: undefined };
  if (typeof value !== 'string') return { ok: false, reason: t('is not a text') };
  const text = value.trim();
  return { ok: true, value: text === '' ? undefined : text };
}

/** An address of a kind, without a password in it, or undefined when nothing is set. */
export function checkAddress(value: unknown, kind: AddressKind): Checked<string | undefined> {
  const checked = checkText(value);
  if (!checked.ok || checked.value === undefined) return checked;
  switch (addressProblem(kind, checked.value)) {
    case null:
      return checked;
    case 'malformed':
      return { ok: false, reason: t('is no address that begins with {0}', addressBeginnings(kind)) };
    case 'password':
      return {
        ok: false,
        reason: t(
          'holds a password, which settings do not keep secret. Take it out; "Tarshelf: Sign In" asks for it',
        ),
      };
  }
}
