import { randomBytes } from 'node:crypto';
import { lstat, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';
import {
  engineFileName,
  engineFileSchema,
  engineTokenFileName,
  type EngineFile,
} from '../../../protocol/engineFile.ts';
import { oneLine } from '../../../protocol/errors.ts';
import { renameOver } from '../../system/durableFiles.ts';

/** What changes of a note while its engine lives. */
export type NoteChange = Partial<Pick<EngineFile, 'address' | 'workers'>>;

export function newToken(): string {
  return randomBytes(32).toString('hex');
}

/** What the last engine of a state folder left there; null where there is nothing that could be understood. */
export async function readEngineNote(stateFolder: string): Promise<EngineFile | null> {
  try {
    const parsed: unknown = JSON.parse(await readFile(join(stateFolder, engineFileName), 'utf8'));
    const note = v.safeParse(engineFileSchema, parsed);
    return note.success ? note.output : null;
  } catch {
    return null;
  }
}

/**
 * The note by which clients find this engine, and the token that they must say. Written by the holder of the lock
 * and by nobody else.
 */
export class EngineNote {
  readonly #stateFolder: string;
  readonly #token: string;
  readonly #onProblem: (message: string) => void;
  #note: EngineFile;
  #isSaved = true;
  #isRemoved = false;
  /** One after another: of two writes at once, the older one could stay. */
  #work: Promise<void> = Promise.resolve();

  private constructor(
    stateFolder: string,
    note: EngineFile,
    token: string,
    onProblem: (message: string) => void,
  ) {
    this.#stateFolder = stateFolder;
    this.#note = note;
    this.#token = token;
    this.#onProblem = onProblem;
  }

  /**
   * @param onProblem is told when a later change could not be written; `keep` tries that again.
   * @throws an error of the file system
   */
  static async leave(
    stateFolder: string,
    note: EngineFile,
    token: string,
    onProblem: (message: string) => void,
  ): Promise<EngineNote> {
    const left = new EngineNote(stateFolder, note, token, onProblem);
    await left.#writeToken();
    await left.#writeNote();
    return left;
  }

  change(change: NoteChange): void {
    this.#note = { ...this.#note, ...change };
    this.#isSaved = false;
    void this.#next(() => this.#save());
  }

  /** Writes what could not be written before, and what somebody has removed meanwhile. Never rejects. */
  keep(): Promise<void> {
    return this.#next(async () => {
      if (this.#isRemoved) return;
      if (!(await isThere(join(this.#stateFolder, engineTokenFileName)))) await this.#writeToken();
      if (!(await isThere(join(this.#stateFolder, engineFileName)))) this.#isSaved = false;
      await this.#save();
    });
  }

  /**
   * The engine is to be found no more. A note that still names workers is left for the next engine, which ends
   * them. Never rejects.
   */
  remove(): Promise<void> {
    return this.#next(async () => {
      this.#isRemoved = true;
      const token = join(this.#stateFolder, engineTokenFileName);
      if ((await readFile(token, 'utf8').catch(() => null)) === this.#token) await rm(token);
      const found = await readEngineNote(this.#stateFolder);
      if (found?.address === this.#note.address && this.#note.workers.length === 0)
        await rm(join(this.#stateFolder, engineFileName));
    });
  }

  #next(step: () => Promise<void>): Promise<void> {
    this.#work = this.#work.then(step).catch((thrown: unknown) => {
      this.#onProblem(`${engineFileName} could not be kept up to date: ${oneLine(thrown)}`);
    });
    return this.#work;
  }

  /** Changes that came while one was being written are written together. */
  async #save(): Promise<void> {
    if (this.#isSaved || this.#isRemoved) return;
    this.#isSaved = true;
    try {
      await this.#writeNote();
    } catch (thrown) {
      this.#isSaved = false;
      throw thrown;
    }
  }

  async #writeToken(): Promise<void> {
    await writePrivately(join(this.#stateFolder, engineTokenFileName), this.#token);
  }

  async #writeNote(): Promise<void> {
    await writePrivately(join(this.#stateFolder, engineFileName), JSON.stringify(this.#note));
  }
}

/** Whole at every moment, and never readable for others: a mode set after the writing would come too late. */
async function writePrivately(path: string, text: string): Promise<void> {
  const temporary = `${path}.tmp`;
  // One that a kill has left might have been made readable meanwhile.
  await rm(temporary, { force: true });
  await writeFile(temporary, text, { flag: 'wx', mode: 0o600 });
  await renameOver(temporary, path);
}

async function isThere(path: string): Promise<boolean> {
  return (await lstat(path).catch(() => null)) !== null;
}
