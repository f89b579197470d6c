import type { FilePlace } from '../archive/archive.ts';
import type { HeaderChain, HeadersAt } from '../archive/headersAhead.ts';
import type { BookDescription, BookToDescribe } from './describeBook.ts';
import { sharedWords, type ThreadData } from './sharedWords.ts';
import { Thread, type ThreadFault } from './thread.ts';

/** What a thread is given when it begins. */
export interface BodyThreadData extends ThreadData {
  /** Whether it is going to be asked what books say of themselves. */
  readonly describes: boolean;
}

/** What goes into the thread. */
export type BodyRequest =
  | {
      readonly id: number;
      readonly kind: 'digest';
      readonly places: readonly FilePlace[];
      /** What lies at each place, where that is to be described. */
      readonly books: readonly BookToDescribe[] | null;
    }
  | ({ readonly id: number; readonly kind: 'headers' } & HeadersAt)
  | {
      readonly id: number;
      readonly kind: 'copy';
      readonly place: FilePlace;
      /** Of the file that is written. One that is there is overwritten. */
      readonly path: string;
      readonly sha1: string;
    };

/** What comes out of it: once with the result or a failure, and before that any number of times with neither. */
export interface BodyAnswer {
  readonly id: number;
  /** Read since the last answer. */
  readonly bytes: number;
  readonly result: BodyResult | null;
  readonly failure: SystemFailure | null;
  /** How long it took, and how much of that the reading. */
  readonly tookMs: number;
  readonly atDiskMs: number;
}

type BodyResult = readonly DigestedPlace[] | HeaderChain | CopiedPlace;

/** What the system says of something that failed. */
export interface SystemFailure {
  readonly message: string;
  readonly code: string | undefined;
}

/** As it was thrown in the thread, where its code stays behind. */
export function systemError({ message, code }: SystemFailure): Error {
  return Object.assign(new Error(message), code === undefined ? {} : { code });
}

/** What a place holds: with its beginning, or what is told of it where that was asked; or how long it is where it ends too early. */
export type DigestedPlace =
  | { readonly sha1: string; readonly head: Uint8Array }
  | { readonly sha1: string; readonly description: BookDescription }
  | { readonly endsAt: number }
  | { readonly error: SystemFailure };

/** The open file with the whole copy, which whoever asked has to make durable and to close; or why there is none. */
export type CopiedPlace =
  | { readonly descriptor: number }
  | { readonly endsAt: number }
  | { readonly isAnother: true }
  | { readonly error: SystemFailure; readonly isWriting: boolean };

interface Asked {
  readonly onRead: (bytes: number) => void;
  readonly resolve: (result: BodyResult) => void;
  readonly reject: (thrown: Error) => void;
}

export interface BodyThreadOptions {
  /** Aborted when copies that are under way are to be left off. */
  readonly abandon?: AbortSignal;
  /** Whether it is going to be asked what books say of themselves, so that it can get ready for that. */
  readonly describes?: boolean;
  /** A book that takes longer to describe ends the thread. */
  readonly timeoutMs?: number;
}

/** Weight of the last answer in what is known of the disk. */
const newestCounts = 0.1;

/** How often within the time that a book has it is looked whether it is still the same. */
const looksInTime = 4;

/** What a description may need; else a thread holds one piece of a body, and nothing else. */
const heapToDescribeMb = 96;
const heapMb = 16;

/**
 * Reads bodies beside the event loop, to digest, to describe or to copy them, one after another: what it waits for holds up nothing
 * else, and with a core to spare the books before are gone on with meanwhile. What it is given lies in open files, which stay open
 * until it has answered.
 *
 *   idle ──ask──▶ busy ──answer──▶ idle
 *                  └──time, heap, crash──▶ gone ──ask──▶ busy, in a new thread
 */
export class BodyThread {
  readonly #onFailure: (why: string) => void;
  readonly #timeoutMs: number;
  readonly #thread: Thread<BodyRequest, BodyAnswer>;
  readonly #asked = new Map<number, Asked>();
  #lastId = 0;
  #isClosed = false;
  #watch: NodeJS.Timeout | null = null;
  /** The book that was described when it was last looked, and how often that was. */
  #seen = { describing: 0, times: 0 };
  #shareAtDisk = 0;

