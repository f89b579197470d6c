import { Worker } from 'node:worker_threads';
import type { FilePlace } from '../archive/archive.ts';
import { headLength } from '../archive/headLength.ts';

/** What a thread is given when it begins. */
export interface BodyThreadData {
  /** So many of the first bytes of what is digested are wanted. */
  readonly headBytes: number;
  /** Not zero once whatever is under way is to be left off. */
  readonly abandoned: Int32Array<SharedArrayBuffer>;
}

/** What goes into the thread. */
export type BodyRequest =
  | { readonly id: number; readonly kind: 'digest'; readonly places: readonly FilePlace[] }
  | {
      readonly id: number;
      readonly kind: 'copy';
      readonly place: FilePlace;
      /** Of the file that is written. One that is there is overwritten. */
      readonly path: string;
      readonly sha1: string;
    };

/** What comes out of it: once with the result, and before that any number of times without. */
export interface BodyAnswer {
  readonly id: number;
  /** Read since the last answer. */
  readonly bytes: number;
  readonly result: readonly DigestedPlace[] | CopiedPlace | null;
}

/** What the system says of something that failed. */
export interface SystemFailure {
  readonly message: string;
  readonly code: string | undefined;
}

/** As it was thrown in the thread, where its code stays behind. */
export function systemError({ message, code }: SystemFailure): Error {
  return Object.assign(new Error(message), code === undefined ? {} : { code });
}

/** What a place holds, or how long it is where it ends too early. */
export type DigestedPlace =
  | { readonly sha1: string; readonly head: Uint8Array }
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
  readonly resolve: (result: readonly DigestedPlace[] | CopiedPlace) => void;
  readonly reject: (thrown: Error) => void;
}

/**
 * Reads bodies beside the event loop, to digest or to copy them, one after another: what it waits for holds up nothing else,
 * and with a core to spare the books before are gone on with meanwhile. What it is given lies in open files, which stay open
 * until it has answered.
 */
export class BodyThread {
  readonly #entry: string;
  readonly #onFailure: (why: string) => void;
  readonly #abandoned = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  #thread: Worker | null = null;
  readonly #asked = new Map<number, Asked>();
  #lastId = 0;
  #isClosed = false;

  /**
   * @param entry absolute path of what runs in the thread
   * @param onFailure told why a thread has ended over what it was asked
   * @param abandon aborted when copies that are under way are to be left off
   */
  constructor(entry: string, onFailure: (why: string) => void, abandon?: AbortSignal) {
    this.#entry = entry;
    this.#onFailure = onFailure;
    abandon?.addEventListener('abort', () => Atomics.store(this.#abandoned, 0, 1), { once: true });
  }

  /**
   * @param places in the order in which they are to be read
   * @param onRead told of bytes as they are read
   * @returns what each place holds
   * @throws Error where the thread ends over it; the next one who asks begins a new one
   */
  async digest(
    places: readonly FilePlace[],
    onRead: (bytes: number) => void,
  ): Promise<readonly DigestedPlace[]> {
    return (await this.#ask(id => ({ id, kind: 'digest', places }), onRead)) as readonly DigestedPlace[];
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

  /** Begins the thread, which takes its time, before it is needed. */
  begin(): void {
    this.#thread ??= this.#start();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#thread?.terminate();
  }

  #ask(
    request: (id: number) => BodyRequest,
    onRead: (bytes: number) => void,
  ): Promise<readonly DigestedPlace[] | CopiedPlace> {
    const thread = (this.#thread ??= this.#start());
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      this.#asked.set(id, { onRead, resolve, reject });
      thread.ref();
      thread.postMessage(request(id));
    });
  }

  #start(): Worker {
    const workerData: BodyThreadData = { headBytes: headLength, abandoned: this.#abandoned };
    const thread = new Worker(this.#entry, {
      workerData,
      // It holds one piece of a body, and nothing else.
      resourceLimits: { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 4 },
      // The files that it opens are closed by others.
      trackUnmanagedFds: false,
      stdout: true,
      stderr: true,
    });
    let why = 'it has ended by itself';
    thread.on('message', ({ id, bytes, result }: BodyAnswer) => {
      const asked = this.#asked.get(id);
      asked?.onRead(bytes);
      if (!asked || !result) return;
      this.#asked.delete(id);
      if (this.#asked.size === 0) thread.unref();
      asked.resolve(result);
    });
    thread.on('error', thrown => {
      why = thrown.message;
    });
    thread.once('exit', () => {
      this.#thread = null;
      const asked = [...this.#asked.values()];
      this.#asked.clear();
      if (asked.length === 0 || this.#isClosed) why = 'it was closed';
      else this.#onFailure(why);
      for (const { reject } of asked) reject(new Error(`The thread that reads books has failed: ${why}.`));
    });
    thread.unref();
    return thread;
  }
}
