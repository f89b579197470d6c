import { readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';
import type { BookKey } from '../../protocol/bookKey.ts';
import { oneLine, systemCode, TarshelfError } from '../../protocol/errors.ts';
import {
  progressFileName,
  progressFileSchema,
  type CompletedFile,
  type ProgressFile,
  type TarProgress,
} from '../../protocol/progressFile.ts';
import type { BookCounts } from '../../protocol/snapshot.ts';
import { replaceFile } from '../durableFiles.ts';
import type { FileIdentity } from '../archive/byteSource.ts';

/*
 * What lives in this folder: what a worker remembers across runs, in the documented file format. It promises
 * that the file is whole at every moment, and that a file which cannot be read is kept, never overwritten.
 */

/** What became of a tar, in the words of the documented format. */
export type TarStatus = 'completed' | 'completed_with_errors' | 'failed';

/** The progress of one worker: read at its start, rewritten after each batch. Only its worker writes it. */
export class WorkerProgress {
  readonly #path: string;
  readonly #file: ProgressFile;

  private constructor(path: string, file: ProgressFile) {
    this.#path = path;
    this.#file = file;
  }

  /**
   * Reads a worker's progress file; without one, progress begins empty.
   *
   * @param onKeptAside is told of a file that cannot be read, which is renamed and stays as it is.
   */
  static async load(
    stateFolder: string,
    worker: number,
    onKeptAside: (message: string) => void,
  ): Promise<WorkerProgress> {
    const path = join(stateFolder, progressFileName(worker));
    return new WorkerProgress(
      path,
      (await readProgressFile(path, onKeptAside)) ?? v.parse(progressFileSchema, {}),
    );
  }

  get file(): Readonly<ProgressFile> {
    return this.#file;
  }

  assign(tars: readonly string[], destinationId: string): void {
    this.#file.assigned_tars = [...tars];
    this.#file.destination = destinationId;
  }

  beginTar(name: string, path: string, identity: FileIdentity, now: Date): void {
    this.#file.current_tar = name;
    this.#file.completed_tars = this.#file.completed_tars.filter(tar => tar !== name);
    this.#file.tar_progress[name] = {
      ...this.#file.tar_progress[name],
      tar_file: path,
      status: 'processing',
      tar_size: identity.sizeBytes,
      tar_mtime_ms: identity.mtimeMs,
      started_at: localTime(now),
    };
  }

  /** Records a book that the destination has. */
  addBook(key: BookKey, member: string, status: 'uploaded' | 'already_exists', now: Date): void {
    const known = this.#file.completed_files[key.sha1];
    // A resumed tar meets its own books again: what is recorded of them stays.
    if (known?.size === key.sizeBytes) return;
    this.#file.completed_files[key.sha1] = {
      ...known,
      file: withoutNul(member),
      status: known?.status ?? status,
      size: key.sizeBytes,
      uploaded_at: known?.uploaded_at ?? localTime(now),
    } satisfies CompletedFile;
  }

  updateTar(name: string, counts: BookCounts): void {
    this.#file.tar_progress[name] = { ...this.#file.tar_progress[name], ...tarFigures(counts) };
  }

  endTar(name: string, status: TarStatus, counts: BookCounts, error: string | null, now: Date): void {
    this.updateTar(name, counts);
    const entry: TarProgress = { ...this.#file.tar_progress[name], status, completed_at: localTime(now) };
    if (error === null) delete entry.error_message;
    else entry.error_message = error;
    this.#file.tar_progress[name] = entry;
    this.#file.current_tar = null;
    if (status === 'completed') this.#file.completed_tars.push(name);
  }

  /**
   * Makes all that was recorded durable.
   *
   * @throws TarshelfError `STATE_NOT_WRITABLE`
   */
  async commit(): Promise<void> {
    try {
      await replaceFile(this.#path, [JSON.stringify(this.#file, null, 2)]);
    } catch (thrown) {
      throw new TarshelfError(
        'STATE_NOT_WRITABLE',
        `Cannot save ${this.#path} (${oneLine(thrown)}). Free some space or make the folder writable, then launch again.`,
        { cause: thrown },
      );
    }
  }
}

/**
 * Reads a progress file, or undefined where there is none to read. One that cannot be read is renamed, so
 * that the next commit does not overwrite it, and reported.
 */
export async function readProgressFile(
  path: string,
  onKeptAside: (message: string) => void,
): Promise<ProgressFile | undefined> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (thrown) {
    if (systemCode(thrown) === 'ENOENT') return undefined;
    throw new TarshelfError(
      'PROGRESS_NOT_READABLE',
      `Cannot read ${path}. Check that you may read it, then launch again.`,
      {
        cause: thrown,
      },
    );
  }
  const parsed = v.safeParse(v.pipe(v.string(), v.parseJson(), progressFileSchema), text);
  if (parsed.success) return parsed.output;
  const aside = `${path}.damaged-${new Date().toISOString().replaceAll(':', '-')}`;
  await rename(path, aside);
  onKeptAside(
    `The progress file ${path} could not be read and was kept as ${aside}; its books are known again from the destination.`,
  );
  return undefined;
}

function tarFigures(counts: BookCounts): TarProgress {
  return { files_processed: counts.found, files_uploaded: counts.uploaded, errors: counts.failed };
}

function withoutNul(text: string): string {
  return text.replaceAll('\0', '');
}

/** `YYYY-MM-DD HH:MM:SS` in local time, as the documented format has it. */
function localTime(date: Date): string {
  const two = (n: number): string => String(n).padStart(2, '0');
  const day = `${String(date.getFullYear())}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}
