import { Worker } from 'node:worker_threads';
import type { FilePlace } from '../archive/archive.ts';
import { headLength } from '../books/contentType.ts';

/** What goes into the thread. */
export interface PlacesToDigest {
  readonly id: number;
  readonly places: readonly FilePlace[];
  /** So many of the first bytes of each are wanted. */
  readonly headBytes: number;
}

/** What comes out of it: once with what was digested, and before that any number of times without. */
export interface DigestAnswer {
  readonly id: number;
  /** Read since the last answer. */
  readonly bytes: number;
  readonly digested: readonly DigestedPlace[] | null;
}

/** What a place holds; how long it is where it ends too early; or what the system says of it. */
export type DigestedPlace =
  | { readonly sha1: string; readonly head: Uint8Array }
  | { readonly endsAt: number }
  | { readonly error: { readonly message: string; readonly code: string | undefined } };

interface Asked {
  readonly onRead: (bytes: number) => void;
  readonly resolve: (digested: readonly DigestedPlace[]) => void;
  readonly reject: (thrown: Error) => void;
}

/**
 * Reads and digests bodies beside the event loop: it waits for no disk, and with a core to spare it goes on with the
 * books before while the next ones are read. What it is given lies in open files, which stay open until it has answered.
 */
export class DigestThread {
  readonly #entry: string;
  #thread: Worker | null = null;
  readonly #asked = new Map<number, Asked>();
  #lastId = 0;

  /** @param entry absolute path of what runs in the thread */
  constructor(entry: string) {
    this.#entry = entry;
  }

  /**
   * @param places in the order in which they are to be read
   * @param onRead told of bytes as they are read
   * @returns what each place holds
   * @throws Error where the thread ends over it; the next one who asks begins a new one
   */
  digest(places: readonly FilePlace[], onRead: (bytes: number) => void): Promise<readonly DigestedPlace[]> {
    const thread = (this.#thread ??= this.#start());
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      this.#asked.set(id, { onRead, resolve, reject });
      thread.ref();
      thread.postMessage({ id, places, headBytes: headLength } satisfies PlacesToDigest);
    });
  }

  async close(): Promise<void> {
    await this.#thread?.terminate();
  }

  #start(): Worker {
    const thread = new Worker(this.#entry, {
      // It holds one piece of a body, and nothing else.
      resourceLimits: { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 4 },
      stdout: true,
      stderr: true,
    });
    let why = 'it ended';
    thread.on('message', ({ id, bytes, digested }: DigestAnswer) => {
      const asked = this.#asked.get(id);
      asked?.onRead(bytes);
      if (!asked || !digested) return;
      this.#asked.delete(id);
      if (this.#asked.size === 0) thread.unref();
      asked.resolve(digested);
    });
    thread.on('error', thrown => {
      why = thrown.message;
    });
    thread.once('exit', () => {
      this.#thread = null;
      const asked = [...this.#asked.values()];
      this.#asked.clear();
      for (const { reject } of asked) reject(new Error(`The thread that reads books has failed: ${why}.`));
    });
    thread.unref();
    return thread;
  }
}
