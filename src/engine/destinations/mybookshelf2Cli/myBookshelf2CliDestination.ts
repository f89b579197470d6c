import { randomUUID } from 'node:crypto';
import { basename } from 'node:path';
import { keyText } from '../../../protocol/bookKey.ts';
import { TarshelfError } from '../../../protocol/errors.ts';
import type { DestinationOptions } from '../../../protocol/ingestOptions.ts';
import { normalizeLanguage } from '../../books/metadata/language.ts';
import { DestinationUnusable, type Book, type Destination, type KnownKey } from '../destination.ts';
import { DockerContainer } from './dockerContainer.ts';
import { defaultMyBookshelf2CliSettings, type MyBookshelf2CliSettings } from './myBookshelf2CliSettings.ts';
import type { ProgramPlace } from './programPlace.ts';
import { ProgramProcesses } from './programProcesses.ts';
import { runProgram, type ProgramEnd } from './runProgram.ts';
import { TemporaryBook } from './temporaryBook.ts';
import { ThisMachine } from './thisMachine.ts';
import { uploadArguments, type ServerAccess } from './uploadArguments.ts';
import { uploadVerdict, type UploadVerdict } from './uploadVerdict.ts';

/** The server takes no more (500 MiB), and reads all of a larger one before it says so. */
const largestBookBytes = 524_288_000;
const mostAttempts = 3;
const firstWaitMs = 1000;

export type MyBookshelf2CliOptions = Extract<DestinationOptions, { kind: 'mybookshelf2-cli' }>;

/**
 * A MyBookshelf2 server by way of its own command-line program `mbs2.py`, a run for each book: for servers whose
 * WebSocket cannot be reached from here.
 *
 * The password stands on that program's command line, as the program takes it in no other way: who can list
 * processes, here or in the container, can read it while a book is being uploaded.
 *
 *   book ─▶ temporary file ─▶ into the container ─▶ run ─┬─▶ uploaded, already exists, failed
 *                                                  ▲     ├─ passing ─ wait ─┐ (three runs in all)
 *                                                  │     └─ language unknown ┤ (once, the fallback)
 *                                                  └─────────────────────────┘
 */
export class MyBookshelf2CliDestination implements Destination {
  readonly id: string;
  readonly #options: MyBookshelf2CliOptions;
  readonly #server: ServerAccess;
  readonly #keys: Pick<Destination, 'readKeys'> | null;
  readonly #place: ProgramPlace;
  readonly #python: string;
  readonly #settings: MyBookshelf2CliSettings;
  /** Codes that the server does not have. It learns new ones so seldom that asking once a process will do. */
  readonly #unknownLanguages = new Set<string>();
  /** Keys of books that may have come to the shelf without our hearing of it: found there, they are our own uploads. */
  readonly #unsettled = new Set<string>();
  #swept: Promise<void> | null = null;

  private constructor(
    options: MyBookshelf2CliOptions,
    password: string,
    keys: Pick<Destination, 'readKeys'> | null,
    settings: MyBookshelf2CliSettings,
  ) {
    const { apiUrl, webSocketUrl, userName, container } = options;
    this.id = `mybookshelf2:${container ?? apiUrl}`;
    this.#options = options;
    this.#server = { apiUrl, webSocketUrl, userName, password };
    this.#keys = keys;
    this.#settings = settings;
    const { docker, python, temporaryFolder, limits } = settings;
    this.#python = container === null ? python : 'python3';
    this.#place =
      container === null
        ? new ThisMachine(temporaryFolder)
        : new DockerContainer(docker, container, temporaryFolder, limits);
  }

  /**
   * Opens the destination and sees to it that books can be uploaded.
   *
   * @param password of the user
   * @param keys where the list of the server's books can be read; null: nowhere
   * @throws DestinationUnusable
   */
  static async make(
    options: MyBookshelf2CliOptions,
    password: string | null,
    keys: Pick<Destination, 'readKeys'> | null,
    settings: Partial<MyBookshelf2CliSettings> = {},
    signal?: AbortSignal,
  ): Promise<MyBookshelf2CliDestination> {
    const destination = MyBookshelf2CliDestination.open(options, password, keys, settings);
    await destination.#sweep();
    await destination.#rehearse(signal);
    return destination;
  }

