import { Worker } from 'node:worker_threads';
import type { BookFormat } from '../../protocol/bookFormat.ts';
import { bookMetadataFromName, type BookMetadata } from '../books/metadata/bookMetadata.ts';
import { nameUsed } from '../books/metadata/completeMetadata.ts';
import type { BookBytes } from '../books/metadata/readBook.ts';
import type { BookForReader } from '../books/metadata/readerThread.ts';

export interface MetadataThreadOptions {
  /** A book that takes longer goes by its name. */
  readonly timeoutMs?: number;
  /** So much may live in the thread beside the book itself. */
  readonly heapMb?: number;
}

/**
 * Reads metadata in a thread of its own, one book after another: whatever is in a book, it costs two seconds and
 * a bounded heap at most, and the worker goes on. See ADR 8.
 *
 *   idle ──read──▶ busy ──answer──▶ idle
 *                   └──time, heap, crash──▶ gone ──next read──▶ busy, in a new thread
 */
export class MetadataThread {
  readonly #entry: string;
  readonly #timeoutMs: number;
  readonly #heapMb: number;
  #thread: Worker | null = null;
  /** Books are read in the order in which they come, so that the time is one book's. */
  #last: Promise<unknown> = Promise.resolve();
  #isClosed = false;

  /** @param entry absolute path of what runs in the thread */
  constructor(entry: string, { timeoutMs = 2000, heapMb = 96 }: MetadataThreadOptions = {}) {
    this.#entry = entry;
    this.#timeoutMs = timeoutMs;
    this.#heapMb = heapMb;
  }

  /** What a book calls itself. Never rejects: where it cannot be read, its name is what there is. */
  read(format: BookFormat, body: BookBytes, memberName: string): Promise<BookMetadata> {
    const reading = this.#last.then(() => this.#read({ format, body, memberName }));
    this.#last = reading;
    return reading;
  }

  /** Ends the thread. Books that wait go by their names. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#end();
  }

  async #read(book: BookForReader): Promise<BookMetadata> {
    if (this.#isClosed) return bookMetadataFromName(book.memberName);
    const answer = await this.#ask(book);
    if (typeof answer !== 'string') return answer;
    await this.#end();
    return { ...bookMetadataFromName(book.memberName), warning: nameUsed(answer) };
  }

  /** The answer, or why there is none. */
  #ask(book: BookForReader): Promise<BookMetadata | string> {
    const thread = (this.#thread ??= this.#start());
    return new Promise(resolve => {
      const timer = setTimeout(() => {
        end(`reading it took more than ${String(this.#timeoutMs / 1000)} seconds`);
      }, this.#timeoutMs);
      const onMessage = (metadata: BookMetadata): void => {
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
      const end = (outcome: BookMetadata | string): void => {
        clearTimeout(timer);
        thread.off('message', onMessage).off('error', onError).off('exit', onExit);
        thread.unref();
        resolve(outcome);
      };
      thread.once('message', onMessage).once('error', onError).once('exit', onExit);
      thread.ref();
      thread.postMessage(book);
    });
  }

  #start(): Worker {
    const thread = new Worker(this.#entry, {
      resourceLimits: { maxOldGenerationSizeMb: this.#heapMb, maxYoungGenerationSizeMb: 16 },
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
