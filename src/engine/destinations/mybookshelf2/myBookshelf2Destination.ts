import * as v from 'valibot';
import type { BookFormat } from '../../../protocol/bookFormat.ts';
import { keyText, type BookKey } from '../../../protocol/bookKey.ts';
import { oneLine, systemCode, TarshelfError } from '../../../protocol/errors.ts';
import type { DestinationOptions } from '../../../protocol/ingestOptions.ts';
import type { Secrets } from '../../../protocol/secrets.ts';
import { sentence } from '../../../protocol/sentences.ts';
import {
  DestinationUnusable,
  type Book,
  type Destination,
  type DestinationListener,
  type KnownKey,
} from '../destination.ts';
import { longestDelayMs, PassingFailure, retrying, usualTiming, type RetryTiming } from '../retry.ts';
import { shownAddress } from './addresses.ts';
import { findEbook } from './findEbook.ts';
import { HttpClient } from './httpClient.ts';
import { Login } from './login.ts';
import { proposedMetadata } from './proposedMetadata.ts';
import { rehearsalBook } from './rehearsalBook.ts';
import { alreadyThere, largestCheck, Missing, ShelfApi, type Upload } from './shelfApi.ts';
import { TaskFailed, TaskLost, TaskSocket, type TaskTimes } from './taskSocket.ts';
import { Turns } from './turns.ts';

type Options = Extract<DestinationOptions, { kind: 'mybookshelf2' }>;
type Outcome = 'uploaded' | 'already_exists';

export interface MyBookshelf2Settings {
  /** No further attempt is begun after it; what is under way is finished. */
  readonly stop?: AbortSignal;
  readonly timing?: RetryTiming;
  readonly listener?: DestinationListener;
  readonly taskTimes?: Partial<TaskTimes>;
  /** Reads all keys, where the server's database can be asked. */
  readonly sourceTable?: Pick<Destination, 'readKeys'> | null;
}

/** A whole way of a book that fails only in ways that can pass is gone so often, by what such a failure is one of. */
const rounds = { book: 2, destination: 3 };
/** Between two rounds, where it looked as if the destination were away. */
const betweenRoundsMs = 10_000;

/** What has been reached of a book's way, so that a next attempt need not do it again. */
interface Way {
  readonly book: Book;
  /** The server has said that it lacks the book, and nothing was sent since that could have changed that. */
  surelyNew: boolean;
  file: string | null;
  upload: Upload | null;
}

/**
 * A MyBookshelf2 server, by its REST interface and its WebSocket.
 *
 *   check ─▶ upload ─▶ metadata (task) ─▶ its result ─▶ find the book, or make it ─▶ add the upload to it
 *     └▶ there already   └▶ there already                                              └▶ there already
 *
 * Nothing of it is one transaction. Where an answer is lost, the server is asked for the key before anything is
 * sent that would make a second book; up to there everything may be sent twice, and what lies about unused the
 * server removes itself.
 */
export class MyBookshelf2Destination implements Destination {
  readonly id: string;
  readonly #address: string;
  readonly #fallbackLanguage: string | null;
  readonly #api: ShelfApi;
  readonly #http: HttpClient;
  readonly #login: Login;
  readonly #tasks: TaskSocket;
  readonly #sourceTable: Pick<Destination, 'readKeys'> | null;
  readonly #timing: RetryTiming;
  readonly #listener: DestinationListener;
  readonly #closed = new AbortController();
  /** Ends the waiting between attempts. */
  readonly #stop: AbortSignal;
  readonly #turns = new Turns();
  /** Keys that the server has just said it lacks. */
  readonly #surelyNew = new Set<string>();
  /** Keys that we have asked it to file, and do not know whether it has. */
  readonly #filing = new Set<string>();
  readonly #unknownLanguages = new Set<string>();
  #canCheckBatches = true;
  /** The last rehearsal failed: another one is tried before any book. */
  #takesNone = false;