  /**
   * Opens the destination as it is.
   *
   * @throws DestinationUnusable
   */
  static open(
    options: MyBookshelf2CliOptions,
    password: string | null,
    keys: Pick<Destination, 'readKeys'> | null,
    settings: Partial<MyBookshelf2CliSettings> = {},
  ): MyBookshelf2CliDestination {
    if (password === null) {
      throw new DestinationUnusable(
        `The password of ${options.userName} on MyBookshelf2 is missing. Put it into TARSHELF_PASSWORD.`,
      );
    }
    return new MyBookshelf2CliDestination(options, password, keys, {
      ...defaultMyBookshelf2CliSettings(),
      ...settings,
    });
  }

  async store(book: Book, signal?: AbortSignal): Promise<'uploaded' | 'already_exists'> {
    signal?.throwIfAborted();
    if (book.key.sizeBytes > largestBookBytes) {
      throw failure(book, 'it is larger than 500 MiB, and MyBookshelf2 takes no book of more');
    }
    // Before anything is copied: a book without a language is not going to be sent.
    this.#languageFor(book);
    await this.#sweep();
    const temporary = await TemporaryBook.write(book, this.#settings.temporaryFolder, signal);
    try {
      try {
        const path = await this.#place.bring(temporary.path, temporary.name, signal);
        return await this.#upload(book, path, signal);
      } finally {
        await this.#place.remove(temporary.name);
      }
    } finally {
      await temporary.remove();
    }
  }

  readKeys(
    onKey: (key: KnownKey) => void,
    since: string | null,
    signal?: AbortSignal,
  ): Promise<string | null> {
    return this.#keys ? this.#keys.readKeys(onKey, since, signal) : Promise.resolve(null);
  }

  close(): void {
    // Nothing is held between two books.
  }

  async #upload(
    book: Book,
    path: string,
    signal: AbortSignal | undefined,
  ): Promise<'uploaded' | 'already_exists'> {
    const key = keyText(book.key);
    for (let attempt = 1; ;) {
      const language = this.#languageFor(book);
      const verdict = await this.#run(book, path, language, signal);
      switch (verdict.kind) {
        case 'uploaded':
          this.#unsettled.delete(key);
          return 'uploaded';
        case 'already-exists':
          return this.#unsettled.delete(key) ? 'uploaded' : 'already_exists';
        case 'language-unknown':
          // The next one is another language, or there is none and that is the book's failure.
          this.#unknownLanguages.add(language);
          break;
        case 'failed':
          throw failure(book, verdict.reason);
        case 'unusable':
          throw new DestinationUnusable(verdict.message);
        case 'passing':
          if (verdict.mayBeStored) this.#unsettled.add(key);
          signal?.throwIfAborted();
          if (attempt === mostAttempts) {
            // What fails for every book would otherwise fail them one by one.
            await this.#rehearse(signal);
            throw failure(book, `${verdict.reason}; ${String(mostAttempts)} attempts were made`);
          }
          await this.#wait(attempt++, verdict.reason, signal);
          break;
        default:
          verdict satisfies never;
      }
    }
  }

