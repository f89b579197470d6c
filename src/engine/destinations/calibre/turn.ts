import { renameSync, writeFileSync } from 'node:fs';
import { lstat, mkdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import * as v from 'valibot';
import { FileLock } from '../../system/fileLock.ts';
import { makeFolder } from '../../system/makeFolder.ts';
import { isAlive, isSame, processStart } from '../../system/processes.ts';

/** No call of the program takes longer: whatever bears its pid after that is another process. */
export const longestCallMs = 15 * 60_000;

const noteName = 'program.json';
const noteSchema = v.pipe(
  v.string(),
  v.parseJson(),
  v.object({ pid: v.number(), start: v.nullable(v.string()) }),
);

/** The second half of a note that is under way. */
let noting: Promise<void> = Promise.resolve();

function rootFolder(within: string): string {
  return join(within, `tarshelf-calibre-${String(userInfo().uid)}`);
}

/**
 * Our turn with calibre's program: it refuses to run twice at a time for one user, whatever the library, so the
 * workers of all engines take turns. Who has the turn has the folder, too, in which books are laid down for it;
 * what is found in there was left behind by a killed one, once the program that it had started has ended: without
 * what lies there, that would add books without their metadata and key.
 */
export class CalibreTurn {
  /** Empty when the turn begins. */
  readonly folder: string;
  readonly #lock: FileLock;

  private constructor(folder: string, lock: FileLock) {
    this.folder = folder;
    this.#lock = lock;
  }

  /**
   * Waits for its turn, however long the others take.
   *
   * @throws an `AbortError` when the signal comes first; an error of the file system where there is no room for a folder
   */
  static async take(signal: AbortSignal | undefined, within = tmpdir()): Promise<CalibreTurn> {
    const root = rootFolder(within);
    await makeFolder(root, 0o700);
    const { uid } = await lstat(root);
    // In a folder for everybody, somebody else may have made it to read or change our books.
    if (process.platform !== 'win32' && uid !== userInfo().uid)
      throw new Error(`the folder ${root} belongs to another user`);
    const lock = await FileLock.take(join(root, 'turn.lock'), Number.POSITIVE_INFINITY, signal);
    if (!lock) throw new Error('a lock without end was not taken');
    const folder = join(root, 'books');
    try {
      await outwaitProgram(root, signal);
      await rm(folder, { recursive: true, force: true });
      await mkdir(folder, { mode: 0o700 });
    } catch (thrown) {
      lock.release();
      throw thrown;
    }
    return new CalibreTurn(folder, lock);
  }

  async end(): Promise<void> {
    try {
      await noting;
      await rm(join(this.folder, '..', noteName), { force: true });
      await rm(this.folder, { recursive: true, force: true });
    } finally {
      this.#lock.release();
    }
  }
}

/**
 * Notes the program that was started in our turn, for whoever comes after us if we are killed: it goes on without us.
 * At once, for the kill may be the next thing that happens.
 */
export function noteProgram(pid: number, within = tmpdir()): void {
  const path = join(rootFolder(within), noteName);
  // Under its name it is whole at every moment: half a note would tell of no program.
  const note = (start: string | null): void => {
    const temporary = `${path}.new`;
    writeFileSync(temporary, JSON.stringify({ pid, start }));
    renameSync(temporary, path);
  };
  try {
    note(null);
  } catch {
    // Then a next turn may begin too early, and finds the library taken by another program.
    return;
  }
  noting = processStart(pid)
    .then(start => {
      if (start !== null) note(start);
    })
    .catch(() => undefined);
}

/** Waits until the program of a turn whose holder was killed has ended. */
async function outwaitProgram(root: string, signal: AbortSignal | undefined): Promise<void> {
  const path = join(root, noteName);
  while (await stillRuns(path)) await sleep(100, undefined, signal ? { signal } : {});
  await rm(path, { force: true });
}

async function stillRuns(path: string): Promise<boolean> {
  try {
    const note = v.parse(noteSchema, await readFile(path, 'utf8'));
    if (note.start !== null) return await isSame(note);
    return isAlive(note.pid) && Date.now() - (await stat(path)).mtimeMs < longestCallMs;
  } catch {
    return false;
  }
}