  constructor(options: Options, { password }: Secrets, settings: MyBookshelf2Settings = {}) {
    const address = new URL(options.apiUrl);
    this.#address = shownAddress(address).replace(/\/$/, '');
    this.id = `mybookshelf2:${this.#address}`;
    this.#fallbackLanguage = options.fallbackLanguage;
    this.#http = new HttpClient(address);
    const account = { userName: options.userName, password };
    this.#login = new Login(this.#http, account, this.#address, this.#closed.signal);
    this.#api = new ShelfApi(this.#http, this.#login, this.#address);
    this.#tasks = new TaskSocket(new URL(options.webSocketUrl), this.#login, settings.taskTimes);
    this.#sourceTable = settings.sourceTable ?? null;
    this.#timing = settings.timing ?? usualTiming;
    this.#listener = settings.listener ?? {};
    this.#stop = settings.stop ? AbortSignal.any([settings.stop, this.#closed.signal]) : this.#closed.signal;
  }

  /**
   * Logs in, makes the WebSocket, and asks for a book, so that what is wrong is known before any book is under way.
   *
   * @throws DestinationUnusable
   */
  async check(signal: AbortSignal = this.#closed.signal): Promise<void> {
    await this.#insist(async () => {
      await this.#login.token();
      await this.#api.probe(signal);
      await this.#tasks.connect();
    });
  }

  async known(
    books: readonly { readonly key: BookKey; readonly format: BookFormat }[],
    signal: AbortSignal = this.#closed.signal,
  ): Promise<boolean[]> {
    const known: boolean[] = [];
    for (let from = 0; from < books.length; from += largestCheck) {
      const some = books.slice(from, from + largestCheck);
      const answer = this.#canCheckBatches ? await this.#insist(() => this.#api.hasEach(some, signal)) : null;
      // Then each is asked for on its way.
      if (answer === null) this.#canCheckBatches = false;
      else
        for (const [i, { key }] of some.entries()) if (answer[i] === false) this.#surelyNew.add(keyText(key));
      known.push(...(answer ?? some.map(() => false)));
    }
    return known;
  }

  async readKeys(
    onKey: (key: KnownKey) => void,
    since: string | null,
    signal?: AbortSignal,
  ): Promise<string | null> {
    return (await this.#sourceTable?.readKeys(onKey, since, signal)) ?? null;
  }

  async store(book: Book, signal: AbortSignal = this.#closed.signal): Promise<Outcome> {
    if (book.key.sizeBytes === 0) {
      throw new TarshelfError('DECLINED', sentence('bookEmpty', book.member));
    }
    const text = keyText(book.key);
    const way: Way = { book, surelyNew: this.#surelyNew.delete(text), file: null, upload: null };
    const found = await this.#insist(async () => {
      if (this.#takesNone) await this.#rehearse(signal);
      for (let round = 1; ; round++) {
        try {
          return await this.#goOn(way, signal);
        } catch (thrown) {
          if (!(thrown instanceof PassingFailure) || this.#stop.aborted) throw thrown;
          await this.#betweenRounds(thrown, book, round, signal);
        }
      }
    }, book);
    const wasOurs = this.#filing.delete(text);
    return found === 'added' || wasOurs ? 'uploaded' : 'already_exists';
  }

  close(): void {
    this.#closed.abort();
    this.#tasks.close();
    this.#http.close();
  }

  /**
   * Finds out whether it was the book's failure or the destination's: who is away for one book is away for all. A book that
   * breaks its connection each time, or whose metadata never come, is not to be waited for without end.
   *
   * @throws what failed, where it is not to be tried again
   */
  async #betweenRounds(
    failure: PassingFailure,
    book: Book,
    round: number,
    signal: AbortSignal,
  ): Promise<void> {
    const isAway = failure.of === 'destination';
    if (isAway && failure.retryAfterMs > longestDelayMs) throw failure;
    const look = (): Promise<void> =>
      this.#blamingDestination(async () => {
        await this.#api.probe(signal);
        await this.#tasks.connect();
      });
    await (isAway ? look() : this.#retrying(look));
    if (round >= rounds[failure.of]) {
      await this.#rehearse(signal);
      if (!isAway) throw failure;
      throw new TarshelfError('UPLOAD_FAILED', sentence('bookBreaksOff', book.member, shortReason(failure)), {
        cause: failure,
      });
    }
    if (!isAway) return;
    this.#listener.onRetry?.();
    try {
      await this.#timing.sleep(betweenRoundsMs, this.#stop);
    } catch {
      throw failure;
    }
  }

  /**
   * Whether it takes a book at all: a small file of ours goes as far as a book does before it is filed. The server
   * removes it, as it does what lies about unused.
   *
   * @throws PassingFailure of the destination, if it does not
   */
  async #rehearse(signal: AbortSignal): Promise<void> {
    this.#takesNone = true;
    await this.#retrying(() =>
      this.#blamingDestination(async () => {
        try {
          const file = await this.#api.upload(rehearsalBook, signal);
          if (file === alreadyThere) return;
          await this.#tasks.call('metadata', [file, proposedMetadata(rehearsalBook.metadata, null)], signal);
        } catch (thrown) {
          // A refusal of this file is an answer.
          if (!(thrown instanceof TarshelfError)) throw thrown;
        }
      }),
    );
    this.#takesNone = false;
  }

  /** What fails here in a way that can pass is no book's failure. */
  async #blamingDestination(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (thrown) {
      const ofTasks = thrown instanceof TaskFailed || thrown instanceof TaskLost;
      if (!ofTasks && !(thrown instanceof PassingFailure)) throw thrown;
      throw new PassingFailure(
        'destination',
        ofTasks
          ? `MyBookshelf2 reads the metadata of no book (${oneLine(thrown)}). See the log of its backend.`
          : thrown.message,
        { cause: thrown, retryAfterMs: ofTasks ? 0 : thrown.retryAfterMs },
      );
    }
  }

  /** The book's way from where it stands to its end. */
  async #goOn(way: Way, signal: AbortSignal): Promise<'added' | typeof alreadyThere> {
    const { book } = way;
    if (!way.surelyNew && (await this.#retrying(() => this.#api.has(book, signal)))) return alreadyThere;
    way.surelyNew = true;
    if (way.file === null) {
      const file = await this.#retrying(async () => {
        // Also for the token's sake: a large body that is refused breaks the connection, which tells nothing.
        if (!way.surelyNew && (await this.#api.has(book, signal))) return alreadyThere;
        way.surelyNew = false;
        return await this.#api.upload(book, signal);
      });
      if (file === alreadyThere) return file;
      way.file = file;
    }
    try {
      way.upload ??= await this.#describe(book, way.file, signal);
      return await this.#file(book, way.upload, signal);
    } catch (thrown) {
      way.surelyNew = false;
      if (thrown instanceof TaskLost) {
        throw new PassingFailure('destination', thrown.message, { cause: thrown });
      }
      if (thrown instanceof Missing || thrown instanceof TaskFailed) {
        // A restart or a clean-up may have taken the file.
        way.file = null;
        way.upload = null;
        throw new PassingFailure(
          'book',
          thrown instanceof TaskFailed ? thrown.message : 'it was gone again',
          {
            cause: thrown,
          },
        );
      }
      throw thrown;
    }
  }

  /** Has the server take in the metadata of an uploaded file, in a language that it knows. */
  async #describe(book: Book, file: string, signal: AbortSignal): Promise<Upload> {
    const stated = book.metadata.language ?? this.#fallbackLanguage;
    const first = stated !== null && this.#unknownLanguages.has(stated) ? this.#fallbackLanguage : stated;
    if (first !== null || stated === null) {
      const upload = await this.#metadata(book, file, first, signal);
      if (upload.meta.language?.id !== undefined) return upload;
      if (first !== null) this.#unknownLanguages.add(first);
    }
    const fallback = this.#fallbackLanguage;
    if (fallback !== null && first !== fallback && !this.#unknownLanguages.has(fallback)) {
      const upload = await this.#metadata(book, file, fallback, signal);
      if (upload.meta.language?.id !== undefined) return upload;
      this.#unknownLanguages.add(fallback);
    }
    const remedy =
      fallback === null ? sentence('setFallbackLanguage') : sentence('setOtherFallbackLanguage', fallback);
    throw new TarshelfError(
      'UPLOAD_FAILED',
      stated === null
        ? sentence('bookWithoutLanguage', book.member, remedy)
        : sentence('bookOfOtherLanguage', book.member, stated, remedy),
    );
  }

  async #metadata(book: Book, file: string, language: string | null, signal: AbortSignal): Promise<Upload> {
    const args = [file, proposedMetadata(book.metadata, language)];
    const id = await this.#taskResult(args, signal);
    return await this.#retrying(() => this.#api.uploadMeta(id, signal));
  }

  /** @throws TaskFailed, TaskLost, DestinationUnusable */
  async #taskResult(args: readonly unknown[], signal: AbortSignal): Promise<number> {
    try {
      return await this.#retrying(async () => {
        const result = await this.#tasks.call('metadata', args, signal);
        if (!v.is(v.number(), result)) throw new TaskFailed('its task “metadata” gave no number');
        return result;
      });
    } catch (thrown) {
      if (!(thrown instanceof PassingFailure)) throw thrown;
      // One connection carries the tasks of all books: that it breaks is put down to none of them.
      throw unusable(thrown);
    }
  }

  /** Makes the upload a file of the book that it belongs to. */
  async #file(book: Book, upload: Upload, signal: AbortSignal): Promise<'added' | typeof alreadyThere> {
    const { meta } = upload;
    return await this.#turns.take(meta.title ?? '', async () => {
      const ebook = await this.#retrying(
        async () =>
          // Asked anew each time: an answer that was lost may have been that it was made.
          (await findEbook(this.#api, meta, signal)) ??
          (await this.#api.createEbook({ ...meta, genres: [] }, book.member, signal)),
      );
      let asked = false;
      return await this.#retrying(async () => {
        if (asked && (await this.#api.has(book, signal))) return alreadyThere;
        asked = true;
        this.#filing.add(keyText(book.key));
        return await this.#api.addUpload(ebook, upload.id, book.member, signal);
      });
    });
  }

  #retrying<T>(attempt: () => Promise<T>): Promise<T> {
    return retrying(attempt, this.#stop, this.#timing, () => this.#listener.onRetry?.());
  }

  /** Makes of what did not pass what the callers of a destination know. */
  async #insist<T>(work: () => Promise<T>, book?: Book): Promise<T> {
    try {
      return await (book ? work() : this.#retrying(work));
    } catch (thrown) {
      if (!(thrown instanceof PassingFailure)) throw thrown;
      // After a stop nothing was tried again: that is no outcome of the book.
      if (thrown.of === 'destination' || !book || this.#stop.aborted) {
        throw unusable(thrown);
      }
      throw new TarshelfError(
        'UPLOAD_FAILED',
        sentence('bookNotTaken', book.member, `${thrown.message.replace(/\.?$/, '.')}${pathHint(book)}`),
        { cause: thrown },
      );
    }
  }
}

function unusable(failure: PassingFailure): DestinationUnusable {
  return new DestinationUnusable(failure.message, {
    cause: failure,
    ...(failure.retryAfterMs > longestDelayMs ? { retryAfterMs: failure.retryAfterMs } : {}),
  });
}

/** What broke, without what is otherwise to be done about it. */
function shortReason({ cause, message }: PassingFailure): string {
  if (cause === undefined) return message.replace(/\.$/, '');
  return systemCode(cause) ?? oneLine(cause);
}

/**
 * The server makes paths of authors and titles, with a blank for each letter that is not ASCII: books whose
 * author and title are of equal length share one, and the 62nd of them never finds room.
 */
function pathHint({ metadata: { title, authors } }: Book): string {
  const isForeign = !/^[\p{ASCII}\p{Script=Latin}]*$/u.test(
    [title, ...authors.map(({ name }) => name)].join(''),
  );
  return isForeign
    ? ' If this stays so: it cannot keep more than 61 books of the same length of title and author in letters other than Latin.'
    : '';
}