  /** @throws DestinationUnusable when the stop comes: what was not tried again is no outcome of the book */
  async #wait(attempt: number, reason: string, signal: AbortSignal | undefined): Promise<void> {
    const { listener, random, sleep, stop } = this.#settings;
    listener?.onRetry?.();
    const ends = [signal, stop].filter(one => one !== undefined);
    try {
      await sleep(waitMs(attempt, random()), AbortSignal.any(ends));
    } catch (thrown) {
      if (stop?.aborted !== true) throw thrown;
      throw new DestinationUnusable(`MyBookshelf2: ${reason}.`, { cause: thrown });
    }
  }

  /** Runs the program once, and is back when it has ended, also after the signal. */
  async #run(
    book: Pick<Book, 'key' | 'format' | 'metadata'>,
    path: string,
    language: string,
    signal: AbortSignal | undefined,
  ): Promise<UploadVerdict> {
    const { limits } = this.#settings;
    const args = [this.#options.program, ...uploadArguments(this.#server, book, path, language)];
    const processes = new ProgramProcesses(this.#place, this.#python, path, limits.graceMs);
    const end = await runProgram(this.#place.command(this.#python, args), limits, signal, async () => {
      const isAtWork = await processes.isAtWork();
      if (isAtWork) this.#settings.listener?.onWork?.();
      return isAtWork;
    });
    if (end.how !== 'exited' && end.how !== 'not-started') await processes.end();
    return this.#verdict(end);
  }

  #verdict(end: ProgramEnd): UploadVerdict {
    const trouble = this.#place.trouble(end);
    if (trouble !== null) return { kind: 'unusable', message: trouble };
    const { password, ...server } = this.#server;
    return uploadVerdict(end, {
      ...server,
      program: this.#options.program,
      python: this.#python,
      place: this.#place.text,
      hidden: text => withoutSecrets(text, password),
    });
  }

  /**
   * Tries everything but an upload: the program logs in and opens its WebSocket before it looks for the file, and
   * the file that it is told of does not exist.
   *
   * @throws DestinationUnusable with what would keep every book from being uploaded
   */
  async #rehearse(signal: AbortSignal | undefined): Promise<void> {
    const name = `tarshelf-rehearsal-${randomUUID()}.epub`;
    const book: Pick<Book, 'key' | 'format' | 'metadata'> = {
      key: { sha1: '0'.repeat(40), sizeBytes: 0 },
      format: 'epub',
      metadata: {
        title: 'Rehearsal',
        authors: [{ name: 'No One', sortName: 'One, No' }],
        language: 'en',
        series: { name: 'Rehearsals', index: 1 },
        publisher: null,
        date: null,
        identifiers: {},
        warning: null,
      },
    };
    const verdict = await this.#run(book, `/tmp/${name}`, 'en', signal);
    signal?.throwIfAborted();
    if (verdict.kind === 'unusable') throw new DestinationUnusable(verdict.message);
    if (verdict.kind === 'passing') {
      const { apiUrl, webSocketUrl } = this.#server;
      throw new DestinationUnusable(
        `MyBookshelf2 does not answer at ${apiUrl} and ${webSocketUrl} as it should (${verdict.reason}). ` +
          'Look after the server and its backend, or check the two addresses (--server, --websocket).',
      );
    }
  }

  /**
   * Once a process: removes what killed ones left behind, and ends their programs. Not only at the start of a run: the
   * successor of a worker that was killed would upload a book that its program still has in hand.
   *
   * @throws DestinationUnusable
   */
  #sweep(): Promise<void> {
    this.#swept ??= this.#removeLeftBehind().catch((thrown: unknown) => {
      this.#swept = null;
      throw thrown;
    });
    return this.#swept;
  }

  async #removeLeftBehind(): Promise<void> {
    for (const path of await this.#place.leftBehind()) {
      await new ProgramProcesses(this.#place, this.#python, path, this.#settings.limits.graceMs).end();
      await this.#place.remove(basename(path));
    }
  }

  /** The first that the server may know: the book's own language, else the fallback. */
  #languageFor({ member, metadata }: Book): string {
    const { fallbackLanguage } = this.#options;
    const own = metadata.language === null ? null : normalizeLanguage(metadata.language);
    const language = [own, fallbackLanguage].find(code => code !== null && !this.#unknownLanguages.has(code));
    if (language !== undefined && language !== null) return language;
    const why =
      own === null ? 'it does not say its language' : `MyBookshelf2 does not know its language “${own}”`;
    const then =
      fallbackLanguage === null
        ? 'Set the fallback language (--language)'
        : `MyBookshelf2 does not know the fallback language “${fallbackLanguage}” (--language) either. Set another one`;
    throw new TarshelfError('UPLOAD_FAILED', `${member} was not uploaded: ${why}. ${then}, and retry.`);
  }
}

/** Twice as long each time, and not at the same moment for all: half of it up to half more. */
function waitMs(attempt: number, random: number): number {
  return firstWaitMs * 2 ** (attempt - 1) * (0.5 + random);
}

function failure({ member }: Book, reason: string): TarshelfError {
  return new TarshelfError('UPLOAD_FAILED', `${member} was not uploaded: ${reason}.`);
}

/** Addresses in the program's messages bear tokens, and a usage error may repeat what was given. */
function withoutSecrets(text: string, password: string): string {
  const withoutToken = text.replace(/\btoken=[^\s'"&)]+/g, 'token=…');
  return password === '' ? withoutToken : withoutToken.replaceAll(password, '…');
}