  /**
   * @param entry absolute path of what runs in the thread
   * @param onFailure told why a thread has ended over what it was asked
   */
  constructor(entry: string, onFailure: (why: string) => void, options: BodyThreadOptions = {}) {
    const describes = options.describes ?? false;
    this.#onFailure = onFailure;
    this.#timeoutMs = options.timeoutMs ?? 2000;
    this.#thread = new Thread(entry, {
      data: { describes } satisfies Omit<BodyThreadData, keyof ThreadData>,
      heapMb: describes ? heapToDescribeMb : heapMb,
      onAnswer: answer => {
        this.#hear(answer);
      },
      onEnd: fault => {
        this.#ended(fault);
      },
    });
    const { shared } = this.#thread;
    options.abandon?.addEventListener('abort', () => Atomics.store(shared, sharedWords.abandoned, 1), {
      once: true,
    });
  }

  /**
   * @param places in the order in which they are to be read
   * @param books what lies there, each at its place, where that is to be described; null where it is not
   * @param onRead told of bytes as they are read
   * @returns what each place holds
   * @throws Error where the thread ends over it; the next one who asks begins a new one
   */
  async digest(
    places: readonly FilePlace[],
    books: readonly BookToDescribe[] | null,
    onRead: (bytes: number) => void,
  ): Promise<readonly DigestedPlace[]> {
    const asked = this.#ask(id => ({ id, kind: 'digest', places, books }), onRead);
    if (books) this.#watchOver();
    return (await asked) as readonly DigestedPlace[];
  }

  /**
   * Reads headers of a tar.
   *
   * @throws Error where the thread ends over it
   */
  async headers(at: HeadersAt): Promise<HeaderChain> {
    return (await this.#ask(
      id => ({ id, kind: 'headers', ...at }),
      () => undefined,
    )) as HeaderChain;
  }

  /**
   * Copies a place to a file.
   *
   * @param sha1 what the copy must have
   * @param onRead told of bytes as they are copied
   * @throws Error where the thread ends over it
   */
  async copy(
    place: FilePlace,
    path: string,
    sha1: string,
    onRead: (bytes: number) => void,
  ): Promise<CopiedPlace> {
    return (await this.#ask(id => ({ id, kind: 'copy', place, path, sha1 }), onRead)) as CopiedPlace;
  }

  /** What waits for an answer. */
  get asked(): number {
    return this.#asked.size;
  }

  /** Share of its time that the thread waited for the disk of late. */
  get shareAtDisk(): number {
    return this.#shareAtDisk;
  }

  /** Begins the thread, which takes its time, before it is needed. */
  begin(): void {
    this.#thread.begin();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#endWatch();
    await this.#thread.end();
  }

  #ask(request: (id: number) => BodyRequest, onRead: (bytes: number) => void): Promise<BodyResult> {
    if (this.#isClosed) return Promise.reject(new Error('The thread that reads books was closed.'));
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      this.#asked.set(id, { onRead, resolve, reject });
      this.#thread.ask(request(id));
    });
  }

  /**
   * Ends the thread where a book takes too long. It is looked for as long as anything is asked, and not timed by the book: there
   * are hundreds in a second.
   */
  #watchOver(): void {
    if (this.#watch) return;
    const { shared } = this.#thread;
    this.#seen = { describing: 0, times: 0 };
    this.#watch = setInterval(() => {
      const describing = Atomics.load(shared, sharedWords.describing);
      const isAtDisk = Atomics.load(shared, sharedWords.atDisk) !== 0;
      const isSame = describing !== 0 && !isAtDisk && describing === this.#seen.describing;
      this.#seen = { describing: isAtDisk ? 0 : describing, times: isSame ? this.#seen.times + 1 : 0 };
      if (this.#seen.times < looksInTime) return;
      void this.#thread.end(
        `a book took more than ${String(this.#timeoutMs / 1000)} seconds to be described`,
      );
    }, this.#timeoutMs / looksInTime);
    this.#watch.unref();
  }

  #endWatch(): void {
    if (this.#watch) clearInterval(this.#watch);
    this.#watch = null;
  }

  #hear({ id, bytes, result, failure, tookMs, atDiskMs }: BodyAnswer): void {
    if (tookMs > 0) this.#shareAtDisk += (atDiskMs / tookMs - this.#shareAtDisk) * newestCounts;
    const asked = this.#asked.get(id);
    asked?.onRead(bytes);
    if (!asked || (!result && !failure)) return;
    this.#asked.delete(id);
    if (this.#asked.size === 0) {
      this.#thread.rest();
      this.#endWatch();
    }
    if (result) asked.resolve(result);
    else if (failure) asked.reject(systemError(failure));
  }

  #ended(fault: ThreadFault | null): void {
    this.#endWatch();
    const asked = [...this.#asked.values()];
    this.#asked.clear();
    let why = fault?.message ?? 'it has ended by itself';
    if (asked.length === 0 || this.#isClosed) why = 'it was closed';
    else this.#onFailure(why);
    for (const { reject } of asked) reject(new Error(`The thread that reads books has failed: ${why}.`));
  }
}
