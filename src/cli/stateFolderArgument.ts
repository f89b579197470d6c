import { resolve } from 'node:path';
import { TarshelfError } from '../protocol/errors.ts';
import { defaultStateFolderName } from '../protocol/ingestOptions.ts';

/** The option of every verb that is about what is or was going on in a state folder. */
export const stateFolderOption = {
  value: 'DIR',
  help: `folder that keeps the progress (default: ${defaultStateFolderName})`,
} as const;

/** Absolute path of the state folder that is meant. */
export function readStateFolder(
  given: { value(name: 'state-dir'): string | undefined },
  currentFolder: string,
): string {
  return resolve(currentFolder, given.value('state-dir') ?? defaultStateFolderName);
}

/** @throws TarshelfError `USAGE` where anything but options was given */
export function refusePositionals(positionals: readonly string[]): void {
  if (positionals.length === 0) return;
  throw new TarshelfError(
    'USAGE',
    `"${positionals.join(' ')}" is too much: name the state folder with --state-dir DIR.`,
  );
}

/**
 * The number of a worker.
 *
 * @param command how the command is called, for the message
 * @throws TarshelfError `USAGE`
 */
export function readWorkerNumber(command: string, text: string): number {
  if (/^[1-9]\d{0,5}$/.test(text)) return Number(text);
  throw new TarshelfError(
    'USAGE',
    `"${text}" is no number of a worker. They are counted from 1: ${command} 1.`,
  );
}
