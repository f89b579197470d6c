import type { BookFormat } from '../../protocol/bookFormat.ts';
import { bookMetadataFromName, type BookMetadata } from '../books/metadata/bookMetadata.ts';
import { nameUsed } from '../books/metadata/completeMetadata.ts';
import type { BookBody } from '../books/metadata/readMetadata.ts';
import type { BookForReader } from './metadataThreadEntry.ts';
import { sharedWords } from './sharedWords.ts';
import { Thread, type ThreadFault } from './thread.ts';

export interface MetadataThreadOptions {
  /** A book that takes longer goes by its name. */
  readonly timeoutMs?: number;
  /** So much may live in the thread beside the books themselves. */
  readonly heapMb?: number;
}

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
  readonly #timeoutMs: number;
  readonly #thread: Thread<readonly BookForReader[], readonly BookMetadata[]>;
  readonly #waiting: AskedBook[] = [];
  #isReading = false;
  #tray: Buffer = Buffer.alloc(0);
  #isClosed = false;
  /** Ends the wait for the group that is read, with its metadata or with the reason why there are none. */
  #answer: ((outcome: readonly BookMetadata[] | string) => void) | null = null;

  /** @param entry absolute path of what runs in the thread */
  constructor(entry: string, { timeoutMs = 2000, heapMb = 96 }: MetadataThreadOptions = {}) {
    this.#timeoutMs = timeoutMs;
    this.#thread = new Thread(entry, {
      heapMb,
      onAnswer: metadata => {
        this.#answer?.(metadata);
      },
      onEnd: fault => {
        this.#answer?.(whyNotRead(fault));
      },
    });
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
    await this.#thread.end();
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
    if (outcome !== null && typeof outcome !== 'string') {
      outcome.forEach((metadata, index) => group[index]?.answer(metadata));
      return true;
    }
    if (outcome !== null) await this.#thread.end();
    const [first] = group;
    if (!first || group.length > 1) return false;
    const byName = bookMetadataFromName(first.memberName);
    first.answer(outcome === null ? byName : { ...byName, warning: nameUsed(outcome) });
    return true;
  }

  /** The answers, or why there are none. */
  #ask(group: readonly AskedBook[]): Promise<readonly BookMetadata[] | string> {
    return new Promise(resolve => {
      const timer = setTimeout(() => {
        if (Atomics.load(this.#thread.shared, sharedWords.atDisk) === 0)
          this.#answer?.(`reading it took more than ${String(this.#timeoutMs / 1000)} seconds`);
        else timer.refresh();
      }, this.#timeoutMs);
      this.#answer = outcome => {
        this.#answer = null;
        clearTimeout(timer);
        this.#thread.rest();
        resolve(outcome);
      };
      const handedOver: ArrayBuffer[] = [];
      this.#thread.ask(this.#packed(group, handedOver), handedOver);
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
}

function whyNotRead(fault: ThreadFault | null): string {
  if (!fault) return 'its reader ended';
  return fault.isMemory ? fault.message : `it is damaged (${fault.message})`;
}
