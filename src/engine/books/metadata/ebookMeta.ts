import { randomBytes } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { execa } from 'execa';
import pLimit from 'p-limit';
import { oneLine, TarshelfError } from '../../../protocol/errors.ts';
import { noteChild } from '../../system/childPrograms.ts';
import { findCalibreProgram } from '../../system/calibreProgram.ts';
import { isAlive } from '../../system/processes.ts';
import type { BookFormat } from '../../../protocol/bookFormat.ts';
import type { FoundMetadata } from './bookMetadata.ts';
import { UnreadableBookError } from './bookMetadata.ts';
import { parseEbookMeta } from './ebookMetaOutput.ts';

/** The extensions by which calibre knows the formats that it reads; the others it answers with the file's name. */
const extensions: Readonly<Partial<Record<BookFormat, string>>> = {
  azw3: 'azw3',
  cbz: 'cbz',
  chm: 'chm',
  docx: 'docx',
  epub: 'epub',
  fb2: 'fb2',
  'fb2.zip': 'fbz',
  htm: 'html',
  html: 'html',
  lit: 'lit',
  mobi: 'mobi',
  odt: 'odt',
  pdb: 'pdb',
  pdf: 'pdf',
  prc: 'prc',
  rtf: 'rtf',
  txt: 'txt',
};

const folderStart = 'tarshelf-metadata-';
const folderName = /^tarshelf-metadata-(\d+)-/;
const maxOutputCharacters = 4 * 1024 * 1024;

export interface EbookMetaOptions {
  /** Undefined where calibre is not installed. */
  readonly program?: string | undefined;
  readonly temporaryFolder?: string;
  readonly timeoutMs?: number;
  /** How many programs run at the same time. */
  readonly atOnce?: number;
}

/**
 * calibre's `ebook-meta`, for what has no reader of ours. It takes half a second a book, so it is for books that
 * are going to be uploaded, and for no others.
 */
export class EbookMeta {
  readonly #program: string | undefined;
  readonly #temporaryFolder: string;
  readonly #timeoutMs: number;
  readonly #limit: ReturnType<typeof pLimit>;
  #swept: Promise<void> | undefined;

  constructor(options: EbookMetaOptions = {}) {
    this.#program = 'program' in options ? options.program : findCalibreProgram('ebook-meta');
    this.#temporaryFolder = options.temporaryFolder ?? tmpdir();
    this.#timeoutMs = options.timeoutMs ?? 30_000;
    this.#limit = pLimit(options.atOnce ?? 2);
  }

  get isInstalled(): boolean {
    return this.#program !== undefined;
  }

  /** Whether calibre reads metadata of this format. */
  reads(format: BookFormat): boolean {
    return extensions[format] !== undefined;
  }

  /**
   * What calibre finds in a book, of which it gets a copy of its own.
   *
   * @param stop ends the program, with all that it started
   * @throws UnreadableBookError when calibre has no answer; a TarshelfError when the book's bytes cannot be read;
   *   the reason of `stop` when that was aborted
   */
  read(
    format: BookFormat,
    body: Iterable<Buffer> | AsyncIterable<Buffer>,
    stop: AbortSignal,
  ): Promise<FoundMetadata> {
    return this.#limit(() => this.#readNow(format, body, stop));
  }

  async #readNow(
    format: BookFormat,
    body: Iterable<Buffer> | AsyncIterable<Buffer>,
    stop: AbortSignal,
  ): Promise<FoundMetadata> {
    const extension = extensions[format];
    if (this.#program === undefined || extension === undefined) {
      throw new UnreadableBookError('calibre does not read it');
    }
    stop.throwIfAborted();
    await (this.#swept ??= this.#sweep());
    // Nobody calls a book this, so this title means that there is none.
    const stem = `book${randomBytes(8).toString('hex')}`;
    let folder: string | undefined;
    try {
      folder = await mkdtemp(join(this.#temporaryFolder, `${folderStart}${String(process.pid)}-`));
      const file = join(folder, `${stem}.${extension}`);
      await pipeline(Readable.from(body, { objectMode: false }), createWriteStream(file, { mode: 0o600 }), {
        signal: stop,
      });
      return parseEbookMeta(await this.#run(this.#program, file, folder, stop), stem);
    } catch (thrown) {
      stop.throwIfAborted();
      if (thrown instanceof UnreadableBookError || thrown instanceof TarshelfError) throw thrown;
      throw new UnreadableBookError(`no copy could be made for calibre (${oneLine(thrown)})`);
    } finally {
      if (folder !== undefined) await removeFolder(folder);
    }
  }

  async #run(program: string, file: string, folder: string, stop: AbortSignal): Promise<string> {
    const running = execa(program, [file], {
      cwd: folder,
      reject: false,
      stdin: 'ignore',
      stderr: 'ignore',
      windowsHide: true,
      timeout: this.#timeoutMs,
      cancelSignal: stop,
      // It starts programs of its own, and has nothing that would be lost.
      killDescendants: true,
      killSignal: 'SIGKILL',
      maxBuffer: maxOutputCharacters,
      env: {
        // Its output is read by us, so it is not to be in the user's language.
        CALIBRE_OVERRIDE_LANG: 'en',
        PYTHONIOENCODING: 'utf-8',
        // What it leaves behind when it is ended goes with our folder.
        CALIBRE_TEMP_DIR: folder,
      },
    });
    noteChild(running);
    const result = await running;
    stop.throwIfAborted();
    if (result.timedOut) {
      throw new UnreadableBookError(`calibre took longer than ${String(this.#timeoutMs / 1000)} seconds`);
    }
    if (result.failed) throw new UnreadableBookError('calibre failed to read it');
    return result.stdout;
  }

  /** Folders of processes that were killed are nobody's any more. */
  async #sweep(): Promise<void> {
    const names = await readdir(this.#temporaryFolder).catch(() => []);
    for (const name of names) {
      const pid = folderName.exec(name)?.[1];
      if (pid !== undefined && !isAlive(Number(pid))) await removeFolder(join(this.#temporaryFolder, name));
    }
  }
}

/** What another program holds open for a moment more must not cost the book its metadata. */
async function removeFolder(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true, maxRetries: 5 }).catch(() => undefined);
}
