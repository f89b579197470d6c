import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { engineFileName } from '../protocol/engineFile.ts';
import { systemCode } from '../protocol/errors.ts';
import { statusFileName } from '../protocol/statusFile.ts';

/** What a state folder looked like at a time. */
export interface StateMark {
  readonly stateFolder: string;
  readonly text: string;
}

/**
 * Two marks of a state folder that are the same say that no engine has come, begun a run, or left one there between them. It takes two
 * small files, and not what they tell of thousands of tars.
 */
export async function stateMark(stateFolder: string): Promise<StateMark> {
  const [note, status] = await Promise.all([
    // With the workers of a run, which makes another note of each that begins and ends.
    readFile(join(stateFolder, engineFileName), 'utf8').catch(codeOf),
    stat(join(stateFolder, statusFileName)).then(
      ({ mtimeMs, size }) => `${String(mtimeMs)} ${String(size)}`,
      codeOf,
    ),
  ]);
  return { stateFolder, text: `${status}\n${note}` };
}

function codeOf(thrown: unknown): string {
  return systemCode(thrown) ?? String(thrown);
}
