import { Worker } from 'node:worker_threads';
import type { BookFormat } from '../../protocol/bookFormat.ts';
import { bookMetadataFromName, type BookMetadata } from '../books/metadata/bookMetadata.ts';
import { nameUsed } from '../books/metadata/completeMetadata.ts';
import type { BookBody } from '../books/metadata/readMetadata.ts';
import type { BookForReader, ReaderThreadData } from './metadataThreadEntry.ts';

export interface MetadataThreadOptions {
  /** A book that takes longer goes by its name. */
  readonly timeoutMs?: number;
  /** So much may live in the thread beside the books themselves. */
  readonly heapMb?: number;
}

/** What is made while one book is read is garbage with the next, so more room for it would only be touched and never needed. */
const youngMb = 4;

/** Most of what a message costs it costs once, whatever is in it. */
const largestGroup = 32;

/** For the bodies of a group that are in memory. */
const smallestTray = 128 * 1024;
const largestTray = 8 * 1024 * 1024;

interface AskedBook {
  readonly format: BookFormat;
  readonly body: BookBody;
  readonly memberName: string;
  readonly answer: (metadata: BookMetadata) => void;
}

/**
 * Reads metadata in a thread of its own, one book after another: whatever is in a book, it costs some seconds and
 * a bounded heap at most, and the worker goes on. See ADR 8.
 *
 *   idle ──read──▶ busy ──answer──▶ idle
 *                   └──time, heap, crash──▶ gone ──next read──▶ busy, in a new thread
 *
 * Books that wait go there together. Where a group fails, each book of it is read once more by itself: so that it is
 * the one at fault that goes by its name, and the time is that one's.
 */
export class MetadataThread {
  readonly #entry: string;
  readonly #timeoutMs: number;
  readonly #heapMb: number;
  #thread: Worker | null = null;
  readonly #waiting: AskedBook[] = [];
  #isReading = false;
  #tray: Buffer = Buffer.alloc(0);
  #isClosed = false;
  /** Not zero while the thread waits for bytes of a file. */
  readonly #isAtDisk = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));

  /** @param entry absolute path of what runs in the thread */
  constructor(entry: string, { timeoutMs = 2000, heapMb = 96 }: MetadataThreadOptions = {}) {
    this.#entry = entry;
    this.#timeoutMs = timeoutMs;
    this.#heapMb = heapMb;
  }

  /** What a book calls itself. Never rejects: where it cannot be read, its name is what there is. */
  read(format: BookFormat, body: BookBody, memberName: string): Promise<BookMetadata> {
    return new Promise(resolve => {
      this.#waiting.push({ format, body, memberName, answer: resolve });
      if (!this.#isReading) void this.#readWaiting();
    });
  }

  /** Ends the thread. Books that wait go by their names. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#end();
  }

  async #readWaiting(): Promise<void> {
    this.#isReading = true;
    // Who asks for several asks at once, and they are to go together.
    await Promise.resolve();
    while (this.#waiting.length > 0) {
      const group = this.#waiting.splice(0, largestGroup);
      if (await this.#read(group)) continue;
      for (const book of group) await this.#read([book]);
    }
    this.#isReading = false;
  }

  /** @returns whether each book has its answer; one by itself always has */
  async #read(group: readonly AskedBook[]): Promise<boolean> {
    const outcome = this.#isClosed ? null : await this.#ask(group);
    if (Array.isArray(outcome)) {
      outcome.forEach((metadata, index) => group[index]?.answer(metadata));
      return true;
    }
    if (outcome !== null) await this.#end();
    const [first] = group;
    if (!first || group.length > 1) return false;
    const byName = bookMetadataFromName(first.memberName);
    first.answer(outcome === null ? byName : { ...byName, warning: nameUsed(outcome) });
    return true;
  }

  /** The answers, or why there are none. */
  #ask(group: readonly AskedBook[]): Promise<BookMetadata[] | string> {
    const thread = (this.#thread ??= this.#start());
    return new Promise(resolve => {
      const timer = setTimeout(() => {
        // A book is not to blame for a slow disk.
        if (Atomics.load(this.#isAtDisk, 0) === 0)
          end(`reading it took more than ${String(this.#timeoutMs / 1000)} seconds`);
        else timer.refresh();
      }, this.#timeoutMs);
      const onMessage = (metadata: BookMetadata[]): void => {
        end(metadata);
      };
      const onError = (thrown: Error): void => {
        const tooMuch = 'code' in thrown && thrown.code === 'ERR_WORKER_OUT_OF_MEMORY';
        end(
          tooMuch
            ? 'reading it took too much memory'
            : `it is damaged (${thrown.message.split('\n', 1)[0] ?? ''})`,
        );
      };
      const onExit = (): void => {
        end('its reader ended');
      };
      const end = (outcome: BookMetadata[] | string): void => {
        clearTimeout(timer);
        thread.off('message', onMessage).off('error', onError).off('exit', onExit);
        thread.unref();
        resolve(outcome);
      };
      thread.once('message', onMessage).once('error', onError).once('exit', onExit);
      thread.ref();
      const handedOver: ArrayBuffer[] = [];
      thread.postMessage(this.#packed(group, handedOver), handedOver);
    });
  }

  /**
   * Books as they go to the thread, which reads those that lie in a file by itself. Those in memory are copied: a message would copy
   * them too, and with each all of the memory that it is a piece of.
   *
   * @param handedOver gets the memory that is the thread's own by then
   */
  #packed(group: readonly AskedBook[], handedOver: ArrayBuffer[]): BookForReader[] {
    const inMemory = group.map(({ body }) => ('buffer' in body ? body.length : 0));
    const tray = this.#trayOf(inMemory.reduce((sum, length) => sum + length, 0));
    let used = 0;
    return group.map(({ format, body, memberName }) => {
      if (!('buffer' in body)) return { format, body, memberName };
      if (used + body.length <= tray.length) {
        const inTray = tray.subarray(used, used + body.length);
        inTray.set(body);
        used += body.length;
        return { format, body: inTray, memberName };
      }
      const copy = new Uint8Array(body);
      handedOver.push(copy.buffer);
      return { format, body: copy, memberName };
    });
  }

  /** Used again for group after group: new memory costs more than what is copied there. */
  #trayOf(bytes: number): Buffer {
    const wanted = Math.min(bytes, largestTray);
    if (wanted > this.#tray.length)
      this.#tray = Buffer.from(new SharedArrayBuffer(Math.max(wanted, smallestTray)));
    return this.#tray;
  }

  #start(): Worker {
    Atomics.store(this.#isAtDisk, 0, 0);
    const thread = new Worker(this.#entry, {
      workerData: { isAtDisk: this.#isAtDisk } satisfies ReaderThreadData,
      resourceLimits: { maxOldGenerationSizeMb: this.#heapMb, maxYoungGenerationSizeMb: youngMb },
      // Nothing that the thread might write is for anybody.
      stdout: true,
      stderr: true,
    });
    // Between two books nobody listens, and an error then must not end the worker: the next read starts anew.
    thread.on('error', () => undefined);
    thread.once('exit', () => {
      if (this.#thread === thread) this.#thread = null;
    });
    thread.unref();
    return thread;
  }

  async #end(): Promise<void> {
    const thread = this.#thread;
    this.#thread = null;
    await thread?.terminate();
  }
}
